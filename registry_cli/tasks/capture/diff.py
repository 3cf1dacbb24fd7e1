"""A diff of git taken apart file by file, and the files in it that hold secrets left out. Runs nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from registry_cli.secrets.names import is_secret_file
from registry_cli.secrets.tokens import find_token

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HEADER: Final = re.compile(rb"^diff --git ", re.MULTILINE)
"""No line of a file's content begins so: a sign stands before it."""
_BINARY: Final = b"\nGIT binary patch\n"
_ESCAPE: Final = re.compile(rb"\\([0-7]{3}|.)")
_ESCAPES: Final = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
NAMED: Final = "its name"
"""Why a file is left out that is called as one of secrets is."""


@dataclass(frozen=True, slots=True)
class Section:
    """What a diff says of one file.

    Attributes:
        path: Relative to the root of the work tree, as a record can name it.
        text: Up to the next file.
    """

    path: str
    text: bytes

    @property
    def binary(self) -> bool:
        """Whether the file's content is packed, so that nobody can look for a secret in it."""
        return _BINARY in self.text


def iter_sections(diff: bytes) -> Iterator[Section]:
    """Yield a diff file by file, in order; it is made without renames and with the prefixes `a/` and `b/`."""
    starts = [match.start() for match in _HEADER.finditer(diff)]
    for start, stop in pairwise([*starts, len(diff)]):
        text = diff[start:stop]
        yield Section(parse_path(text.partition(b"\n")[0]), text)


def find_secret(section: Section) -> str | None:
    """Return why a file of a diff is not to be kept, in words; None where nothing speaks against it."""
    if is_secret_file(section.path):
        return NAMED
    kind = find_token(section.text)
    return f"a {kind}" if kind else None


def leave_out(diff: bytes, paths: Mapping[str, str]) -> bytes:
    """Return a diff without these files."""
    return b"".join(section.text for section in iter_sections(diff) if section.path not in paths)


def parse_path(header: bytes) -> str:
    """Return the path of a line `diff --git a/PATH b/PATH`, or of `diff --cc PATH` as a merge has it.

    Both halves are alike, and in quotes where they must be.
    """
    kind, _, path = header.removeprefix(b"diff --").partition(b" ")
    if kind == b"git":
        path = path[: len(path) // 2]
    if path.startswith(b'"'):
        path = _ESCAPE.sub(_unescape, path[1:-1])
    return path.removeprefix(b"a/" if kind == b"git" else b"").decode(errors="replace")


def _unescape(match: re.Match[bytes]) -> bytes:
    code = match[1]
    return bytes([int(code, 8)]) if len(code) == 3 else _ESCAPES.get(code, code)
