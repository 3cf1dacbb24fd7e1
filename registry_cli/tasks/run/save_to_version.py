"""Makes a version of a noted save: named, numbered by its step, with its task's inputs and metrics at that time."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from registry_cli.catalog.read.uses import read_made
from registry_cli.catalog.read.versions import find_row
from registry_cli.registry.add import add_files
from registry_cli.registry.draft import DesignSource, Draft
from registry_cli.registry.sources import list_sources
from registry_cli.secrets.tokens import find_token
from registry_cli.store.hashing import Digests, xxh3_of_file
from registry_cli.tasks.attempt.fact_reader import read_facts
from registry_cli.tasks.attempt.finish import read_named
from registry_cli.tasks.attempt.scalar_reader import ScalarsAt
from registry_cli.tasks.outputs import INPUT
from registry_cli.tasks.run.saved_files import digest_file, has_writer, list_left, open_saved
from registry_cli.tasks.run.step_names import split_path

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.ids import BlobHash, VersionId
    from registry_cli.records.task import Task
    from registry_cli.registry.api import Registry
    from registry_cli.registry.moving import Mode
    from registry_cli.registry.sources import Source
    from registry_cli.tasks.attempt.fact_reader import Facts
    from registry_cli.tasks.attempt.folder import Live
    from registry_cli.tasks.attempt.notes import SavedNote
    from registry_cli.tasks.outputs import OutputNames
    from registry_cli.tasks.run.saved_files import Cache


class Taker:
    """Makes versions of one attempt's saves: the newest version of each path has the bytes that were saved there last.

    A save makes none where the path's newest version holds its bytes. Until a path has a version of its own, a version
    of its folder, or one that the script committed of a file of that name, is enough.

    Args:
        task: The task as it was at the attempt's start.
        live: The attempt's folder.
        cwd: The script's working directory, absolute.
        names: Names of the task's outputs.
        cache: Digests of files that were read.
    """

    def __init__(self, task: Task, live: Live, cwd: Path, names: OutputNames, cache: Cache) -> None:
        self._task, self._live, self._cwd, self._names, self._cache = task, live, cwd, names, cache
        self._scalars = ScalarsAt(live)
        self._paths: dict[VersionId, str] = {}
        self._last: dict[str, VersionId] = {}

    def take(self, registry: Registry, note: SavedNote, folders: Collection[str]) -> VersionRow | None:
        """Make a version of a save; return None where there is one with that content.

        Args:
            registry: The registry.
            note: The save; its files have the content to store.
            folders: Every folder that was saved.

        Raises:
            ConflictError: A file changed while it was read.
            RegError: The registry refuses it, or a file cannot be stored.
            OSError: A file cannot be read, or there is no room.
        """
        with open_saved(note) as paths:
            ignore = list_left(paths[0], folders) if note.shape == "folder" else []
            known = self._find_known(registry, note, list_sources(paths, ignore=ignore))
            if known is not None:
                self._last[note.path] = known
                return None
            mode: Mode = "link" if note.held is not None and not has_writer(paths[0]) else "copy"
            added = add_files(registry, self._describe(registry, note), paths, ignore=ignore, mode=mode,
                              cached=False, held=note.held is not None)  # fmt: skip
        self._last[note.path] = added.version.id
        self._paths[added.version.id] = note.path
        return added.version if added.new else None

    def _find_known(self, registry: Registry, note: SavedNote, sources: Sequence[Source]) -> VersionId | None:
        """Return the version that makes a new one needless; hardly anything is read where there is none."""
        made = _list_made(registry, self._task)
        known = {(file.size, file.xxh3) for content in made.values() for file in content.values()}
        sizes = {size for size, _ in known}
        if not all(source.size in sizes for source in sources):
            return None
        if not all((source.size, xxh3_of_file(source.file)) in known for source in sources):
            return None  # the usual case: the checkpoints of a model have one size
        found = {source.path: digest_file(source.file, self._cache) for source in sources}
        last = self._last.get(note.path)
        if last is not None and self._paths.get(last) == note.path:
            newest = made.get(last, {})
            return last if {path: file.sha256 for path, file in newest.items()} == found else None
        return next((version for version, content in made.items() if self._covers(version, content, note, found)), None)

    def _covers(self, version: VersionId, content: Mapping[str, Digests], note: SavedNote,
                found: Mapping[str, BlobHash]) -> bool:  # fmt: skip
        """Return True where a version has the saved files: one of a folder around them, or one that was committed."""
        digests = {path: file.sha256 for path, file in content.items()}
        path = self._paths.get(version)
        if path is None and len(found) > 1:
            return digests == found
        if path is None:
            named = {(PurePosixPath(path).name, digest) for path, digest in digests.items()}
            return all((PurePosixPath(path).name, digest) in named for path, digest in found.items())
        inside = note.path.startswith(f"{path}/") and note.shape == "file"
        return inside and digests.get(note.path.removeprefix(f"{path}/")) == next(iter(found.values()))

    def _describe(self, registry: Registry, note: SavedNote) -> Draft:
        bare, step = split_path(Path(note.line or note.path), self._cwd, note.step)
        facts = read_facts(self._live.list_facts(), until=note.time)
        return Draft(
            name=self._names.name(read_named(self._task, self._live), bare, note.template),
            framework=note.framework,
            step=step,
            task=self._task.id,
            parents=tuple((INPUT, version) for version in self._list_parents(registry, facts)),
            labels=note.labels or facts.labels,
            design=_design(note.config),
            metrics={**self._scalars.read(note.time), **note.scores},
            created=datetime.fromtimestamp(note.time, UTC),  # a folder is taken later than files saved after it
        )

    def _list_parents(self, registry: Registry, facts: Facts) -> list[VersionId]:
        """Return the task's input versions that have reached the script, with those in the facts."""
        given = {one.name: one.version for one in (*facts.drop_unreached(self._task.inputs), *facts.inputs)}
        versions = list(dict.fromkeys(given.values()))
        return registry.read(lambda db: [version for version in versions if find_row(db, version) is not None])


def _list_made(registry: Registry, task: Task) -> dict[VersionId, dict[str, Digests]]:
    """Return the files of the versions that this attempt made and that are not removed, newest first."""
    registry.index.sync()
    made = registry.read(lambda db: read_made(db, task.id, task.attempt))
    return {version: {path: Digests(*digests) for path, digests in files.items()} for version, files in made.items()}


def _design(config: str | None) -> DesignSource | None:
    """Return a framework's configuration as a design; one that holds a secret token is dropped."""
    data = config.encode() if config is not None else None
    return DesignSource(data, "application/json") if data is not None and find_token(data) is None else None
