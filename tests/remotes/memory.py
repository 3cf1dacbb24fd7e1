"""A remote in memory: the port in its simplest form, which the others are compared with."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, BinaryIO

from registry_cli import clock
from registry_cli.errors import RemoteError
from registry_cli.remotes.port import AbsentError, ObjectStatus, Source, is_key

if TYPE_CHECKING:
    from collections.abc import Iterator


class MemoryRemote:
    """Objects in a dict, for any number of threads of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tags = map(str, itertools.count(1))
        self._objects: dict[str, tuple[bytes, ObjectStatus]] = {}

    def get(self, key: str, start: int = 0, *, most: int) -> bytes:
        """Return a part of an object, as `Remote.get`."""
        with self._lock:
            if key not in self._objects:
                raise AbsentError(f"there is no {key}")
            return self._objects[key][0][start : start + most]

    def put_new(self, key: str, source: Source) -> bool:
        """Create an object, as `Remote.put_new`."""
        data = source if isinstance(source, bytes) else _read(source)
        if not is_key(key):
            raise RemoteError(f"{key!r} is no key of an object")
        with self._lock:
            if key in self._objects:
                return False
            self._put(key, data)
        return True

    def put_if(self, key: str, data: bytes, tag: str) -> bool:
        """Replace an object, as `Remote.put_if`."""
        with self._lock:
            if key not in self._objects or self._objects[key][1].tag != tag:
                return False
            self._put(key, data)
        return True

    def list_after(self, prefix: str, after: str = "") -> Iterator[ObjectStatus]:
        """Yield the objects after a key, as `Remote.list_after`."""
        with self._lock:
            found = [status for _, status in self._objects.values()]
        for status in sorted(found, key=lambda status: status.key):
            if status.key.startswith(prefix) and status.key > after:
                yield status

    def head(self, key: str) -> ObjectStatus | None:
        """Return the status of an object, as `Remote.head`."""
        with self._lock:
            return self._objects[key][1] if key in self._objects else None

    def delete(self, key: str) -> None:
        """Delete an object, as `Remote.delete`."""
        with self._lock:
            self._objects.pop(key, None)

    def _put(self, key: str, data: bytes) -> None:
        self._objects[key] = data, ObjectStatus(key, len(data), next(self._tags), clock.now().timestamp())


def _read(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read()
