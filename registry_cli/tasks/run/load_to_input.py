"""Makes inputs of loads: finds the version that holds the loaded bytes, whatever the file's name."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from registry_cli import env
from registry_cli.catalog.read import versions
from registry_cli.catalog.read.uses import has_size, is_made_by, list_holders
from registry_cli.dataclass import replace
from registry_cli.ids import BlobHash, RecordId, VersionId, model_segment, parse_model_name
from registry_cli.records.task import Input
from registry_cli.records.values import escape_text
from registry_cli.registry.add import add_files
from registry_cli.registry.draft import Draft
from registry_cli.tasks.attempt.fact_reader import read_facts
from registry_cli.tasks.attempt.fact_writer import FactWriter
from registry_cli.tasks.attempt.finish import read_named
from registry_cli.tasks.outputs import find_stem
from registry_cli.tasks.run.saved_files import digest_file, list_files, list_left, open_saved

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.ids import ModelName, TaskId
    from registry_cli.records.task import Task
    from registry_cli.registry.api import Registry
    from registry_cli.tasks.attempt.folder import Live
    from registry_cli.tasks.attempt.notes import LoadedNote
    from registry_cli.tasks.run.saved_files import Cache

WRITER: Final = "auto"
"""Names the follower's file of facts."""
_MOST_FILES: Final = 1000
"""Files of a loaded folder that are read."""
_VIEWS: Final = "views"


def find_version(
    registry: Registry, task: TaskId, path: Path, size: int, mtime: int, cache: Cache, *,
    given: Collection[VersionId] = (), sha256: BlobHash | None = None,
) -> VersionRow | None:  # fmt: skip
    """Return the version whose bytes a file or folder holds; never one that the task itself made.

    An input of the task comes first, then the version with the fewest other files, then the newest.

    Args:
        registry: The registry.
        task: The task that loaded it.
        path: The file, the folder, or the common prefix of a checkpoint's files; absolute.
        size: Size in bytes when it was loaded; 0 for anything but a file.
        mtime: Modification time when it was loaded, nanoseconds; 0 for anything but a file.
        cache: Digests of files that were read; filled here.
        given: Inputs of the task.
        sha256: The file's SHA-256 when it was loaded, as it may be overwritten by now; None where it is not known.

    Raises:
        OSError: The file cannot be read.
    """
    viewed = _find_viewed(registry, path)
    if viewed is not None:
        return viewed if viewed.task != task else None
    files = list_files(path)[:_MOST_FILES]
    if sha256 is not None:
        files, digests = [path], {sha256}
    elif files == [path] and _stamp(path) != (size, mtime):
        return None
    else:
        digests = {digest_file(file, cache) for file in files
                   if registry.read(partial(has_size, size=file.stat().st_size))}  # fmt: skip
    rows = registry.read(lambda db: versions.list_versions(db, list_holders(db, digests, task)))
    found = [row for row in rows if files == [path] or {file.sha256 for file in row.files} <= digests]
    order = {row.id: at for at, row in enumerate(found)}
    wide = 1 if files == [path] else -1  # for a folder, the version that covers most of it
    return min(
        found, default=None,
        key=lambda row: (row.id not in given, row.archived, wide * len(row.files), -order[row.id]),
    )  # fmt: skip


class Inputs:
    """Records the inputs of one attempt's loads as facts.

    Args:
        task: The task as it was at the attempt's start.
        live: The attempt's folder.
        cwd: The script's working directory, absolute.
        cache: Digests of files that were read.
    """

    def __init__(self, task: Task, live: Live, cwd: Path, cache: Cache) -> None:
        self._task, self._live, self._cwd, self._cache = task, live, cwd, cache
        self._facts: FactWriter | None = None
        self._time = 0.0
        self._done: set[tuple[str, int, int]] = set()

    @property
    def problem(self) -> str | None:
        """A message that explains missing inputs in the task's folder; None while none is missing."""
        problem = self._facts.problem if self._facts else None
        return problem and f"inputs could not be recorded: {problem}"

    def take(self, registry: Registry, note: LoadedNote, *, add: bool) -> bool:
        """Make a load an input, if a version holds the loaded bytes; return True where the load is settled.

        Args:
            registry: The registry.
            note: The load.
            add: Make a version of it where none holds its bytes, if its files are still as noted.

        Raises:
            RegError: The version cannot be made.
            OSError: The file cannot be read, or there is no room.
        """
        if (note.path, note.size, note.mtime) in self._done:
            return True
        registry.index.sync()
        path, given = Path(note.path), self._list_given()
        read = path if note.held is None else Path(note.held)
        stamp = (note.size, note.mtime) if note.held is None else _stamp(read)
        row = find_version(registry, self._task.id, read, *stamp, self._cache, given={one.version for one in given},
                           sha256=BlobHash(note.sha256) if note.sha256 and note.held is None else None)  # fmt: skip
        if row is None and add and (note.held or _is_as_noted(path, note)) and not self._is_own(registry, read):
            with open_saved(note) as paths:
                row = add_files(registry, Draft(self._name_unknown(path)), paths, ignore=list_left(path, ()),
                                held=note.held is not None).version  # fmt: skip
        if row is None:
            return False
        self._done.add((note.path, note.size, note.mtime))
        self._tell(registry, row, path, note.time, given)
        return True

    def close(self) -> None:
        """Close the file of facts; twice is fine."""
        if self._facts is not None:
            self._facts.close()

    def _list_given(self) -> list[Input]:
        told = read_facts(self._live.list_facts()).inputs
        return list({one.name: one for one in (*self._task.inputs, *told)}.values())

    def _tell(self, registry: Registry, row: VersionRow, path: Path, time: float, given: Sequence[Input]) -> None:
        """Record an input once; for an input without a path, add the path that the script loads it from."""
        where = None if _find_viewed(registry, path) else self._shorten(path)
        before = next((one for one in given if one.version == row.id), None)
        if before is None:
            entry = Input(_name_new(row, where, given), row.id, row.ref, where)
        elif before.path is None and where is not None:
            entry = replace(before, path=where)
        elif self._task.source is not None:
            entry = before  # the input of a clone counts once the script has loaded it
        else:
            return
        if self._facts is None:
            self._facts = FactWriter(self._live.facts(WRITER), clock=lambda: self._time)
        self._time = time
        self._facts.add_input(entry)

    def _shorten(self, path: Path) -> str:
        """Return a path as it is on record: relative to the script's folder, with escapes where it is not UTF-8."""
        short = path.relative_to(self._cwd) if path.is_relative_to(self._cwd) else path
        return escape_text(str(short))

    def _name_unknown(self, path: Path) -> ModelName:
        project = read_named(self._task, self._live).project
        parts = [*filter(None, project.split("/")), "inputs", find_stem(path.name)]
        return parse_model_name("/".join(map(model_segment, parts)))

    def _is_own(self, registry: Registry, path: Path) -> bool:
        """Return True where the task made the files that it loads."""
        digests = {digest_file(file, self._cache) for file in list_files(path)[:_MOST_FILES]}
        return registry.read(lambda db: is_made_by(db, digests, self._task.id))


def _find_viewed(registry: Registry, path: Path) -> VersionRow | None:
    """Return the version whose readable files a path lies in."""
    for views in (registry.layout.views, env.cache_home() / _VIEWS / registry.id):
        if path.is_relative_to(views) and path != views:
            version = VersionId(RecordId(path.relative_to(views).parts[0]))
            return registry.read(partial(versions.find_version, version=version))
    return None


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def is_overwritten(note: LoadedNote) -> bool:
    """Return True where another file, or other bytes, are at the path of a loaded file."""
    path = Path(note.path)
    return path.is_file() and _stamp(path) != (note.size, note.mtime)


def _is_as_noted(path: Path, note: LoadedNote) -> bool:
    return _stamp(path) == (note.size, note.mtime) if path.is_file() else bool(list_files(path))


def _name_new(row: VersionRow, path: str | None, given: Sequence[Input]) -> str:
    """Return a name that no other input has: the file's stem, or the model's name where the file is no user's."""
    name = model_segment(find_stem(Path(path).name) if path else Path(row.name).name)
    taken = {one.name for one in given}
    return next(each for each in (name, *(f"{name}-{at}" for at in range(2, len(taken) + 3))) if each not in taken)
