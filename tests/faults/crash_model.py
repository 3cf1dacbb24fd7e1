"""What a disk may hold after the power went: a model of a file system that promises no more than POSIX does.

The trace of the seam is replayed on inodes. Bytes are durable after fsync of their file, names after fsync of their
folder; a rename is one step. Whatever was not flushed may be there or not, in any order, and unflushed bytes may be
missing, zero or torn. The idea and the enumeration follow ALICE (Pillai et al., OSDI 2014).
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

IGNORED: Final = "/.registry/cache/"
"""SQLite writes there by itself; it is a cache, and a crash may leave it or not."""
ACKNOWLEDGE: Final = "acknowledge"
SINGLES: Final = 40
"""With more unflushed names than this, only the first and last are dropped or kept one by one."""


class PowerError(BaseException):
    """The process dies here; it is told by no call that follows."""


@dataclass(frozen=True)
class Step:
    """A call of the seam that was made; `data` is the other path, the bytes, the length or an acknowledgement."""

    op: str
    path: str
    data: object = None


class Recorder:
    """Writes down the calls; `dies` tells before which call the process dies."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.dies: Callable[[Step], bool] = lambda _step: False
        self._dead = False
        self._one = threading.Lock()

    def before(self, op: str, path: str, detail: object) -> None:
        if self._dead or self.dies(Step(op, path, detail)):
            self._dead = True
            raise PowerError(f"died before {op} {path}")

    def after(self, op: str, path: str, detail: object) -> None:
        if op == "clone":
            assert isinstance(detail, int)
            detail = os.pread(detail, os.fstat(detail).st_size, 0)
        if op == "copy":  # from the source's open descriptor, to the end of the file
            detail = self._read_appended(path)
        with self._one:
            self.steps.append(Step(op, path, bytes(detail) if isinstance(detail, memoryview) else detail))

    def _read_appended(self, path: str) -> bytes:
        before = sum(
            len(step.data) for step in self.steps if step.path == path and isinstance(step.data, bytes | memoryview)
        )
        return Path(path).read_bytes()[before:]

    def revive(self) -> None:
        """Let another process begin."""
        self._dead = False
        self.dies = lambda _step: False

    def acknowledge(self, promise: int) -> None:
        """A command has said that it is done, and so promised something."""
        self.steps.append(Step(ACKNOWLEDGE, "", promise))


@dataclass(eq=False)
class File:
    data: bytearray = field(default_factory=bytearray)
    durable: bytes = b""
    dirty: bool = False


@dataclass(eq=False)
class Folder:
    names: dict[str, File | Folder] = field(default_factory=dict)
    durable: dict[str, File | Folder] = field(default_factory=dict)


Node = File | Folder


@dataclass(frozen=True)
class NameChange:
    """One step that changes names: in each folder, the name gets a node or loses the one it had."""

    parts: tuple[tuple[Folder, str, Node | None], ...]


Tree = dict[str, bytes | None]
"""Path to bytes; None for a folder."""


class Disk:
    """The file system below `top`, which is durable and empty at first."""

    def __init__(self, top: Path) -> None:
        self._top = str(top)
        self._root = Folder()
        self._pending: list[NameChange] = []

    def apply(self, step: Step) -> None:
        if IGNORED in step.path or IGNORED in str(step.data)[:1000] or not step.path.startswith(self._top):
            return
        action = getattr(self, "_" + step.op.replace("-", "_"), None)
        if action is not None:
            action(step)

    def iter_states(self) -> Iterator[Tree]:
        """Yield what may be left if the power goes now."""
        pending = self._pending
        singles = (
            range(len(pending)) if len(pending) <= SINGLES else [*range(4), *range(len(pending) - 8, len(pending))]
        )
        kept = [list(pending), []]
        kept += [[pending[at]] for at in singles]
        kept += [pending[:at] + pending[at + 1 :] for at in singles]
        for changes in kept:
            folders = self._merge(changes)
            for spoil in SPOILS if self._is_dirty(self._root, folders) else SPOILS[:1]:
                yield dict(self._walk(self._root, "", folders, spoil))

    def _merge(self, changes: Iterable[NameChange]) -> dict[int, dict[str, Node]]:
        folders: dict[int, dict[str, Node]] = {}
        for change in changes:
            for folder, name, node in change.parts:
                names = folders.setdefault(id(folder), dict(folder.durable))
                if node is None:
                    names.pop(name, None)
                else:
                    names[name] = node
        return folders

    def _walk(
        self, folder: Folder, path: str, folders: dict[int, dict[str, Node]], spoil: Callable[[File], bytes]
    ) -> Iterator[tuple[str, bytes | None]]:
        for name, node in folders.get(id(folder), folder.durable).items():
            here = f"{path}/{name}" if path else name
            if isinstance(node, Folder):
                yield here, None
                yield from self._walk(node, here, folders, spoil)
            else:
                yield here, spoil(node) if node.dirty else node.durable

    def _is_dirty(self, folder: Folder, folders: dict[int, dict[str, Node]]) -> bool:
        nodes = folders.get(id(folder), folder.durable).values()
        return any(node.dirty if isinstance(node, File) else self._is_dirty(node, folders) for node in nodes)

    def _folder(self, path: str) -> tuple[Folder, str]:
        *parts, name = os.path.relpath(path, self._top).split("/")
        folder = self._root
        for part in parts:
            inner = folder.names[part]
            assert isinstance(inner, Folder)
            folder = inner
        return folder, name

    def _find(self, path: str) -> Node:
        if path == self._top:
            return self._root
        folder, name = self._folder(path)
        return folder.names[name]

    def _file(self, path: str) -> File:
        node = self._find(path)
        assert isinstance(node, File)
        return node

    def _change(self, *parts: tuple[str, Node | None]) -> None:
        placed = [(*self._folder(path), node) for path, node in parts]
        for folder, name, node in placed:
            if node is None:
                folder.names.pop(name, None)
            else:
                folder.names[name] = node
        self._pending.append(NameChange(tuple(placed)))

    def _create(self, step: Step) -> None:
        self._change((step.path, File()))

    def _mkdir(self, step: Step) -> None:
        self._change((step.path, Folder()))

    def _link(self, step: Step) -> None:
        self._change((str(step.data), self._find(step.path)))

    def _rename(self, step: Step) -> None:
        self._change((step.path, None), (str(step.data), self._find(step.path)))

    def _unlink(self, step: Step) -> None:
        self._change((step.path, None))

    _rmdir = _unlink

    def _write(self, step: Step) -> None:
        assert isinstance(step.data, bytes)
        file = self._file(step.path)
        file.data += step.data
        file.dirty = True

    _clone = _write
    _copy = _write

    def _truncate(self, step: Step) -> None:
        assert isinstance(step.data, int)
        file = self._file(step.path)
        file.data = (file.data + bytes(step.data))[: step.data]
        file.dirty = True

    def _fsync(self, step: Step) -> None:
        file = self._file(step.path)
        file.durable, file.dirty = bytes(file.data), False

    def _syncfs(self, _step: Step) -> None:
        for file in _iter_files(self._root):
            file.durable, file.dirty = bytes(file.data), False
        self._settle(self._pending)
        self._pending = []

    def _fsync_dir(self, step: Step) -> None:
        folder = self._find(step.path)
        assert isinstance(folder, Folder)
        flushed = [change for change in self._pending if any(part[0] is folder for part in change.parts)]
        self._pending = [change for change in self._pending if change not in flushed]
        self._settle(flushed)

    def _settle(self, flushed: Iterable[NameChange]) -> None:
        for change in flushed:
            for place, name, node in change.parts:
                if node is None:
                    place.durable.pop(name, None)
                else:
                    place.durable[name] = node


def _iter_files(folder: Folder) -> Iterator[File]:
    for node in folder.names.values():
        if isinstance(node, Folder):
            yield from _iter_files(node)
        else:
            yield node


def _torn(at: int) -> Callable[[File], bytes]:
    return lambda file: bytes(file.data[:at]).ljust(len(file.data), b"\0")


SPOILS: Final[tuple[Callable[[File], bytes], ...]] = (
    lambda file: bytes(file.data),
    lambda file: file.durable,
    lambda file: bytes(len(file.data)),
    lambda file: bytes(file.data[:512]),
    _torn(512),
    _torn(4096),
)
"""What unflushed bytes may have become: all there, none, zeros, cut, torn at a sector or a page."""


def digest_tree(tree: Tree) -> bytes:
    """Return a digest by which equal states are tried once; names left in `tmp/` are nobody else's and do not count."""
    digest = hashlib.sha256()
    for path in sorted(path for path in tree if "/tmp/" not in path):
        data = tree[path]
        digest.update(f"{path}\0{-1 if data is None else len(data)}\0".encode() + (data or b""))
    return digest.digest()


def write_tree(tree: Tree, top: Path) -> None:
    """Put a state on a real disk."""
    top.mkdir(parents=True)
    for path, data in tree.items():  # a folder comes before what it holds
        if data is None:
            os.mkdir(top / path)
        else:
            (top / path).write_bytes(data)
