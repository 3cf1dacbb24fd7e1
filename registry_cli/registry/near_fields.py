"""Near fields: those that a mistyped or shortened name may stand for, such as `metrics.acc` for `acc`."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from registry_cli.catalog.read.fields import list_fields

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry_cli.registry.api import Registry

_NEAR: Final = 3
"""Most near fields."""


def list_near_fields(registry: Registry, word: str) -> list[str]:
    """Return the fields of versions that a word may stand for, nearest first."""
    return choose_near(word, registry.read(list_fields))


def choose_near(key: str, known: Sequence[str]) -> list[str]:
    """Return those of the known fields whose key, the part after the table, is near to a key, nearest first."""
    keys: dict[str, list[str]] = {}
    for field in known:
        keys.setdefault(field.partition(".")[2].casefold(), []).append(field)
    near = get_close_matches(key.casefold(), keys, n=_NEAR, cutoff=0.7)
    return [field for one in near for field in keys[one]][:_NEAR]
