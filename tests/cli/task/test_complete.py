"""Completion of tasks: names, ids, and the words of their queries."""

from __future__ import annotations

from tests.cli.conftest import Reg
from tests.cli.task.conftest import task_id


def offered(reg: Reg, *words: str) -> list[str]:
    return [line.partition("\t")[0] for line in reg("__complete", "fish", *words).lines[1:]]


def test_names_and_ids(tasks: Reg) -> None:
    assert offered(tasks, "task", "show", "") == ["baseline", "broken", "next", "tuned", "@last"]
    assert offered(tasks, "task", "logs", "B") == []
    assert offered(tasks, "task", "logs", "b") == ["baseline", "broken"]
    assert offered(tasks, "task", "compare", "baseline", "tu") == ["tuned"]
    task = task_id(tasks, "tuned")
    assert offered(tasks, "task", "archive", task[:24]) == [task]
    assert tasks("__complete", "zsh", "task", "show", "br").lines == ["words", "broken\tfailed"]
    tasks("task", "remove", "broken")
    assert offered(tasks, "task", "show", "br") == []


def test_values_of_options_and_queries(tasks: Reg) -> None:
    assert offered(tasks, "task", "list", "--status", "c") == ["completed", "cancelled", "crashed"]
    assert offered(tasks, "task", "query", "--status", "f") == ["failed"]
    assert offered(tasks, "task", "list", "--name", "t") == ["tuned"]
    assert offered(tasks, "task", "list", "--tag", "g") == ["good"]
    assert offered(tasks, "task", "list", "--sort", "-metrics.") == [
        f"-metrics.loss{end}" for end in ("", ".last", ".max", ".min")
    ]
    assert offered(tasks, "task", "list", "params.lr > 1 and stat") == [
        "params.lr > 1 and status", "params.lr > 1 and status:"
    ]  # fmt: skip
    assert offered(tasks, "task", "list", "status:f") == ["status:failed"]
    assert offered(tasks, "task", "list", "tag:g") == ["tag:good"]
    assert offered(tasks, "model", "query", "stat") == []
