"""The follower: reads the notes of a running task, makes versions of its saves and inputs of its loads.

It runs in the process of the task's runner. It raises no error: failures become messages among its problems.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from registry_cli.errors import ConflictError, NotFoundError, RegError
from registry_cli.store import files
from registry_cli.tasks.attempt.note_reader import NoteReader
from registry_cli.tasks.attempt.notes import LoadedNote, MovedNote, SavedNote, SkippedNote, WishNote
from registry_cli.tasks.globs import matches, parse_glob
from registry_cli.tasks.outputs import OutputNames
from registry_cli.tasks.run.load_to_input import Inputs, is_overwritten
from registry_cli.tasks.run.pending_saves import Waiting
from registry_cli.tasks.run.save_to_version import Taker

if TYPE_CHECKING:
    from collections.abc import Callable

    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.records.task import Auto, Loads, Task
    from registry_cli.registry.api import Registry
    from registry_cli.tasks.attempt.folder import Live
    from registry_cli.tasks.run.saved_files import Cache

_MISSED: Final = {
    "buffer": ("save into a buffer without a name", "saves into buffers without a name", "not kept"),
    "remote": ("save to another machine", "saves to another machine", "not kept"),
    "data": ("save of data", "saves of data", "not logged, as {} held no model"),
    "gone": ("file", "files", "deleted before {} could be kept"),
    "overwritten": ("save", "saves", "overwritten before {} could be kept"),
    "input": ("load", "loads", "of a file that was overwritten before it could be looked up"),
}


class Follower:
    """Follows the notes of one attempt. Not for two threads at once.

    Attributes:
        outputs: Versions that were made and that no retention rule removed, oldest first.
        problems: Messages about failures; complete once `rest` has returned.

    Args:
        registry: The registry; only its layout is used here, so any thread may make a follower.
        task: The task as it was at the attempt's start.
        live: The attempt's folder.
        cwd: The script's working directory, absolute.
        auto: Settings from the command line; None where the script alone decides.
        names: Names of the task's other outputs, so that no two share one; its own where None.
    """

    def __init__(
        self, registry: Registry, task: Task, live: Live, cwd: Path, auto: Auto | None, *,
        names: OutputNames | None = None,
    ) -> None:  # fmt: skip
        self.outputs: list[VersionRow] = []
        self.problems: list[str] = []
        self._root, self._auto, self._wish = registry.layout.root, auto, WishNote(0.0)
        self._globs = [parse_glob(text, cwd) for text in task.recipe.outputs]
        cache: Cache = {}
        self._taker = Taker(task, live, cwd, names or OutputNames(task.recipe.outputs, cwd), cache)
        self._inputs = Inputs(task, live, cwd, cache)
        self._reader, self._waiting = NoteReader(live), Waiting(live.held)
        self._loads: list[LoadedNote] = []
        self._skipped: Counter[str] = Counter()
        self._refused: dict[tuple[str, float], str] = {}
        self._unread: dict[LoadedNote, str] = {}
        self._own: set[tuple[str, int, int]] = set()
        self._changed: set[tuple[str, int, int]] = set()

    def poll(self, registry: Registry, now: float) -> None:
        """Process the saves and loads whose files are quiet; cheap where nothing was noted.

        Args:
            registry: Opened by the calling thread.
            now: Seconds since 1970, UTC.
        """
        try:
            self._read()
            self._take_loads(registry)
            for note in self._waiting.list_due(now):
                if note.held is not None or self._waiting.is_as_noted(
                    note
                ):  # taking the previous one may have taken long
                    self._take_save(registry, note)
        except Exception as error:  # no failure here may stop the script
            self._tell_once(f"what was saved could not be looked at: {_kind(error)}")

    def rest(self, registry: Registry, hurried: Callable[[], str | None]) -> None:
        """Process all that remains, as it is now; to be called once, when the script has ended.

        Args:
            registry: Opened by the calling thread.
            hurried: Returns the name of a signal that has arrived meanwhile, or None; a signal drops what remains.
        """
        try:
            self._take_rest(registry, hurried)
        except Exception as error:
            self._tell_once(f"what was saved could not be looked at: {_kind(error)}")
        self._inputs.close()
        self.problems += [*self._list_failed(), *filter(None, [self._reader.problem, self._inputs.problem])]

    def list_missed(self) -> list[str]:
        """Return a sentence for each kind of save that was lost without any error; complete after `rest`."""
        counts = self._skipped + self._waiting.lost + Counter(input=len(self._changed - self._own))
        return [
            f"{_count(counts[why], one, many)} {then.format('it' if counts[why] == 1 else 'they')}"
            for why, (one, many, then) in _MISSED.items()
            if counts[why]
        ]

    def _take_rest(self, registry: Registry, hurried: Callable[[], str | None]) -> None:
        self._read()
        self._loads += self._unread
        self._take_loads(registry)
        left = list(self._waiting.iter_rest())
        for at, note in enumerate(left):
            if signal := hurried():
                self.problems.append(f"{signal} came: {_count(len(left) - at, 'save', 'saves')} not kept")
                return
            self._take_save(registry, note, final=True)
        self._take_loads(registry, final=True)

    def _read(self) -> None:
        for note in self._reader.read():
            if isinstance(note, SavedNote):
                self._let_wait(note)
            elif isinstance(note, LoadedNote):
                self._loads.append(note)
            elif isinstance(note, MovedNote):
                self._waiting.move(note)
            elif isinstance(note, SkippedNote):
                self._skipped[note.why] += note.count
            else:
                self._wish = WishNote(note.time, note.loads or self._wish.loads, note.keep or self._wish.keep)

    def _let_wait(self, note: SavedNote) -> None:
        self._own.add((note.path, note.size, note.mtime))
        needless = note if self._is_ignored(note) else self._waiting.add(note)
        if needless is not None:
            _drop_held(needless)

    def _is_ignored(self, note: SavedNote) -> bool:
        """Return True where a save lies in the registry, or the watch of `--output` saves it."""
        path = Path(note.path)
        return path.is_relative_to(self._root) or any(
            matches(glob, each) for glob in self._globs for each in (path, *path.parents)
        )

    def _take_save(self, registry: Registry, note: SavedNote, *, final: bool = False) -> None:
        try:
            if not self._is_ignored(note):  # a file may have been renamed to that of another output
                self._keep(registry, self._taker.take(registry, note, self._waiting.folders))
        except (ConflictError, NotFoundError, FileNotFoundError) as error:  # it is being written or removed
            if final and isinstance(error, ConflictError):
                self._fail(note, error)
            elif final:
                self._waiting.give_up(note, "gone")
        except Exception as error:  # a failure of one save must not lose the others
            self._fail(note, error)
        else:
            self._refused.pop((note.path, note.time), None)
            self._waiting.done(note)
            _drop_held(note)

    def _fail(self, note: SavedNote, error: Exception) -> None:
        self._refused[note.path, note.time] = _kind(error)
        self._waiting.fail(note)

    def _keep(self, registry: Registry, made: VersionRow | None) -> None:
        keep = (self._auto.keep if self._auto else None) or self._wish.keep
        self.outputs += [made] if made is not None else []
        if made is None or not keep:
            return
        from registry_cli.registry.prune import prune_among  # few tasks have rules
        from registry_cli.registry.retention import parse_keep

        try:
            versions = [row.id for row in self.outputs]
            gone = {row.id for row in prune_among(registry, versions, parse_keep(keep), message=f"keep {keep}")}
            self.outputs = [row for row in self.outputs if row.id not in gone]
        except Exception as error:  # more versions stay than were asked for
            self._tell_once(f"keep {keep}: {_kind(error)}")

    def _take_loads(self, registry: Registry, *, final: bool = False) -> None:
        """Look up the loads; one of unknown content that may be a waiting save waits for that save."""
        wanted, loads, self._loads = self._wanted, self._loads, []
        for note in loads if wanted != "none" else []:
            sure = final or not self._waiting.has_size(note.size, note.time)
            key = note.path, note.size, note.mtime
            try:
                if self._inputs.take(registry, note, add=wanted == "all" and sure):
                    self._changed.discard(key)
                elif not sure:
                    self._loads.append(note)
                    continue
                elif note.held is not None or (note.sha256 is not None and wanted == "known"):
                    self._changed.discard(key)
                elif note.size and is_overwritten(note):
                    self._changed.add(key)
                self._unread.pop(note, None)
                _drop_held(note)
            except FileNotFoundError:
                continue
            except Exception as error:  # a failure of one load must not lose the others
                self._unread[note] = _kind(error)

    @property
    def _wanted(self) -> Loads:
        said = self._auto.loads if self._auto else "known"
        return said if said != "known" else self._wish.loads or said

    def _list_failed(self) -> list[str]:
        saves, loads = Counter(self._refused.values()), Counter(self._unread.values())
        told = [f"{_count(number, 'save', 'saves')} not kept: {why}" for why, number in saves.items()]
        return told + [f"{_count(number, 'load', 'loads')} not looked up: {why}" for why, number in loads.items()]

    def _tell_once(self, problem: str) -> None:
        if problem not in self.problems:
            self.problems.append(problem)


def _drop_held(note: SavedNote | LoadedNote) -> None:
    if note.held is not None:
        with suppress(OSError):  # the file is removed with the attempt's folder
            files.unlink(Path(note.held))


def _kind(error: Exception) -> str:
    """Return an error's message without the file's name, so that equal failures of many files have equal messages."""
    if isinstance(error, RegError):
        return error.message
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    return f"{type(error).__name__}: {error}"


def _count(number: int, one: str, many: str) -> str:
    return f"1 {one} was" if number == 1 else f"{number} {many} were"
