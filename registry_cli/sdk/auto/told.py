"""From what a hook tells of a save to its note; what a note cannot hold is left out, and never an error."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from registry_cli.errors import UsageError
from registry_cli.frameworks.numbers import find_number, find_step
from registry_cli.tasks.auto.notes import LoadedNote, SavedNote, dump_note

if TYPE_CHECKING:
    from registry_cli.frameworks.patching.shapes import Saved
    from registry_cli.tasks.auto.notes import Note

_LARGEST: Final = 2**63


def saved_note(time: float, saved: Saved, size: int, mtime: int, held: str | None = None) -> SavedNote:
    """Return the note of a save.

    Args:
        time: Seconds since 1970, when it was.
        saved: What the hook told.
        size: Bytes of the file by now.
        mtime: Nanoseconds, the same way.
        held: A copy of it.
    """
    told = saved.told
    labels = {str(name): _find_count(label) for name, label in told.labels.items()}
    scores = {str(name): find_number(score) for name, score in told.scores.items()}
    return SavedNote(
        time, saved.path, size, mtime, saved.shape, held, saved.framework, _find_count(told.step),
        told.config if is_text(told.config) else None,
        labels={name: label for name, label in labels.items() if label is not None and is_text(name)},
        scores={name: score for name, score in scores.items() if score is not None and is_text(name)},
    )  # fmt: skip


def is_text(value: object) -> bool:
    """Return whether a note can hold a value as text: no lone surrogates, no NUL."""
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _find_count(value: object) -> int | None:
    """Return the whole number that a value is; None for one that needs more than 64 bits."""
    number = find_step(value)
    return number if number is not None and abs(number) < _LARGEST else None


def format_note(note: Note) -> str:
    """Return a note's line.

    Raises:
        UsageError: It cannot be written, such as the name of a file that is no text.
    """
    path = note.path if isinstance(note, SavedNote | LoadedNote) else ""
    if not is_text(path):
        raise UsageError(f"its path is no Unicode text: {os.fsencode(path).decode('utf-8', 'backslashreplace')}")
    return dump_note(note)
