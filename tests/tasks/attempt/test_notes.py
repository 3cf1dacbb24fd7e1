"""Lines of notes: what was written is read, and what no note can hold is passed over."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.tasks.attempt.notes import (
    LoadedNote,
    Note,
    SavedNote,
    SkippedNote,
    WishNote,
    dump_note,
    dump_saved,
    load_note,
)


@pytest.mark.parametrize("note", [
    SavedNote(1.5, "/a", 3, 4, "prefix", "/h", "PyTorch", 7, "{}", {"cat": 1}, {"acc": 0.5}),
    LoadedNote(1.5, "/a", 3, 4), SkippedNote(1.5, "buffer", 2), WishNote(1.5, "all", "last 2"),
])  # fmt: skip
def test_there_and_back(note: Note) -> None:
    assert load_note(dump_note(note)) == note


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
COUNTS = st.integers(0, 2**63 - 1)


@given(at=COUNTS, path=TEXTS.map("/{}".format), size=COUNTS, mtime=COUNTS, framework=st.none() | TEXTS)
def test_the_fast_line_holds_the_same_note(at: int, path: str, size: int, mtime: int, framework: str | None) -> None:
    note = SavedNote(at / 10**9, path, size, mtime, framework=framework)
    line = dump_saved(at, path, size, mtime, framework)
    assert load_note(line) == load_note(dump_note(note)) == note
    assert line.count("\n") == 1, "a reader takes lines"


@pytest.mark.parametrize("wrong", [
    {"time": "1"}, {"time": float("nan")}, {"time": float("inf")}, {"time": True}, {"path": "a"}, {"path": 1},
    {"path": "/a\0"}, {"size": "3"}, {"mtime": 1.5}, {"held": 1}, {"shape": "round"}, {"shape": []}, {"labels": []},
    {"labels": {"cat": "x"}}, {"scores": [1]}, {"step": "7"},
])  # fmt: skip
def test_what_no_note_can_hold(wrong: dict[str, object]) -> None:
    assert load_note(json.dumps({"kind": "saved", "time": 1.5, "path": "/a", "size": 3, "mtime": 4, **wrong})) is None
