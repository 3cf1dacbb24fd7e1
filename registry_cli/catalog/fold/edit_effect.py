"""The effect of `edit` on a version in the index, and the values it replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from registry_cli.catalog.documents import dump_doc, load_doc
from registry_cli.catalog.fold import changes, rules
from registry_cli.catalog.fold.blob_effects import spare
from registry_cli.catalog.fold.effect_parts import Effect, State, VoidError, check_target
from registry_cli.catalog.fold.version_rows import design_columns, field_rows
from registry_cli.errors import RegError
from registry_cli.records.version import check_labels

if TYPE_CHECKING:
    from collections.abc import Mapping


def apply_edit(state: State, change: Mapping[str, Any]) -> Effect:
    """Set and unset fields of a version.

    Raises:
        VoidError: A field is sealed, is missing, or cannot be edited.
    """
    put: Mapping[str, Any] = change.get("set", {})
    unset: list[str] = list(change.get("unset", ()))
    groups = {key.partition(".")[0] for key in [*put, *unset]}
    if not groups <= {*changes.SEALED, *changes.OPEN}:
        raise VoidError(f"{', '.join(sorted(groups))} cannot be edited")
    kind = rules.EDIT_SEALED if groups & set(changes.SEALED) else rules.EDIT_OPEN
    target = check_target(state, change, kind)
    framework, comment, text = state.db.execute(
        "SELECT framework, comment, doc FROM versions WHERE row = ?", (target.row,)
    ).fetchone()
    doc = load_doc(text)
    whole = {"framework": framework, "comment": comment, "design": doc.get("design")}
    before: dict[str, Any] = {"set": {}, "unset": []}
    for key in ("framework", "comment", "design"):
        if key in put or key in unset:
            _remember(before, key, None, whole[key])
            whole[key] = put.get(key)
    for group in changes.TABLES:
        table = dict(doc.get(group) or {})
        for key, value in sorted(put.get(group, {}).items()):
            place, last = locate(table, key)
            _remember(before, group, key, place.get(last))
            place[last] = value
        for key in [name.partition(".")[2] for name in unset if name.startswith(f"{group}.")]:
            place, last = locate(table, key)
            if last not in place:
                raise VoidError(f"{target.ref} has no {group}.{key}")
            _remember(before, group, key, place.pop(last))
        doc[group] = table
    _check_labels(dict(sorted(doc["labels"].items())))
    doc["design"] = whole["design"]
    state.db.execute(
        "UPDATE versions SET framework = ?, comment = ?, doc = ?, design = ?, design_size = ? WHERE row = ?",
        (whole["framework"], whole["comment"], dump_doc(doc), *design_columns(whole["design"]), target.row),
    )
    spare(state.db, target.row)
    state.db.execute("DELETE FROM fields WHERE version = ?", (target.row,))
    state.db.executemany("INSERT INTO fields VALUES (?, ?, ?, ?)", [(target.row, *row) for row in field_rows(doc)])
    return Effect(target.row, target.line, before)


def locate(table: dict[str, Any], key: str) -> tuple[dict[str, Any], str]:
    """Return the table that holds the value of a dotted key, and the key in it; nested tables are searched."""
    head, dot, rest = key.partition(".")
    inner = table.get(head)
    return locate(inner, rest) if dot and key not in table and isinstance(inner, dict) else (table, key)


def _check_labels(labels: Mapping[str, Any]) -> None:
    try:
        check_labels(labels)
    except RegError as error:
        raise VoidError(error.message) from None


def _remember(before: dict[str, Any], group: str, key: str | None, value: object) -> None:
    name = group if key is None else f"{group}.{key}"
    if value is None:
        before["unset"].append(name)
    elif key is None:
        before["set"][group] = value
    else:
        before["set"].setdefault(group, {})[key] = value
