"""Assigns each scalar to one file, so that two files never make one curve. Reads none of them."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path


class Names:
    """The names of the scalars in files: the first file with a name owns it, another file's scalar gets a prefix.

    The prefix is the file's stem, `log.loss`; its folder if files of that stem are in several; then ever more of the
    path. A file keeps its prefix for later scalars.
    """

    def __init__(self) -> None:
        self._given: dict[Path, dict[str, str]] = {}
        self._used: set[str] = set()
        self._prefixes: dict[Path, str] = {}

    def find(self, file: Path, names: Collection[str]) -> Mapping[str, str]:
        """Return the name to report for each name that a file, or a folder that is one source, has at one step."""
        given = self._given.setdefault(file, {})
        new = [name for name in names if name not in given]
        if new:
            prefix = next(each for each in self._iter_prefixes(file) if self._is_free(each, new))
            self._prefixes[file] = prefix
            given |= {name: prefix + name for name in new}
            self._used |= {prefix + name for name in new}
        return given

    def _is_free(self, prefix: str, names: Collection[str]) -> bool:
        return all(prefix + name not in self._used for name in names)

    def _iter_prefixes(self, file: Path) -> Iterator[str]:
        yield self._prefixes.get(file, "")
        folder, stem, name = (
            text if text.isprintable() else "file" for text in (file.parent.name, file.stem, file.name)
        )
        if any(other.stem == file.stem and other.parent != file.parent for other in self._given):
            tried = [folder, f"{folder}.{stem}"]
        else:
            tried = [stem, name, f"{folder}.{stem}"]
        yield from (f"{each}." for each in (*tried, f"{folder}.{name}"))
        yield from (f"{stem}-{number}." for number in count(2))
