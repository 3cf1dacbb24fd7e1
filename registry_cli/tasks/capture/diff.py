"""Splits a diff of git by files, and leaves out those that hold secrets. Runs nothing."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from registry_cli.dataclass import dataclass
from registry_cli.secrets.names import is_secret_file
from registry_cli.secrets.tokens import find_token

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HEADER: Final = re.compile(rb"^diff --git ", re.MULTILINE)
"""No line of a file's content begins like this, as it is preceded by a sign."""
_BINARY: Final = b"\nGIT binary patch\n"
_ESCAPE: Final = re.compile(rb"\\([0-7]{3}|.)")
_ESCAPES: Final = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
NAMED: Final = "its name"
"""Reason for leaving out a file whose name is typical of secrets."""


@dataclass(frozen=True, slots=True)
class Section:
    """The part of a diff about one file.

    Attributes:
        path: Path relative to the root of the work tree, as a record can name it.
        text: The bytes up to the next file.
    """

    path: str
    text: bytes

    @property
    def binary(self) -> bool:
        """True where the file's content is packed, so that it cannot be searched for a secret."""
        return _BINARY in self.text


def iter_sections(diff: bytes) -> Iterator[Section]:
    """Yield a diff file by file, in order; the diff has no renames and the prefixes `a/` and `b/`."""
    starts = [match.start() for match in _HEADER.finditer(diff)]
    for start, stop in pairwise([*starts, len(diff)]):
        text = diff[start:stop]
        yield Section(parse_path(text.partition(b"\n")[0]), text)


def find_secret(section: Section) -> str | None:
    """Return the reason not to store a file of a diff, in words; None if there is none."""
    if is_secret_file(section.path):
        return NAMED
    kind = find_token(section.text)
    return f"a {kind}" if kind else None


def leave_out(diff: bytes, paths: Mapping[str, str]) -> bytes:
    """Return a diff without these files."""
    return b"".join(section.text for section in iter_sections(diff) if section.path not in paths)


def parse_path(header: bytes) -> str:
    """Return the path of a line `diff --git a/PATH b/PATH`, or of `diff --cc PATH` in a merge.

    Both halves name the same path, in quotes where necessary.
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
