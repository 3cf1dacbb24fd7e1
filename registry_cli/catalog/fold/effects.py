"""The effects of changes on the index: one handler for each operation, in the order of the table `HANDLERS`.

A handler reads the rows it needs, raises `VoidError` where the rules forbid the change, writes, and returns what it
replaced, enough to undo it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from registry_cli.catalog.connection import find_value, list_column
from registry_cli.catalog.fold import changes, rules
from registry_cli.catalog.fold.blob_effects import collect, spare
from registry_cli.catalog.fold.edit_effect import apply_edit
from registry_cli.catalog.fold.effect_parts import (
    Effect,
    State,
    Target,
    VoidError,
    check_target,
    find_target,
    note_damaged,
)
from registry_cli.catalog.fold.task_effects import apply_task, inherit
from registry_cli.catalog.fold.version_rows import broken_version_rows
from registry_cli.catalog.seals import FILES, LINE, MOVES, NAMES, SETTINGS, VERSION
from registry_cli.errors import RegError
from registry_cli.ids import VersionId, line_key, parse_model_name, project_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from registry_cli.catalog.fold.version_rows import VersionRows


def _add_version(state: State, change: Mapping[str, Any]) -> Effect:
    version = VersionId(change["version"])
    if state.db.execute("SELECT 1 FROM versions WHERE id = ?", (version,)).fetchone():
        raise VoidError(f"version {version[:12]} is there already")
    rows = _rows(state, version)
    for parent, _ in rows.parents:
        if not state.db.execute("SELECT 1 FROM versions WHERE id = ?", (parent,)).fetchone():
            raise VoidError(f"parent {parent[:12]} of version {version[:12]} is not in the registry")
    line = _line_for(state, str(change["model"]))
    state.seals.renew(LINE, line)
    number = state.db.execute(
        "UPDATE lines SET last_number = last_number + 1 WHERE id = ? RETURNING last_number", (line,)
    ).fetchone()[0]
    row = state.db.execute(
        "INSERT INTO versions (id, line, number, framework, author, created, step, task, size, comment, doc, design,"
        " design_size, broken, attempt) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
        " (SELECT attempt FROM attempts WHERE id = ? AND newest = 1 AND attempt > 0))",
        (version, line, number, *rows.columns, rows.doc, *rows.design, rows.broken, rows.task),
    ).lastrowid
    assert row is not None
    state.seals.renew(VERSION, row, new=True)
    state.seals.renew(FILES, row, new=True)
    state.db.executemany("INSERT INTO fields VALUES (?, ?, ?, ?)", [(row, *field) for field in rows.fields])
    state.db.executemany("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?)", [(row, *file) for file in rows.files])
    state.db.executemany(
        "INSERT INTO parents VALUES (?, ?, ?, ?)",
        [(row, position, *parent) for position, parent in enumerate(rows.parents)],
    )
    spare(state.db, row)
    if rows.task is not None:
        inherit(state.db, row, rows.task)
    return Effect(row, line, None)


def _rows(state: State, version: VersionId) -> VersionRows:
    """Return a version's rows; a damaged record gives rows that say so, so that all other versions stay readable."""
    try:
        return state.version_rows(version)
    except RegError as error:
        note_damaged(state, version)
        return broken_version_rows(version, state.entry, error.message)


def _tag(state: State, change: Mapping[str, Any]) -> Effect:
    target = check_target(state, change, changes.TAG)
    held = set(list_column(state.db, "SELECT tag FROM tags WHERE version = ?", target.row))
    added = sorted(set(change.get("add", ())) - held)
    removed = sorted(set(change.get("remove", ())) & held)
    state.db.executemany("DELETE FROM tags WHERE version = ? AND tag = ?", [(target.row, tag) for tag in removed])
    state.db.executemany("INSERT INTO tags VALUES (?, ?)", [(target.row, tag) for tag in added])
    return Effect(target.row, target.line, {"added": added, "removed": removed})


def _alias(state: State, change: Mapping[str, Any]) -> Effect:
    name = str(change["alias"])
    new = check_target(state, change, changes.ALIAS) if "version" in change else None
    old = find_target(state, VersionId(change["old"])) if "old" in change else None
    line = new.line if new else old.line if old else None
    if line is None:
        raise VoidError(f"alias {name} names no version")
    held = find_value(state.db, "SELECT version FROM aliases WHERE line = ? AND alias = ?", line, name)
    if held != (old.row if old else None):
        raise VoidError(f"alias {name} was moved by somebody else")
    move_alias(state, line, name, new.row if new else None)
    return Effect(new.row if new else old.row if old else None, line, {"old": old.id if old else None})


def move_alias(state: State, line: int, name: str, version: int | None) -> None:
    """Move an alias of a line to `version`, or remove it where that is None."""
    state.seals.renew(LINE, line)
    state.seals.renew(MOVES, line)
    if version is None:
        state.db.execute("DELETE FROM aliases WHERE line = ? AND alias = ?", (line, name))
    else:
        state.db.execute("INSERT OR REPLACE INTO aliases VALUES (?, ?, ?)", (line, name, version))
    state.db.execute(
        "INSERT INTO moves (line, alias, version, seq) VALUES (?, ?, ?, ?)", (line, name, version, state.entry.seq)
    )


def _publish(state: State, change: Mapping[str, Any]) -> Effect:
    target = check_target(state, change, changes.PUBLISH)
    state.db.execute("UPDATE versions SET publication = ? WHERE row = ?", (change["publication"], target.row))
    return Effect(target.row, target.line, None)


def _archive(state: State, change: Mapping[str, Any]) -> Effect:
    target = check_target(state, change, changes.ARCHIVE)
    state.db.execute("UPDATE versions SET archived = 1 WHERE row = ?", (target.row,))
    return Effect(target.row, target.line, None)


def _restore(state: State, change: Mapping[str, Any]) -> Effect:
    target = check_target(state, change, changes.RESTORE)
    ended = "removed" if target.removed else "archived"
    state.db.execute(f"UPDATE versions SET {ended} = 0 WHERE row = ?", (target.row,))
    spare(state.db, target.row)
    return Effect(target.row, target.line, {"ended": ended})


def _remove(state: State, change: Mapping[str, Any]) -> Effect:
    target = find_target(state, VersionId(change["version"]))
    states = rules.statuses_of(published=target.published, archived=target.archived, removed=target.removed)
    needed = rules.answer(changes.REMOVE, states)
    if needed == "no":
        raise VoidError(f"{target.ref} is {' and '.join(states)}: it cannot be removed")
    held = list_column(state.db, "SELECT alias FROM aliases WHERE version = ?", target.row)
    reason = "is published" if needed == "force" else f"holds alias {held[0]}" if held else _descendant(state, target)
    if reason and not (change.get("force") and state.entry.message):
        raise VoidError(f"{target.ref} {reason}: removing it takes --force and a reason (-m)")
    for name in held:
        move_alias(state, target.line, name, None)
    state.db.execute("UPDATE versions SET removed = 1 WHERE row = ?", (target.row,))
    return Effect(target.row, target.line, {"aliases": held})


def _rename(state: State, change: Mapping[str, Any]) -> Effect:
    line = state.seals.find_line(str(change["model"]))
    if line is None:
        raise VoidError(f"no model {change['model']}")
    try:
        to = parse_model_name(str(change["to"]))
    except RegError as error:
        raise VoidError(error.message) from None
    owner = state.seals.find_line(to)
    if owner is not None and owner != line:
        raise VoidError(f"{to} names another model, or once did")
    state.seals.renew(LINE, line)
    state.seals.renew(NAMES, 0)
    old = state.db.execute("SELECT name FROM lines WHERE id = ?", (line,)).fetchone()[0]
    key = line_key(to)
    state.db.execute("INSERT OR REPLACE INTO names VALUES (?, ?, ?)", (key, line, to))
    state.db.execute(
        "UPDATE lines SET key = ?, name = ?, project = ? WHERE id = ?", (key, to, line_key(project_of(to)), line)
    )
    return Effect(None, line, {"name": old})


def _digest(state: State, change: Mapping[str, Any]) -> Effect:
    target = check_target(state, change, changes.DIGEST)
    state.seals.renew(FILES, target.row)
    path = str(change["path"])
    known = state.db.execute("SELECT sha256 FROM files WHERE version = ? AND path = ?", (target.row, path)).fetchone()
    if known is None:
        raise VoidError(f"{target.ref} has no file {path}")
    if known[0] is not None and known[0] != change["sha256"]:
        raise VoidError(f"{path} of {target.ref} is known with another digest")
    state.db.execute(
        "UPDATE files SET size = ?, sha256 = ?, xxh3 = ? WHERE version = ? AND path = ?",
        (change["size"], change["sha256"], change["xxh3"], target.row, path),
    )
    state.db.execute(
        "UPDATE versions SET size = (SELECT COALESCE(SUM(size), 0) FROM files WHERE version = ?1) WHERE row = ?1",
        (target.row,),
    )
    spare(state.db, target.row)
    return Effect(target.row, target.line, None)


def _setting(state: State, change: Mapping[str, Any]) -> Effect:
    key = str(change["key"])
    state.seals.renew(SETTINGS, 0)
    held = find_value(state.db, "SELECT value FROM settings WHERE key = ?", key)
    if "value" in change:
        state.db.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (key, json.dumps(change["value"])))
    else:
        state.db.execute("DELETE FROM settings WHERE key = ?", (key,))
    return Effect(None, None, {"value": json.loads(held) if held else None})


HANDLERS: Final[dict[str, Callable[[State, Mapping[str, Any]], Effect]]] = {
    changes.ADD_VERSION: _add_version,
    changes.TAG: _tag,
    changes.ALIAS: _alias,
    changes.EDIT: apply_edit,
    changes.PUBLISH: _publish,
    changes.ARCHIVE: _archive,
    changes.RESTORE: _restore,
    changes.REMOVE: _remove,
    changes.RENAME: _rename,
    changes.DIGEST: _digest,
    changes.SETTING: _setting,
    changes.TASK: apply_task,
    **dict.fromkeys(changes.COLLECTION, collect),
}


def _line_for(state: State, text: str) -> int:
    found = state.seals.find_line(text)
    if found is not None:
        return found
    try:
        name = parse_model_name(text)
    except RegError as error:
        raise VoidError(error.message) from None
    line = state.db.execute(
        "INSERT INTO lines (key, name, project, last_number) VALUES (?, ?, ?, 0)",
        (line_key(name), name, line_key(project_of(name))),
    ).lastrowid
    assert line is not None
    state.seals.renew(LINE, line, new=True)
    state.seals.renew(MOVES, line, new=True)
    state.seals.renew(NAMES, 0)
    state.db.execute("INSERT INTO names VALUES (?, ?, ?)", (line_key(name), line, name))
    return line


def _descendant(state: State, target: Target) -> str | None:
    query = (
        "SELECT l.name || ':' || v.number FROM parents p JOIN versions v ON v.row = p.child"
        " JOIN lines l ON l.id = v.line WHERE p.parent = ? AND v.removed = 0 LIMIT 1"
    )
    child = find_value(state.db, query, target.id)
    return f"is a parent of {child}" if child else None
