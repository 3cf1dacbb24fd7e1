"""A remote whose calls fail as those of a network do, by a seed: a double, as no real store fails on demand."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TypeVar

from registry_cli.dataclass import replace
from registry_cli.errors import RemoteError
from registry_cli.remotes.port import ObjectStatus, Remote, Source

T = TypeVar("T")

FAULTS = ("lost reply", "lost request", "conflict", "truncated", "wrong bytes", "stale list", "stall")


class FaultRemote:
    """Another remote, behind a bad connection.

    Args:
        remote: The place itself.
        seed: Decides which calls fail, and how.
        rates: The chance of each of `FAULTS` at a call; those that are not named do not happen.
        ahead: Seconds by which its clock is ahead.
        stall: Called where a call stalls, in place of a wait.

    Attributes:
        calls: How often each call was made.
        happened: How often each fault has happened.
    """

    def __init__(
        self, remote: Remote, seed: int = 0, *, rates: dict[str, float] | None = None, ahead: float = 0.0,
        stall: Callable[[], object] = lambda: None,
    ) -> None:  # fmt: skip
        self._remote = remote
        self._chance = random.Random(seed)
        self._rates = rates or {}
        assert set(self._rates) <= set(FAULTS)
        self._ahead = ahead
        self._stall = stall
        self._newest: str | None = None
        self.calls: Counter[str] = Counter()
        self.happened: Counter[str] = Counter()

    def get(self, key: str, start: int = 0, *, most: int) -> bytes:
        data = self._call("get", lambda: self._remote.get(key, start, most=most))
        if data and self._draw("truncated"):
            return data[: self._chance.randrange(len(data))]
        if data and self._draw("wrong bytes"):
            at = self._chance.randrange(len(data))
            return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        return data

    def put_new(self, key: str, source: Source) -> bool:
        self.calls["put_new"] += 0
        if self._draw("conflict"):  # as S3 answers racing creations, of which then none may have landed
            self.calls["put_new"] += 1
            return False
        created = self._call("put_new", lambda: self._remote.put_new(key, source))
        self._newest = key if created else self._newest
        return created

    def put_if(self, key: str, data: bytes, tag: str) -> bool:
        return self._call("put_if", lambda: self._remote.put_if(key, data, tag))

    def list_after(self, prefix: str, after: str = "") -> Iterator[ObjectStatus]:
        stale = self._draw("stale list")
        for status in self._call("list_after", lambda: list(self._remote.list_after(prefix, after))):
            if not (stale and status.key == self._newest):
                yield replace(status, modified=status.modified + self._ahead)

    def head(self, key: str) -> ObjectStatus | None:
        status = self._call("head", lambda: self._remote.head(key))
        return None if status is None else replace(status, modified=status.modified + self._ahead)

    def delete(self, key: str) -> None:
        self._call("delete", lambda: self._remote.delete(key))

    def _call(self, name: str, call: Callable[[], T]) -> T:
        self.calls[name] += 1
        if self._draw("stall"):
            self._stall()
        if self._draw("lost request"):
            raise RemoteError("connection reset")
        result = call()
        if self._draw("lost reply"):
            raise RemoteError("connection reset")
        return result

    def _draw(self, fault: str) -> bool:
        if self._chance.random() >= self._rates.get(fault, 0.0):
            return False
        self.happened[fault] += 1
        return True
