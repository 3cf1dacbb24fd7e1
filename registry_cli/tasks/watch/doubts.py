"""The doubts about the numbers of one file: what was not read, or was read in one of two ways."""

from __future__ import annotations

from typing import Final

BEYOND: Final = "a number beyond the range of a float is not read"
COMMA: Final = "a comma between digits may mark decimals or thousands, and the number is not read"
REPEATED: Final = "given more than once in one row or object, and only the last value is read"
NOTHING: Final = "no number was read from it"
_SHOWN: Final = 3


class Doubts:
    """Collects the names of columns and keys by the reason to doubt their numbers."""

    def __init__(self) -> None:
        self._names: dict[str, dict[str, None]] = {}

    def add(self, why: str, name: str) -> None:
        """Add a name under a reason, once."""
        self._names.setdefault(why, {})[name] = None

    def list_sentences(self) -> list[str]:
        """Return one sentence per reason, which begins with the first of its names."""
        return [f"{_join(list(names))}: {why}" for why, names in self._names.items()]


def _join(names: list[str]) -> str:
    more = [f"{len(names) - _SHOWN} more"] if len(names) > _SHOWN else []
    shown = [*map(repr, names[:_SHOWN]), *more]
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))
