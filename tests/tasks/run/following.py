"""A task whose script saves and loads, as tests play it: files are written for real, the clock is handed over."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from registry_cli.catalog.read.rows import VersionRow
from registry_cli.dataclass import fields
from registry_cli.records.task import Auto
from registry_cli.registry.api import Registry
from registry_cli.registry.get import open_path
from registry_cli.tasks.attempt.attempt import Attempt
from registry_cli.tasks.attempt.folder import make_auto
from registry_cli.tasks.attempt.notes import LoadedNote, SavedNote, SkippedNote, WishNote, dump_note
from registry_cli.tasks.run.follow import Follower
from tests.tasks.making import start

LONG = 100.0
"""Seconds after which every save has come to rest."""


class Play:
    """A running task in the folder `cwd`, and its follower; every note is a second after the last."""

    def __init__(self, cwd: Path, auto: Auto | None = None, registry: Registry | None = None, **given: Any) -> None:
        self.cwd = cwd
        self.registry = registry or Registry.init(cwd)
        self.attempt: Attempt = start(self.registry, **given)
        self.live = self.attempt.live
        make_auto(self.live)
        self.follower = Follower(self.registry, self.attempt.task, self.live, cwd, auto)
        self.now = self.attempt.task.created.timestamp()
        self._held = 0

    def note(self, note: SavedNote | LoadedNote | SkippedNote | WishNote, writer: str = "7") -> None:
        with self.live.notes(writer).open("a") as file:
            file.write(dump_note(note))

    def tick(self) -> float:
        self.now += 1
        return self.now

    def write(self, name: str, data: str) -> Path:
        path = self.cwd / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(data)
        os.utime(path, ns=(0, int(self.tick() * 1e9)))  # the file system's own clock may stand still between two saves
        return path

    def save(self, name: str, data: str, *, writer: str = "7", **told: Any) -> SavedNote:
        path = self.write(name, data)
        status = path.stat()
        note = SavedNote(self.now, str(path), status.st_size, status.st_mtime_ns, **told)
        self.note(note, writer)
        return note

    def hold(self, note: SavedNote) -> Path:
        """Do what the sink does before it lets a save write over another."""
        self._held += 1
        held = self.live.held / f"7-{self._held}"
        held.write_bytes(Path(note.path).read_bytes())
        values = {each.name: getattr(note, each.name) for each in fields(note)}
        self.note(SavedNote(**{**values, "held": str(held)}))
        return held

    def load(self, path: str | Path) -> None:
        found = self.cwd / path
        status = found.stat()
        size, mtime = (status.st_size, status.st_mtime_ns) if found.is_file() else (0, 0)
        self.note(LoadedNote(self.tick(), str(found), size, mtime))

    def poll(self, after: float = LONG) -> None:
        self.follower.poll(self.registry, self.now + after)

    def rest(self) -> None:
        self.follower.rest(self.registry, lambda: None)

    def told(self) -> list[str]:
        return [*self.follower.problems, *self.follower.list_missed()]

    def made(self) -> list[str]:
        """Return `name step content` of what was made, the task's name left out."""
        head = f"{self.attempt.task.project}/{self.attempt.task.name}/"
        return [
            " ".join([row.name.removeprefix(head), *([] if row.step is None else [str(row.step)]), self.read(row)])
            for row in self.follower.outputs
        ]

    def read(self, row: VersionRow) -> str:
        path = open_path(self.registry, row)
        return path.read_text() if path.is_file() else ",".join(iter_names(path))

    def parents(self) -> list[list[str]]:
        return [[parent.name for parent in row.parents] for row in self.follower.outputs]


def iter_names(folder: Path) -> Iterator[str]:
    return iter(sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()))
