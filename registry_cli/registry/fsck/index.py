"""Checks the index in the registry: opens it without a trace, reads it as a hint, and compares it with the log."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from registry_cli.catalog.index.inspection import is_blocked, open_untouched
from registry_cli.catalog.index.place import find_strange, is_private
from registry_cli.catalog.index.sqlite_file import is_outdated, list_errors
from registry_cli.dataclass import dataclass
from registry_cli.registry.fsck.report import Damage
from registry_cli.store import files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from registry_cli.catalog.index.inspection import IndexFile
    from registry_cli.registry.fsck.context import Survey
    from registry_cli.store.log import Head

_TRIES: Final = 3
"""Attempts to compare an index that other processes write meanwhile."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An index of this registry.

    Attributes:
        file: The open file.
        head: The slot up to which it is folded.
        durable: The last slot that it knows to be durable.
    """

    file: IndexFile
    head: Head
    durable: int


@contextmanager
def open_kept(survey: Survey) -> Iterator[Kept | None]:
    """Open the index for reading; yield None where it is missing, of another registry, or unreadable."""
    path = survey.layout.index
    if find_strange(path) or not os.access(path, os.R_OK) or is_outdated(path) or _is_unfinished(path):
        yield None
        return
    with open_untouched(path) as file:
        kept = None
        with suppress(*list_errors(), ValueError):
            kept = _read_kept(file, survey) if not file.is_empty() else None
        yield kept


def check_index(survey: Survey) -> None:
    """Check that the index agrees with the log; an outdated or foreign one is rebuilt at its next use in any case."""
    path = survey.layout.index
    for _ in range(_TRIES):
        before = _status(path)
        if before is None:
            if survey.fresh.head.seq:
                survey.notes.append("there is no index in the registry: it is made when it is needed")
            return
        problem, note = _judge(survey)
        if problem is None or before == _status(path):
            break
    else:
        problem, note = None, "the index is being written: it was not compared with the log"
    if problem is not None:
        survey.damages.append(Damage("index", path, problem))
    if note is not None:
        survey.notes.append(note)


def _judge(survey: Survey) -> tuple[str | None, str | None]:
    """Return the problem of the index and a note, each None where there is none."""
    path = survey.layout.index
    if files.get_status(path).st_uid != os.geteuid():
        return None, "the index is another user's: it was not compared with the log"
    strange = find_strange(path)
    if strange is not None:
        return strange.removeprefix(f"{path} "), None
    if survey.layout.shared or not is_private(survey.layout):
        return None, "other users can write in the registry: the index there is not used"
    if _is_unfinished(path):
        return None, "the index waits for a writer to end, or for the next to clean up: it was not compared"
    if is_outdated(path):
        return None, "the index is of another program or registry: it will be rebuilt"
    try:
        with open_untouched(path) as file:
            return _judge_file(survey, file)
    except ValueError:
        return "has no readable stamp", None
    except list_errors() as error:
        if is_blocked(error):
            return None, f"the index could not be read: {error}"
        own = not hasattr(error, "sqlite_errorcode")  # `check_schema` raised it, not SQLite
        return str(error).removeprefix("it ") if own else f"cannot be read: {error}", None


def _judge_file(survey: Survey, file: IndexFile) -> tuple[str | None, str | None]:
    if file.is_empty():
        return None, "the index holds nothing yet: it is made when it is needed"
    kept = _read_kept(file, survey)
    if kept is None:
        return None, "the index is of another program or registry: it will be rebuilt"
    if not file.is_sound(quick=survey.level == "fast"):
        return "is damaged inside", None
    return _compare(survey, kept)


def _compare(survey: Survey, kept: Kept) -> tuple[str | None, str | None]:
    fresh = survey.fresh
    if survey.lost or any(damage.kind == "record" for damage in survey.damages):
        return None, "the index was not compared with the log, which is damaged"
    if kept.head.seq > fresh.head.seq:
        survey.catch_up()
    if kept.head.seq != fresh.head.seq:
        return None, None
    if kept.head.digest != fresh.head.digest:
        return "its stamp names another entry than the log holds", None
    table = kept.file.find_difference(fresh)
    return (f"its table `{table}` is not what the log says", None) if table else (None, None)


def _read_kept(file: IndexFile, survey: Survey) -> Kept | None:
    """Return the index, or None where it is another program's or registry's.

    Raises:
        ValueError: Its stamp cannot be read.
    """
    end = file.read_end(survey.registry.id)
    return Kept(file, end.head, end.durable) if end else None


def _is_unfinished(path: Path) -> bool:
    """Return whether a transaction must be rolled back first (https://www.sqlite.org/lockingv3.html#hot_journals)."""
    journal = files.find_status(path.with_name(path.name + "-journal"))
    return journal is not None and journal.st_size > 0


def _status(path: Path) -> list[tuple[int, int, int]] | None:
    """Return values that change when the index is written, or None where there is no index."""
    index, *journals = (files.find_status(path.with_name(path.name + suffix)) for suffix in ("", "-wal", "-journal"))
    return [_mark(status) for status in (index, *journals) if status] if index else None


def _mark(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns
