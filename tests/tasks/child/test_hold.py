"""Signals that are held: remembered, not obeyed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from registry_cli.tasks.child.relay import ENDING, hold_signals
from tests.tasks.child.runs import surroundings

NUMBERS = sorted(ENDING)


@pytest.mark.parametrize("number", NUMBERS)
def test_the_first_signal_is_remembered(number: signal.Signals) -> None:
    before = [signal.getsignal(each) for each in NUMBERS]
    with hold_signals() as held:
        assert held.came is None
        signal.raise_signal(number)
        signal.raise_signal(signal.SIGTERM)
        assert held.came == number.name
    assert [signal.getsignal(each) for each in NUMBERS] == before
    assert held.came == number.name


def test_handlers_are_put_back_after_an_error() -> None:
    before = [signal.getsignal(each) for each in NUMBERS]
    with pytest.raises(ValueError, match="inside"), hold_signals():
        raise ValueError("inside")
    assert [signal.getsignal(each) for each in NUMBERS] == before


def test_what_was_ignored_is_not_remembered() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with hold_signals() as held:
            signal.raise_signal(signal.SIGHUP)
            assert held.came is None
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


AROUND_A_CHILD = """
import json, os, signal
from pathlib import Path
from registry_cli.tasks.child.relay import hold_signals
from registry_cli.tasks.child.run import run_child

with hold_signals() as held:
    done = run_child(
        ["sh", "-c", "kill -TERM $PPID; while :; do sleep 1; done"],
        cwd=Path.cwd(), env=dict(os.environ), console=len, tick=lambda: None,
    )
    during = held.came
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
print(json.dumps([done.signal, during, held.came, signal.getsignal(signal.SIGTERM) == signal.SIG_DFL]))
"""


def test_around_a_child_whose_signals_are_passed_on(tmp_path: Path) -> None:
    words = [sys.executable, "-c", AROUND_A_CHILD]
    done = subprocess.run(words, cwd=tmp_path, env=surroundings(), stdout=subprocess.PIPE, timeout=30)
    assert json.loads(done.stdout) == ["SIGTERM", None, "SIGINT", True]
