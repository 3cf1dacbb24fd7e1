"""Listings read only what they print: ids where only ids are printed, otherwise a few records at a time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from registry_cli.catalog import connection
from registry_cli.catalog.read import models, versions
from registry_cli.registry import events
from registry_cli.tasks import find
from tests.cli.conftest import Reg, Stream

WHOLE = ((versions, "list_versions"), (find, "list_tasks"), (models, "list_lines"), (events, "describe_changes"))
"""Functions that read records or counts."""


@pytest.fixture
def kept(iris: Reg) -> Reg:
    """Three versions of two models, and two tasks."""
    for name in ("one", "two"):
        iris("log", "--name", name, "--", sys.executable, "-c", "pass")
    return iris


@pytest.mark.sweep(2)
@pytest.mark.sweep(3)
@pytest.mark.parametrize(
    ("words", "column"),
    [
        ("model query metrics.acc>0.1 --sort -metrics.acc", "id"),
        ("task list --sort name", "id"),
        ("model list", "name"),
        ("events", "event"),
        ("events --limit 2", "event"),
        ("events --void", "event"),
    ],
)
def test_ids_alone_are_read_where_only_they_are_printed(
    kept: Reg, words: str, column: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [line.partition("\t")[0] for line in kept(*words.split(), "--columns", f"{column},name").lines]
    for module, function in WHOLE:
        monkeypatch.setattr(module, function, lambda *_: pytest.fail("more is read"))
    assert kept(*words.split(), "-q").lines == ids
    assert kept(*words.split(), "--columns", column).lines == ids
    if "events" not in words:
        assert kept(*words.split(), "--columns", column, "--json").json == [{column: one} for one in ids]


@pytest.mark.slow
def test_a_wrong_column_is_reported_with_ids_too(kept: Reg) -> None:
    for words in ("model query", "task list", "model list"):
        assert "no column `nope`" in kept(*words.split(), "-q", "--columns", "nope", code=2).err


@pytest.mark.sweep(2)
@pytest.mark.sweep(4)
@pytest.mark.parametrize("form", ["--json", "--csv", "--tsv", ""])
@pytest.mark.parametrize(
    ("words", "module", "function", "names"),
    [
        ("model query --sort name,number", versions, "list_versions", ["iris/softmax", "iris/softmax", "iris/tuned"]),
        ("task list --sort name", find, "list_tasks", ["one", "two"]),
    ],
)
def test_records_are_printed_as_they_are_read(
    kept: Reg, words: str, module: Any, function: str, names: list[str], form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: list[int] = []
    monkeypatch.setattr(connection, "BATCH", 1)
    monkeypatch.setattr(module, function, noting(getattr(module, function), printed, names))
    kept(*words.split(), *form.split(), "--columns", "name")
    assert printed == list(range(len(names))), "before a row is read those before it are out"


def noting(read_rows: Callable[..., Any], printed: list[int], names: list[str]) -> Callable[..., Any]:
    """Return a function that notes how many rows standard output has before it reads more."""

    def read_more(*args: Any, **named: Any) -> Any:
        assert isinstance(sys.stdout, Stream)
        text = sys.stdout.written.decode()
        printed.append(sum(text.count(name) for name in set(names)))
        return read_rows(*args, **named)

    return read_more
