from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.dataclass import replace
from registry_cli.ids import new_ulid
from registry_cli.store import writer_name
from registry_cli.store.writer_name import FIRST_NAMESPACE, Owner, find_owner, get_own, is_alive, new_name, new_names
from tests.owners import end_process, open_process

HAS_PROC = Path("/proc/self/stat").exists()
HERE = Path(__file__).parent
proc_only = pytest.mark.skipif(not HAS_PROC, reason="no /proc")


@pytest.fixture
def child() -> Iterator[Owner]:
    """A process that waits to be killed."""
    with open_process() as name:
        own = find_owner(name)
        assert own is not None
        yield own


@pytest.mark.parametrize("before", ["", ".", ".registry.", ".model.pt.", f"{'ab' * 31}.", "..", ".two\nlines."])
def test_name_tells_its_owner_whatever_stands_before_it(before: str) -> None:
    assert find_owner(before + new_name()) == get_own()


@pytest.mark.parametrize(
    "name",
    [
        "",
        "probe",
        f".registry.{new_ulid()}",
        f"x{new_name()}",
        f"{new_name()}.json",
        f"{new_name()}\n",
        f"aaaaaaaa-bbbbbbbb-0-5-{new_ulid()}",
        f"aaaaaaaa-bbbbbbbb-99999999999-5-{new_ulid()}",
        f"aaaaaaaa-bbbbbbbb-١-5-{new_ulid()}",
    ],
    ids=range(9),
)
def test_other_names_tell_nothing(name: str) -> None:
    assert find_owner(name) is None


@given(st.text(max_size=40))
def test_no_text_before_a_name_hides_it(text: str) -> None:
    assert find_owner(f"{text}.{new_name()}") == get_own()


@given(st.text(max_size=120))
def test_no_text_is_too_odd(text: str) -> None:
    assert find_owner(text) is None


def test_names_that_follow_one_another_differ_and_tell_their_owner() -> None:
    some = list(islice(new_names(), 100)) + list(islice(new_names(), 100))
    assert len(set(some)) == 200
    assert {find_owner(name) for name in some} == {get_own()}


def test_names_differ() -> None:
    assert len({new_name() for _ in range(100)}) == 100


def test_we_are_alive() -> None:
    assert is_alive(get_own(), HERE) is True


def test_process_is_alive_until_it_ends(child: Owner) -> None:
    assert (child.host, child.boot) == (get_own().host, get_own().boot)
    assert is_alive(child, HERE) is True
    end_process(child.pid)
    assert is_alive(child, HERE) is False


@proc_only
def test_stopped_process_is_alive_and_one_that_nobody_waited_for_is_not(child: Owner) -> None:
    os.kill(child.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOWAIT)
    assert is_alive(child, HERE) is True
    os.kill(child.pid, signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert is_alive(child, HERE) is False


@proc_only
def test_pid_that_was_given_again_is_another_process() -> None:
    assert is_alive(replace(get_own(), started="1"), HERE) is False


def test_without_a_start_the_pid_alone_counts(child: Owner) -> None:
    assert is_alive(replace(child, started="0"), HERE) is True
    end_process(child.pid)
    assert is_alive(replace(child, started="0"), HERE) is False


def test_another_host_tells_nothing() -> None:
    assert is_alive(replace(get_own(), host="00000000"), HERE) is None


@pytest.mark.parametrize("namespace", [FIRST_NAMESPACE, "pid:[4026532201]", ""])
@pytest.mark.parametrize("local", [True, False])
def test_another_boot_tells_of_an_end_where_this_machine_alone_writes(
    namespace: str, local: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clone has our host name, our machine id and the first namespace: on a disk that we share it may run."""
    monkeypatch.setattr(writer_name, "_namespace", lambda: namespace)
    monkeypatch.setattr(writer_name, "is_local", lambda folder: local and folder == HERE)
    assert is_alive(replace(get_own(), boot="00000000"), HERE) is (
        False if local and namespace == FIRST_NAMESPACE else None
    )


def enter(*namespaces: str) -> list[str]:
    """Return the words that run a command in namespaces of its own; skip only where an empty one cannot be had."""
    words = ["unshare", *namespaces, "--fork"]
    try:
        subprocess.run([*words, "true"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip(f"no right to make a namespace, or none of the kind: {' '.join(namespaces)}")
    return words


@proc_only
def test_containers_of_one_host_name_are_two_hosts() -> None:
    code = "from registry_cli.store.writer_name import new_name; print(new_name())"
    inside = [*enter("--pid", "--mount-proc"), sys.executable, "-c", code]
    said = subprocess.run(inside, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=True)
    stranger = find_owner(said.stdout.strip())
    assert stranger is not None
    assert (stranger.pid, stranger.boot) == (1, get_own().boot)
    assert stranger.host != get_own().host
    assert is_alive(stranger, HERE) is None


@proc_only
def test_a_time_namespace_shifts_no_beginning() -> None:
    """The same process begins at another tick for who looks from another time namespace (time_namespaces(7))."""
    code = ("import sys; from pathlib import Path; from registry_cli.store.writer_name import *;"
            "print(new_name(), is_alive(find_owner(sys.argv[1]), Path()), flush=True); sys.stdin.read()")  # fmt: skip
    inside = [*enter("--time", "--boottime", "100000"), sys.executable, "-c", code, new_name()]
    with subprocess.Popen(
        inside, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        cwd=Path(__file__).parents[2],
    ) as running:  # fmt: skip
        assert running.stdin is not None
        assert running.stdout is not None
        name, _, seen = running.stdout.readline().strip().partition(" ")
        other = find_owner(name)
        assert other is not None
        assert (seen, is_alive(other, HERE)) == ("True", True)
        running.stdin.close()
    assert is_alive(other, HERE) is False


@proc_only
def test_foreign_proc_is_not_asked() -> None:
    """Without a /proc of its own, a container would read there of processes that only share its pids."""
    code = (
        "from pathlib import Path; from registry_cli.store.writer_name import *;"
        "own = get_own(); print(own.started, is_alive(own, Path()))"
    )
    inside = [*enter("--pid"), sys.executable, "-c", code]
    said = subprocess.run(inside, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=True)
    assert said.stdout.split() == ["0", "True"]
