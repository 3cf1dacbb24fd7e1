"""The probe of a remote: what it does with calls that all safety rests on, tried out before it is used.

Some servers accept a second creation of an object and overwrite the first, and say nothing. On such a place one of two
pushes is lost, so it is not written to unless its user says that nobody else does.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from registry_cli import clock
from registry_cli.dataclass import dataclass
from registry_cli.errors import RefusedError, RemoteError
from registry_cli.ids import new_ulid

if TYPE_CHECKING:
    from registry_cli.remotes.port import Remote

PREFIX: Final = "probe/"
"""Keys of the objects that a probe makes and deletes."""
_FIRST: Final = b"the first content, of which a range is read"
_SECOND: Final = b"the second"


@dataclass(frozen=True, slots=True)
class Probe:
    """What a remote does.

    Attributes:
        creates_once: A second creation is refused, and the first content stays.
        replaces_known: An object is replaced only by those who know its tag.
        lists_new: A listing holds an object that has just been created.
        reads_ranges: A part of an object is read exactly.
        ahead: Seconds by which the remote's clock is ahead of ours.
    """

    creates_once: bool
    replaces_known: bool
    lists_new: bool
    reads_ranges: bool
    ahead: float

    def list_faults(self) -> list[str]:
        """Return what the remote does wrong, in words."""
        return [fault for name, fault in _FAULTS.items() if not getattr(self, name)]

    def check_writable(self, url: str) -> None:
        """Check that several may write to the remote.

        Raises:
            RefusedError: It would lose what one of two writers has written.
        """
        faults = self.list_faults()
        if faults:
            raise RefusedError(f"{url} cannot be shared by several writers: it {', and it '.join(faults)}")


_FAULTS: Final = {
    "creates_once": "accepts a second object of the same name",
    "replaces_known": "replaces an object whatever its content is",
    "lists_new": "does not list an object that was just created",
    "reads_ranges": "does not read a part of an object",
}


def probe_remote(remote: Remote) -> Probe:
    """Try out what a remote does; the objects that it takes are deleted again.

    Raises:
        RemoteError: It cannot be reached.
        RefusedError: It denies the right to read, write or list.
    """
    key = f"{PREFIX}{new_ulid()}"
    try:
        before = clock.now().timestamp()
        created = remote.put_new(key, _FIRST)
        after = clock.now().timestamp()
        again = remote.put_new(key, _SECOND)
        status = remote.head(key)
        if not created or status is None:
            raise RemoteError("an object that was just created is not there")
        creates_once = not again and remote.get(key, most=len(_FIRST) + 1) == _FIRST
        reads_ranges = remote.get(key, 4, most=5) == remote.get(key, most=64)[4:9]
        lists_new = key in {one.key for one in remote.list_after(PREFIX, key[:-1])}
        replaces_known, ahead = _replaces_known(remote, key), _ahead(before, status.modified, after)
        return Probe(creates_once, replaces_known, lists_new, reads_ranges, ahead)
    finally:
        with suppress(RemoteError, RefusedError):
            remote.delete(key)


def _replaces_known(remote: Remote, key: str) -> bool:
    """Return whether an object is replaced by a process that knows its tag, and not by one that knows an older one."""
    known = remote.head(key)
    if known is None or not remote.put_if(key, _FIRST + b"!", known.tag):
        return False
    return not remote.put_if(key, _SECOND, known.tag) and remote.get(key, most=64) == _FIRST + b"!"


def _ahead(before: float, modified: float, after: float) -> float:
    """Return by how much a time lies outside the two between which it was taken; 0 between them."""
    return min(modified - before, 0.0) + max(modified - after, 0.0)
