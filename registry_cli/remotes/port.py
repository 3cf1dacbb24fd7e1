"""The port: six calls that every remote place answers, be it a folder or a bucket.

A remote holds objects, bytes under a key such as `log/00000000000000000042`. Most are created once and never change;
few are replaced, and only by a process that knows the content it replaces. Nothing else is asked of a remote: no
rename, no lock, no order of writes.

A call that raises RemoteError may have taken effect: its reply may have been lost on the way. Whoever needs to know
reads the object. What a remote returns is believed only as far as a digest proves it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol, TypeAlias

from registry_cli.dataclass import dataclass
from registry_cli.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import Iterator

Source: TypeAlias = bytes | BinaryIO
"""What an object is made of: bytes, or all of an open file."""

PART: Final = 8 << 20
"""Bytes that are asked for at a time where an object is large."""
LONGEST_KEY: Final = 512
"""Most bytes of a key, which becomes a path in a folder and a part of a URL in a bucket."""

_SEGMENT: Final = r"[A-Za-z0-9_-][A-Za-z0-9._-]*"
_KEY: Final = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*")


class AbsentError(RemoteError):
    """A remote holds no object under that key."""


@dataclass(frozen=True, slots=True)
class ObjectStatus:
    """What a remote tells of an object without its bytes.

    Attributes:
        key: Its key.
        size: Bytes.
        tag: Opaque text, another one for each content that is put under the key.
        modified: Seconds since 1970 by the remote's clock.
    """

    key: str
    size: int
    tag: str
    modified: float


class Remote(Protocol):
    """A place that holds objects.

    Every call raises RemoteError where the place cannot be reached or breaks this contract, and RefusedError where it
    denies the right.
    """

    def get(self, key: str, start: int = 0, *, most: int) -> bytes:
        """Return the bytes of an object from `start` on, up to `most` of them; none where it ends before.

        Raises:
            AbsentError: There is no such object.
        """

    def put_new(self, key: str, source: Source) -> bool:
        """Create an object, durably; return False where there is one already, which stays as it is.

        No reader ever sees a part of it.
        """

    def put_if(self, key: str, data: bytes, tag: str) -> bool:
        """Replace an object, durably, if its tag is `tag`; return False where it is another one or none."""

    def list_after(self, prefix: str, after: str = "") -> Iterator[ObjectStatus]:
        """Yield the objects whose keys begin with a prefix and come after `after`, sorted by their keys.

        An object that existed before the call is among them.
        """

    def head(self, key: str) -> ObjectStatus | None:
        """Return the status of an object, or None where there is none."""

    def delete(self, key: str) -> None:
        """Delete an object; do nothing where there is none."""


def is_key(text: str) -> bool:
    """Return whether a text is a key: segments of letters, digits, `.`, `_` and `-`, none of which begins with a dot.

    Whatever has another name in a folder or bucket is not ours, and a name that climbs out of a folder is no key.
    """
    return len(text) <= LONGEST_KEY and text.isascii() and _KEY.fullmatch(text) is not None
