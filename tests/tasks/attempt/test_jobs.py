"""What is handed over to a companion, and its answer, come out as they went in."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from registry_cli import errors
from registry_cli.ids import AliasName, ModelName, TagName, TaskId, VersionId, new_ulid
from registry_cli.registry.draft import DesignSource, Draft
from registry_cli.store import files
from registry_cli.tasks.attempt.folder import Live
from registry_cli.tasks.attempt.jobs import Answer, Job, ask, begin, end, find_answer, list_asked, new_job_name


@pytest.fixture
def live(tmp_path: Path) -> Live:
    return Live(TaskId(new_ulid()), 1, tmp_path)


def test_a_job_there_and_back(live: Live) -> None:
    metadata: dict[str, Any] = {"when": datetime(2026, 1, 2, tzinfo=UTC), "none": None, "deep": {"list": [1, "é"]}}
    draft = Draft(
        ModelName("a/m"), "Toy", 7, live.task, (("input", "a/base:1"),), {"cat": 1}, DesignSource(b"\xff{}", "text/x"),
        {"lr": 0.1}, {"loss": math.inf, "count": 3}, metadata, {"in": [1]}, (TagName("t"),), (AliasName("prod"),),
    )  # fmt: skip
    job = Job(draft, ("/a b", "/é"), "m", "link", "why", True, (("/a", 3, 1 << 62),), True, False)
    first, second = new_job_name(), new_job_name()
    ask(live, first, job)
    ask(live, second, Job())
    assert list_asked(live) == [first, second]
    assert (begin(live, first), begin(live, first), begin(live, second)) == (job, None, Job())
    assert live.jobs.stat().st_mode & 0o077 == 0


def test_whoever_is_first_has_it(live: Live) -> None:
    name = new_job_name()
    ask(live, name, Job())
    assert find_answer(live, name) is None
    assert begin(live, name) == Job()
    assert begin(live, name) is None
    assert list_asked(live) == []
    (live.jobs / name).mkdir()
    end(live, name, Answer(VersionId("a" * 64)))  # type: ignore[arg-type]
    assert find_answer(live, name) == Answer(VersionId("a" * 64))  # type: ignore[arg-type]
    assert [path.name for path in live.jobs.iterdir()] == [f"{name}.done"]


def test_a_job_that_is_being_written_is_not_asked_yet(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """A companion that looked at that moment took the unfinished file away from its writer."""
    seen: list[list[str]] = []
    rename = files.rename

    def look_then_rename(source: Path, target: Path) -> None:
        seen.append(list_asked(live))
        rename(source, target)

    monkeypatch.setattr(files, "rename", look_then_rename)
    name = new_job_name()
    ask(live, name, Job())
    assert (seen, list_asked(live)) == ([[]], [name])


@pytest.mark.parametrize("error", [
    errors.NotFoundError("no model", hint="reg model list"), errors.RegError("plain"), errors.ConflictError("changed"),
    FileNotFoundError(2, "No such file or directory", "/a"), OSError(28, "No space left on device"),
])  # fmt: skip
def test_an_error_is_raised_as_it_was(live: Live, error: Exception) -> None:
    name = new_job_name()
    ask(live, name, Job())
    begin(live, name)
    end(live, name, Answer(error=error))
    answer = find_answer(live, name)
    assert answer is not None
    told = answer.error
    assert (type(told), str(told), getattr(told, "hint", 0), getattr(told, "filename", 0)) == (
        type(error), str(error), getattr(error, "hint", 0), getattr(error, "filename", 0))  # fmt: skip


def test_what_is_no_error_of_ours_is_told_in_words(live: Live) -> None:
    name = new_job_name()
    ask(live, name, Job())
    begin(live, name)
    end(live, name, Answer(error=ZeroDivisionError("division by zero")))
    answer = find_answer(live, name)
    assert answer is not None
    assert (type(answer.error), str(answer.error)) == (errors.RegError, "ZeroDivisionError: division by zero")
