"""Notes about the files that a process of a task saved and loaded: one JSON line each, in a file of that process.

The line is written when the file is; the task's runner hashes and commits the file. The reader skips a note of a kind
that it does not know, a torn last line, and fields that it does not know. The bytes of a path that is not UTF-8 are in
the line as they are.
"""

from __future__ import annotations

import re
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, Final, Literal

from registry_cli.catalog.documents import dump_doc, load_doc
from registry_cli.dataclass import dataclass, field, fields

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REPEATED: Final = 300.0
"""Seconds after a save within which another note may repeat it with the path of its saved bytes."""


@dataclass(frozen=True, slots=True)
class SavedNote:
    """A model was saved.

    Attributes:
        time: Time of the save in seconds since 1970, UTC; the same in the other notes.
        path: Absolute path.
        size: Bytes at that time; 0 for a folder or prefix.
        mtime: Nanoseconds; 0 for a prefix, and for a folder the number of times that it was written anew.
        shape: `file`, `folder`, or `prefix`: all files whose names begin with the path's and a dot.
        held: Path of the bytes in the attempt's folder, to which they were copied or moved because the path was about
            to be written again; the note repeats an earlier one, and replaces it unless its file was already stored.
        framework: Name of the framework according to the hook; the bytes may show it more exactly.
        config: The network's description, JSON.
        open: True while the file is open, when size and time mean nothing; another note follows when it is closed,
            unless the process ends before.
        line: Absolute path that names its model and has no step, where the framework knows it; else its own path does.
        template: The template that gave the path, where the framework knows it: two templates are two models.
        inode: The file's, where it was written by a file object: it may have been renamed before it was closed.
        since: Time of the note of the open file that this one completes; None where there is none.
    """

    time: float
    path: str
    size: int
    mtime: int
    shape: Literal["file", "folder", "prefix"] = "file"
    held: str | None = None
    framework: str | None = None
    step: int | None = None
    config: str | None = None
    labels: Mapping[str, int] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    open: bool = False
    line: str | None = None
    template: str | None = None
    inode: int | None = None
    since: float | None = None


@dataclass(frozen=True, slots=True)
class LoadedNote:
    """A file or folder was loaded; `held` as in `SavedNote`.

    Attributes:
        sha256: The loaded file's, as it may be overwritten before it is looked up; None for a large file, and a folder.
    """

    time: float
    path: str
    size: int
    mtime: int
    held: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class MovedNote:
    """A saved file, or a folder with one, was renamed from `path` to `to`."""

    time: float
    path: str
    to: str


@dataclass(frozen=True, slots=True)
class SkippedNote:
    """Saves that left no model to store: into a buffer, to another machine, of data, into a file that was gone."""

    time: float
    why: Literal["buffer", "remote", "gone", "overwritten", "data"]
    count: int = 1


@dataclass(frozen=True, slots=True)
class WishNote:
    """The script's own settings of automatic logging; those given at the prompt take precedence."""

    time: float
    loads: Literal["known", "all", "none"] | None = None
    keep: str | None = None


Note = SavedNote | LoadedNote | MovedNote | SkippedNote | WishNote
_KINDS: dict[str, type[Note]] = {
    "saved": SavedNote, "loaded": LoadedNote, "moved": MovedNote, "skipped": SkippedNote, "wish": WishNote,
}  # fmt: skip
_LARGEST: Final = 2**63
_SHA256: Final = re.compile("[0-9a-f]{64}")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_NAMES = {kind: name for name, kind in _KINDS.items()}


def dump_note(note: Note) -> str:
    """Return a note as a line, its line feed included."""
    pairs = ((each.name, getattr(note, each.name)) for each in fields(note))
    values = {key: value for key, value in pairs if value is not None and value is not False and value != {}}
    return dump_doc({"kind": _NAMES[type(note)], **values}) + "\n"


def dump_saved(time_ns: int, path: str, size: int, mtime: int, framework: str | None) -> str:
    """Return the line of a `SavedNote` of a file without further facts, in a tenth of `dump_note`'s time.

    Args:
        time_ns: Time of the save in nanoseconds since 1970, UTC.
        path: Absolute path.
        size: Bytes.
        mtime: Nanoseconds.
        framework: Name of the framework, or None.
    """
    name = "null" if framework is None else encode_basestring(framework)
    return (
        f'{{"kind":"saved","time":{time_ns}e-9,"path":{encode_basestring(path)},"size":{size},"mtime":{mtime},'
        f'"framework":{name}}}\n'
    )


def load_note(line: str) -> Note | None:
    """Return the note of a line; None if this program does not know its kind, or a value is not legal."""
    try:
        doc: Any = load_doc(line)
        kind = _KINDS[doc["kind"]]
        names = {each.name for each in fields(kind)}
        values = {key: value for key, value in doc.items() if key in names}
        if not all(_CHECKS[key](value) for key, value in values.items()):
            return None
        return kind(**values)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _LARGEST


def _is_count(value: object) -> bool:
    return _is_number(value) and isinstance(value, int)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and "\0" not in value and not _SURROGATE.search(value)


def _is_table(is_value: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda table: isinstance(table, dict) and all(map(is_value, table.values()))


def _is_none_or(is_value: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or is_value(value)


def _is_among(*words: str | None) -> Callable[[object], bool]:
    return lambda value: (value is None or isinstance(value, str)) and value in words


def _is_absolute(value: object) -> bool:
    return isinstance(value, str) and "\0" not in value and value.startswith("/")  # it may be no UTF-8


_CHECKS: dict[str, Callable[[object], bool]] = {
    "time": _is_number, "path": _is_absolute, "to": _is_absolute,
    "size": _is_count, "mtime": _is_count, "count": _is_count,
    "shape": _is_among("file", "folder", "prefix"), "held": _is_none_or(_is_absolute),
    "open": lambda value: isinstance(value, bool), "inode": _is_none_or(_is_count),
    "line": _is_none_or(_is_absolute), "since": _is_none_or(_is_number),
    "framework": _is_none_or(_is_text), "step": _is_none_or(_is_count), "config": _is_none_or(_is_text),
    "template": _is_none_or(_is_text),
    "sha256": lambda value: value is None or (isinstance(value, str) and _SHA256.fullmatch(value) is not None),
    "labels": _is_table(_is_count), "scores": _is_table(lambda value: isinstance(value, (int, float))),
    "why": _is_among("buffer", "remote", "gone", "overwritten", "data"),
    "loads": _is_among("known", "all", "none", None), "keep": _is_none_or(_is_text),
}  # fmt: skip
