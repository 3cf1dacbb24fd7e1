"""Reads the parameters that versions have from their tasks. Queries search the same values in the index's `fields`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from registry_cli.catalog.connection import marks

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from registry_cli.records.values import Value

_TRUTHS: Final = {"true": True, "false": False}


def read_params(db: sqlite3.Connection, rows: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return all parameters of some versions by row, nested names joined by dots; a list is its JSON text."""
    found: dict[int, dict[str, Any]] = {}
    query = (
        "SELECT version, field, number, text FROM fields"
        f" WHERE version IN ({marks(rows)}) AND field >= 'params.' AND field < 'params/'"
    )
    for row, field, number, text in db.execute(query, rows):
        found.setdefault(row, {})[field.partition(".")[2]] = read_value(number, text)
    return found


def add_inherited(own: Mapping[str, Value], known: Mapping[str, Any]) -> dict[str, Any]:
    """Return a version's own parameters, and after them those in `known` that only its task has."""
    from registry_cli.records.values import flatten  # a list of tasks does not need it

    mine = flatten(own, "params")
    return {**own, **{name: value for name, value in known.items() if f"params.{name}" not in mine}}


def read_value(number: int | float | None, text: str | None) -> str | int | float | bool | None:
    """Return a value from the columns that searching uses; a list is its JSON text, a time its ISO text."""
    if number is None:
        return text
    return number if text is None else _TRUTHS[text]
