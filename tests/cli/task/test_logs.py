"""`reg task logs`: the output of a task, byte for byte."""

from __future__ import annotations

from pathlib import Path

from registry_cli.registry.api import Registry
from tests.cli.conftest import Reg
from tests.tasks.making import run


def test_what_a_task_printed(reg: Reg, tmp_path: Path) -> None:
    with Registry.init(tmp_path) as registry:
        run(registry, "loud", console=b"\x1b[1mone\x1b[0m\r\n\xff\nthree")
        run(registry, "silent")
    assert reg("task", "logs", "loud").stdout == b"\x1b[1mone\x1b[0m\r\n\xff\nthree"
    assert reg("task", "logs", "loud", "--tail", "2", "-f").stdout == b"\xff\nthree"
    assert reg("task", "logs", "loud", "--tail", "0").stdout == b""
    silent = reg("task", "logs", "silent")
    assert (silent.out, silent.err) == ("", "task silent has printed nothing\n")
    reg("task", "logs", "nothing", code=11)
