"""Consoles: of what has ended, of what runs, its last lines, and as it grows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.registry.api import Registry
from registry_cli.tasks import console as module
from registry_cli.tasks.attempt.attempt import Attempt
from registry_cli.tasks.attempt.finish import Ending
from registry_cli.tasks.console import iter_console
from registry_cli.tasks.find import see_tasks
from tests.tasks.making import crash, draft, run, start, tell


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.init(tmp_path) as registry:
        yield registry


def read(registry: Registry, name: str, tail: int | None = None) -> bytes:
    return b"".join(iter_console(registry, see_tasks(registry, [name])[0], tail=tail))


def test_what_ended_and_what_runs(registry: Registry) -> None:
    run(registry, "a", console=b"\x1b[1mone\r\n\xff")
    tell(start(registry, "b"), b"so far")
    dead = start(registry, "c")
    tell(dead, b"last words\n")
    crash(dead)
    run(registry, "silent")
    draft(registry, "draft")
    assert [read(registry, name) for name in ("a", "b", "c", "silent", "draft")] == [
        b"\x1b[1mone\r\n\xff", b"so far", b"last words\n", b"", b"",
    ]  # fmt: skip


@given(text=st.binary(max_size=60).map(lambda data: data.replace(b"a", b"\n")), lines=st.integers(0, 8))
def test_the_last_lines(tmp_path_factory: pytest.TempPathFactory, text: bytes, lines: int) -> None:
    path = tmp_path_factory.mktemp("console") / "console.log"
    path.write_bytes(text)
    with pytest.MonkeyPatch.context() as patch, path.open("rb") as file:
        patch.setattr(module, "_PIECE", 7)
        shown = b"".join(module._iter_file(file, lines))
    pieces = text.split(b"\n")
    whole = [piece + b"\n" for piece in pieces[:-1]] + ([pieces[-1]] if pieces[-1] else [])
    assert shown == b"".join(whole[-lines:] if lines else [])


def follow(registry: Registry, attempt: Attempt, tail: int | None = None) -> Iterator[bytes]:
    row = see_tasks(registry, [attempt.task.id])[0]
    return iter_console(registry, row, follow=True, pause=0, tail=tail)


def test_one_that_runs_is_followed_to_its_end(registry: Registry) -> None:
    attempt = start(registry)
    tell(attempt, b"one\ntwo\n")
    pieces = follow(registry, attempt, tail=1)
    assert next(pieces) == b"two\n"
    tell(attempt, b"three\n")
    assert next(pieces) == b"three\n"
    tell(attempt, b"four\n")
    attempt.end(Ending("completed", 0))
    assert list(pieces) == [b"four\n"]


def test_one_that_ends_before_it_is_looked_at(registry: Registry) -> None:
    attempt = start(registry)
    pieces = follow(registry, attempt)
    tell(attempt, b"quick\n")
    attempt.end(Ending("completed", 0))
    assert list(pieces) == [b"quick\n"]


def test_the_first_attempt_s_console_is_not_taken_for_the_second_s(registry: Registry) -> None:
    again = Attempt.start(registry, run(registry, console=b"first\n"))
    assert read(registry, "baseline") == b""
    again.end(Ending("completed", 0))
