"""The parts of versions and publications: files, parents, a design.

Records and indexes may come from strangers, so no part can be constructed with a path that climbs or an invalid digest:
callers may join them to a folder without another check.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from registry_cli.dataclass import dataclass
from registry_cli.errors import CorruptError, UsageError
from registry_cli.records.paths import check_path

if TYPE_CHECKING:
    from registry_cli.ids import BlobHash, VersionId, Xxh3

INLINE_DESIGN: Final = 4096
"""Bytes above which a design is stored as a blob."""
EXECUTABLE: Final = "executable"
"""The media type of a task's file that its owner may execute; of a version's file a parameter of its media type.

Every program copies a media type as it is, so that one that does not know the parameter loses nothing.
"""
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_XXH3: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of a version; without `sha256` it is external and not yet read.

    Attributes:
        path: Relative, `/` between its parts.
        size: Bytes.
        url: Location of an external file; None for one stored as a blob.

    Raises:
        CorruptError: The path leaves its folder, a digest or size is invalid, or nothing says where the bytes are.
    """

    path: str
    size: int | None = None
    sha256: BlobHash | None = None
    xxh3: Xxh3 | None = None
    media: str | None = None
    url: str | None = None

    def __post_init__(self) -> None:
        check_text(self.path, self.media, self.url)
        try:
            check_path(self.path)
        except UsageError as error:
            raise CorruptError(error.message) from None
        _check_bytes(self.sha256, self.xxh3, self.size)
        if not self.url and None in (self.sha256, self.xxh3, self.size):
            raise CorruptError(f"{self.path!r} has neither digests nor a URL")

    @property
    def executable(self) -> bool:
        """True where the owner of the file may execute it."""
        return self.media == EXECUTABLE or (self.media or "").endswith(f"; {EXECUTABLE}=1")


@dataclass(frozen=True, slots=True)
class Parent:
    """A pointer to a version this one was made from.

    Raises:
        CorruptError: The id is not a digest.
    """

    id: VersionId
    role: str

    def __post_init__(self) -> None:
        check_text(self.role)
        _check_digest(_SHA256, self.id)


@dataclass(frozen=True, slots=True)
class Design:
    """A network's design, returned byte for byte: `text`, or a blob where it is longer than `INLINE_DESIGN`.

    Raises:
        CorruptError: A digest or size is invalid.
    """

    media: str
    text: str | None = None
    sha256: BlobHash | None = None
    xxh3: Xxh3 | None = None
    size: int | None = None

    def __post_init__(self) -> None:
        check_text(self.media, self.text)
        _check_bytes(self.sha256, self.xxh3, self.size)


def _check_bytes(sha256: object, xxh3: object, size: object) -> None:
    if sha256 is not None:
        _check_digest(_SHA256, sha256)
    if xxh3 is not None:
        _check_digest(_XXH3, xxh3)
    if size is not None and not (isinstance(size, int) and 0 <= size < 1 << 63):
        raise CorruptError(f"{size!r:.60} is not a size in bytes")


def _check_digest(pattern: re.Pattern[str], digest: object) -> None:
    if not isinstance(digest, str) or not pattern.fullmatch(digest):
        raise CorruptError(f"{digest!r:.80} is not a digest")


def check_digests(*sha256: object, size: object = None) -> None:
    """Check SHA-256 digests, and a size in bytes.

    Raises:
        CorruptError: One of them is invalid.
    """
    for digest in sha256:
        _check_digest(_SHA256, digest)
    _check_bytes(None, None, size)


def check_text(*values: object) -> None:
    """Check that each value is text or None.

    Raises:
        CorruptError: One is neither.
    """
    for value in values:
        if value is not None and not isinstance(value, str):
            raise CorruptError(f"{value!r:.60} is not text")
