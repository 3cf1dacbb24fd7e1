"""What versions and publications are made of: files, parents, a design."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from registry_cli.ids import BlobHash, VersionId, Xxh3

INLINE_DESIGN: Final = 4096
"""A design above this many bytes is kept as a blob."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of a version; without `sha256` it is external and not yet read.

    Attributes:
        path: Relative, `/` between its parts.
        size: Bytes.
        url: Where an external file lies; None for one kept as a blob.
    """

    path: str
    size: int | None = None
    sha256: BlobHash | None = None
    xxh3: Xxh3 | None = None
    media: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Parent:
    """A pointer to a version this one was made from."""

    id: VersionId
    role: str


@dataclass(frozen=True, slots=True)
class Design:
    """A network's design, given back byte for byte: `text`, or a blob where it is longer than `INLINE_DESIGN`."""

    media: str
    text: str | None = None
    sha256: BlobHash | None = None
    xxh3: Xxh3 | None = None
    size: int | None = None
