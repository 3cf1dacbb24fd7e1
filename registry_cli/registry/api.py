"""An open registry: its paths, log, settings and catalog. The operations are in this folder, one module each."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, Self, TypeVar

from registry_cli import env
from registry_cli.catalog.index.index import Index
from registry_cli.catalog.index.opener import LOST
from registry_cli.catalog.index.place import find_place
from registry_cli.errors import ConflictError, CorruptError, NoRegistryError
from registry_cli.ids import RecordId, VersionId, is_hex
from registry_cli.registry.ownership import check_owner
from registry_cli.store import files
from registry_cli.store.format import read_format
from registry_cli.store.layout import DIRECTORY, Layout
from registry_cli.store.log import EMPTY, Log

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence, Set

    from registry_cli.catalog.connection import Connection
    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.ids import TaskId
    from registry_cli.records.entry import Entry
    from registry_cli.registry.ports import Upstream
    from registry_cli.registry.settings import Settings
    from registry_cli.store.content import Content

T = TypeVar("T")
ID: Final = 64
"""Hex digits of a whole id."""


class Gate(Protocol):
    """A port that is called before an entry takes its slot, once for each attempt."""

    def check(self, registry: Registry, entry: Entry) -> None:
        """Return if the entry may pass.

        Raises:
            RefusedError: It must not pass.
        """


class Listener(Protocol):
    """A port that is called after an entry is in the log; it can no longer change that."""

    def notify(self, registry: Registry, entry: Entry) -> None:
        """Receive an entry."""


class Registry:
    """One registry.

    Get one by `Registry.find()`, `Registry.open(path)` or `Registry.init(path)`.

    Attributes:
        layout: The paths of its files.
        log: The slots of its log.
        gates: Ports that are called before each entry.
        listeners: Ports that are called after each entry.
        upstream: The port to the registry that has the bytes which are not in this copy, or None.
    """

    upstream: Upstream | None = None

    def __init__(self, layout: Layout) -> None:
        self.format = read_format(layout)
        self.layout = Layout(layout.root, self.format.shared)
        self.log = Log(self.layout)
        self.gates: list[Gate] = []
        self.listeners: list[Listener] = []

    @classmethod
    def open(cls, path: Path | str) -> Registry:
        """Open the registry that a path names.

        Args:
            path: The `.registry` folder, or the one that holds it.

        Raises:
            NoRegistryError: There is no registry.
            RefusedError: A newer program made it.
        """
        return cls(Layout(locate_registry(path)))

    @classmethod
    def find(cls, start: Path | str | None = None) -> Registry:
        """Open the registry that a command uses: REG_DIR, else the nearest `.registry` upward, else the user's own.

        Args:
            start: The folder in which the search begins; the working folder when None.

        Raises:
            NoRegistryError: There is no registry.
            RefusedError: It was not named, and it belongs to another user.
        """
        return cls(Layout(find_registry(start)))

    @classmethod
    def init(cls, path: Path | str = ".", *, shared: bool = False) -> Registry:
        """Create a registry in the folder `path`, or open the existing one.

        Args:
            path: The folder that gets a `.registry`, or that `.registry` itself; created if missing.
            shared: Allow the folder's group to write.

        Raises:
            UsageError: The folder lies inside a registry.
            RegError: The file system has no hard links.
        """
        from registry_cli.registry.init import make_registry

        return cls(make_registry(Path(path), shared=shared))

    def reopen(self) -> Self:
        """Return the same registry opened once more, for another thread, with the same ports."""
        other = type(self)(self.layout)
        other.gates, other.listeners, other.upstream = self.gates, self.listeners, self.upstream
        return other

    @property
    def id(self) -> str:
        """ULID of the registry."""
        return self.format.id

    @property
    def path(self) -> Path:
        """The `.registry` folder."""
        return self.layout.root

    @cached_property
    def settings(self) -> Settings:
        """Settings of this copy and this user."""
        from registry_cli.registry.settings import Settings

        return Settings(self.layout.config, env.config_home() / "config.toml")

    @cached_property
    def author(self) -> str:
        """Author of changes: REG_AUTHOR, else the setting `author`, else the login name."""
        return env.read(env.REG_AUTHOR) or self.settings.find("author") or env.login()

    @property
    def content(self) -> Content:
        """The bytes of its blobs."""
        from registry_cli.store.content import Content  # most commands read no blob

        return Content(self.layout, self.upstream)

    @cached_property
    def index(self) -> Index:
        """The catalog's index, up to date with the log when it is opened."""
        return Index(self.layout, self.log, self.id, find_place(self.layout, self.id, env.cache_home))

    def read(self, action: Callable[[Connection], T]) -> T:
        """Return what `action` reads from the index, all in the state of one moment, whatever other processes write.

        `action` gets the connection and passes it to functions of `catalog/read` and `catalog/query`, which hold all
        SQL. An index that cannot be right is rebuilt, and `action` runs again. Calls may be nested.

        Raises:
            CorruptError: The rebuilt index cannot be read either.
        """
        return self.index.read(action)

    def record_crashes(self) -> Set[TaskId]:
        """Write the ends of attempts whose runner is dead; return the tasks that run in the log alone.

        This floor knows no runners: a registry from `opening` overrides it.
        """
        return frozenset()

    def close(self) -> None:
        """Close the index, if it was opened; the next use opens it again."""
        if "index" in self.__dict__:
            self.index.close()
            del self.__dict__["index"]

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def check_writable(self) -> None:
        """Check that this program may add to the registry.

        Raises:
            RefusedError: It does not understand all of the registry.
            ConflictError: The registry was replaced or removed since it was opened.
            NoRegistryError: It had no entry and was removed.
            CorruptError: A record could not be read.
        """
        self.format.check_write()
        if self.index.head == EMPTY and read_format(self.layout).id != self.id:  # it has no entry that identifies it
            raise ConflictError(
                "the registry was replaced while it was open: nothing was added, and the command can run again",
                hint="reg status",
            )
        self.index.check_writable()
        self.index.check_undamaged()
        for folder in self.layout.folders:
            files.make_dirs(folder, shared=self.layout.shared, inside=True)

    def get_row(self, ref: str) -> VersionRow:
        """Return the version that an address names.

        Raises:
            UsageError: The text is not an address.
            NotFoundError: It names nothing.
            AmbiguousError: It names several versions.
        """
        from registry_cli.catalog.read import address, versions

        self._doubt_missing(ref)
        return _check_readable([self.read(lambda db: versions.get_version(db, address.resolve(db, ref)))])[0]

    def list_rows(self, refs: Sequence[str]) -> list[VersionRow]:
        """Return the versions that addresses name, in their order, each once; raises the same errors as `get_row`.

        The address of a task names all its outputs.
        """
        from registry_cli.catalog.read import address, versions

        def find(db: Connection) -> list[VersionRow]:
            rows = dict.fromkeys(row for ref in refs for row in address.resolve_all(db, ref))
            return versions.list_versions(db, list(rows))

        for ref in refs:
            self._doubt_missing(ref)
        return _check_readable(self.read(find))

    def list_exact(self, refs: Sequence[str], verb: str, *, broken: bool = False) -> list[VersionRow]:
        """Return the versions that exact addresses name; a bare name is refused, for verbs that seal or hide.

        Args:
            refs: Addresses.
            verb: The operation, for the hint.
            broken: Accept versions whose records cannot be read.
        """
        from registry_cli.catalog.read import address, versions

        def find(db: Connection) -> list[VersionRow]:
            return versions.list_versions(db, list(dict.fromkeys(address.resolve_exact(db, ref, verb) for ref in refs)))

        for ref in refs:
            self._doubt_missing(ref)
        found = self.read(find)
        return found if broken else _check_readable(found)

    def _doubt_missing(self, ref: str) -> None:
        """Rebuild the index where it misses a version whose record is on disk."""
        if len(ref) != ID or not is_hex(ref):
            return
        from registry_cli.catalog.read.versions import find_row

        version = VersionId(RecordId(ref.lower()))
        if self.read(lambda db: find_row(db, version)) is None and files.exists(self.layout.record(version)):
            self.index.rebuild()


def locate_registry(path: Path | str) -> Path:
    """Return the `.registry` folder that `path` names: itself, or one inside it. No file is read."""
    root = Path(path)
    return (root / DIRECTORY if (root / DIRECTORY).is_dir() else root).absolute()


def find_registry(start: Path | str | None = None) -> Path:
    """Return the `.registry` folder that `Registry.find` opens; it may hold anything.

    Raises:
        NoRegistryError: There is no registry.
        RefusedError: It was not named, and it belongs to another user.
    """
    named = env.read(env.REG_DIR)
    if named:
        return locate_registry(named)
    here = Path(start or Path()).absolute()
    root = next((folder / DIRECTORY for folder in [here, *here.parents] if (folder / DIRECTORY).is_dir()), None)
    root = root or env.data_home() / DIRECTORY
    if not root.is_dir():
        raise NoRegistryError(f"no {DIRECTORY} in {here} or above", hint="reg init")
    check_owner(root)
    return root


def _check_readable(rows: list[VersionRow]) -> list[VersionRow]:
    """Return versions that were requested by name, if their records could be read.

    Raises:
        CorruptError: One could not be read; the message names it.
    """
    for row in rows:
        if row.broken:
            raise CorruptError(f"{row.ref} is damaged: {row.broken}", hint=LOST)
    return rows
