"""Resolves addresses: finds the version that a user names. The only resolver, for the command line, Python and URLs.

`address_form.py` has the forms of an address.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from registry_cli import env
from registry_cli.catalog.connection import BATCH, find_value, list_column, span_of
from registry_cli.catalog.read.address_form import INPUT, Address, parse_address
from registry_cli.catalog.read.models import find_line
from registry_cli.catalog.read.task_address import list_outputs
from registry_cli.catalog.seals import LINE, VERSION, DoubtError, check, read_lines, read_moves
from registry_cli.errors import AmbiguousError, NotFoundError, UsageError
from registry_cli.ids import ModelName, TaskId, parse_model_name

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

SHORTEST_PREFIX: Final = 4
"""Fewest hex digits of an id prefix."""


def resolve_exact(db: sqlite3.Connection, text: str, verb: str, *, rest: str = "") -> int:
    """Return the row of the one version that `text` names exactly; for verbs that seal or hide.

    Raises:
        UsageError: The text is a bare name, which may mean another version tomorrow; the hint has the exact address.
        NotFoundError: It names nothing.
        AmbiguousError: It names several versions.
    """
    address = parse_address(text)
    if not address.exact:
        row = _resolve(db, address)
        name, number = _ref(db, row)
        raise UsageError(
            f"`{verb}` wants one exact version, and {text} is whatever comes last",
            hint=f"reg model {verb} {_quoted(f'{name}:{number}')}{rest}",
        )
    return _resolve(db, address)


def resolve(db: sqlite3.Connection, text: str) -> int:
    """Return the row of the version that `text` names.

    Raises:
        UsageError: The text is not an address.
        NotFoundError: It names nothing; the message lists similar names.
        AmbiguousError: It names several versions; the message lists them.
    """
    return _resolve(db, parse_address(text))


def get_line(db: sqlite3.Connection, name: str) -> int:
    """Return the line that a name belongs to.

    Raises:
        NotFoundError: No model has or had the name; the message lists similar names.
    """
    line = find_line(db, parse_model_name(name))
    if line is None:
        from registry_cli.near import did_you_mean

        raise NotFoundError(f"no model named `{name}`{did_you_mean(list_near_names(db, name))}", hint="reg model list")
    return line


def _resolve(db: sqlite3.Connection, address: Address) -> int:
    if address.prefix is not None:
        return _by_prefix(db, address.prefix)
    if address.task is not None:
        return _by_task(db, address)
    if address.input is not None:
        return _by_input(db, address.input)
    assert address.name is not None
    line = get_line(db, address.name)
    if address.number is not None:
        row = _by_number(db, line, address)
    elif address.alias is not None:
        row = _by_alias(db, line, address)
    else:
        row = _latest(db, line, address.name)
    return _earlier(db, line, row, address) if address.back else row


def _by_prefix(db: sqlite3.Connection, prefix: str) -> int:
    if len(prefix) < SHORTEST_PREFIX:
        raise NotFoundError(
            f"`{prefix}` is too short for an id of {SHORTEST_PREFIX} hex digits or more", hint="reg help addresses"
        )
    found = db.execute(
        "SELECT o.row, v.id, l.name, v.number FROM versions o CROSS JOIN versions v ON v.row = o.row"
        " LEFT JOIN lines l ON l.id = v.line WHERE o.id >= ? AND o.id < ? LIMIT 10",
        span_of(prefix),
    ).fetchall()
    check(db, VERSION, [row for row, *_ in found])
    if (
        not found
        and db.execute("SELECT 1 FROM versions NOT INDEXED WHERE id >= ? AND id < ?", span_of(prefix)).fetchone()
    ):
        raise DoubtError("the index of ids misses one")
    if any(not version.startswith(prefix) for _, version, *_ in found):
        raise DoubtError("an id leads to another version")
    if not found:
        raise NotFoundError(
            f"no version with an id that starts with `{prefix}`", hint="reg model query --columns id,name,number"
        )
    if len(found) > 1:
        shown = ", ".join(f"{version[:12]} ({name}:{number})" for _, version, name, number in found)
        raise AmbiguousError(f"`{prefix}` is ambiguous: {shown}", hint=f"reg model show {found[0][1][:12]}")
    return int(found[0][0])


def resolve_all(db: sqlite3.Connection, text: str) -> list[int]:
    """Return the rows of all versions that `text` names: one, or the outputs of a task as `list_outputs` lists them.

    Raises the same errors as `resolve`.
    """
    address = parse_address(text)
    return list_outputs(db, address.task) if address.task is not None else [_resolve(db, address)]


def _by_task(db: sqlite3.Connection, address: Address) -> int:
    assert address.task is not None
    found = list_outputs(db, address.task)
    if len(found) > 1:
        shown = ", ".join("{}:{}".format(*_ref(db, row)) for row in found[:10])
        raise AmbiguousError(f"`{address.text}` has several outputs: {shown}", hint="reg help addresses")
    return found[0]


def _by_input(db: sqlite3.Connection, name: str) -> int:
    """Return the row of an input of the task that the environment names."""
    task = env.read(env.REG_TASK)
    if task is None:
        problem = f"{INPUT}{name} is an input of the task that runs, and no task runs here"
        raise NotFoundError(problem, hint="reg help addresses")
    from registry_cli.catalog.read.tasks import list_task_inputs  # other addresses do not need it

    inputs = {one.name: one.version for one in list_task_inputs(db, TaskId(task))}
    if name not in inputs:
        known = f"it has {', '.join(inputs)}" if inputs else "it has none"
        raise NotFoundError(f"the task that runs has no input `{name}`: {known}", hint=f"reg task show {task}")
    return _by_prefix(db, inputs[name])


def _by_number(db: sqlite3.Connection, line: int, address: Address) -> int:
    number = address.number or 0
    found = _rows_of(db, line, number - 1, number)
    if not found:
        last = _last_number(db, line)
        if 0 < number <= last:
            raise DoubtError(f"version {number} is missing")
        raise NotFoundError(
            f"{address.name} has no version {address.number}, its last is {last}",
            hint=f"reg model history {_quoted(str(address.name))}",
        )
    return found[number]


def _by_alias(db: sqlite3.Connection, line: int, address: Address) -> int:
    held = dict(read_lines(db, [line])[line][1])
    alias = address.alias
    if alias is not None and alias not in held:
        from registry_cli.catalog.read.aliases import find_spelling  # where it is held under that name, not needed

        alias = find_spelling(db, line, alias)
    found = held.get(str(alias))
    if address.ago:
        found = _held_before(db, line, str(alias), address.ago - (found is None))
    if found is None:
        ago = f", {address.ago} back" if address.ago else ""
        others = f": it has {', '.join(held)}" if held else ""
        raise NotFoundError(
            f"{address.name} has no alias `{address.alias}`{ago}{others}",
            hint=f"reg model alias --list {_quoted(str(address.name))}",
        )
    return int(found)


def _held_before(db: sqlite3.Connection, line: int, alias: str, ago: int) -> int | None:
    """Return the row of the version that held an alias `ago` holders before the last one, from the line's moves."""
    holders = [version for _, name, version, _ in read_moves(db, line) if name == alias and version is not None]
    return holders[-1 - ago] if ago < len(holders) else None


def _latest(db: sqlite3.Connection, line: int, name: ModelName) -> int:
    for row in _iter_live(db, line, _last_number(db, line)):
        return row
    raise NotFoundError(f"every version of {name} is archived or removed", hint=f"reg model history {_quoted(name)}")


def _earlier(db: sqlite3.Connection, line: int, row: int, address: Address) -> int:
    check(db, VERSION, [row])
    (number,) = db.execute("SELECT number FROM versions WHERE row = ?", (row,)).fetchone()
    for found in islice(_iter_live(db, line, number - 1), address.back - 1, None):
        return found
    raise NotFoundError(
        f"{address.name} has no {address.back} live versions before that one",
        hint=f"reg model history {_quoted(str(address.name))}",
    )


def _iter_live(db: sqlite3.Connection, line: int, number: int) -> Iterator[int]:
    """Yield the rows of a line's versions that are neither archived nor removed, from a number downward.

    Raises:
        DoubtError: A number is missing, or a row differs from what the fold wrote.
    """
    size = 1
    while number > 0:
        below = max(number - size, 0)
        found = _rows_of(db, line, below, number)
        if len(found) != number - below:
            raise DoubtError("a version is missing")
        check(db, VERSION, list(found.values()))
        for at in range(number, below, -1):
            states = db.execute("SELECT archived, removed FROM versions WHERE row = ?", (found[at],)).fetchone()
            if states == (0, 0):
                yield found[at]
        number, size = below, min(size * 4, BATCH)


def _rows_of(db: sqlite3.Connection, line: int, below: int, number: int) -> dict[int, int]:
    """Return the rows of a line's versions above `below`, up to a number, by number.

    Raises:
        DoubtError: The index of numbers leads to another version.
    """
    query = "SELECT row FROM versions WHERE line = ? AND number > ? AND number <= ?"
    found: dict[int, int] = {}
    for row in list_column(db, query, line, below, number):
        # selected by row, the number comes from the table and not from the index
        there = find_value(db, "SELECT number FROM versions WHERE row = ? AND line = ?", row, line)
        if there is None or there not in range(below + 1, number + 1):
            raise DoubtError("a number leads to another version")
        found[there] = row
    return found


def _last_number(db: sqlite3.Connection, line: int) -> int:
    check(db, LINE, [line])
    (last,) = db.execute("SELECT last_number FROM lines WHERE id = ?", (line,)).fetchone()
    return int(last)


def _ref(db: sqlite3.Connection, row: int) -> tuple[str, int]:
    check(db, VERSION, [row])
    name, number = db.execute(
        "SELECT l.name, v.number FROM versions v JOIN lines l ON l.id = v.line WHERE v.row = ?", (row,)
    ).fetchone()
    return name, number


def list_near_names(db: sqlite3.Connection, name: str) -> list[str]:
    """Return names of models that are near to a name."""
    from registry_cli.near import cut_name, list_near  # only a mistake needs it

    return list_near(name, list_column(db, "SELECT name FROM lines ORDER BY id DESC LIMIT 5000"), cut_name)


def _quoted(text: str) -> str:
    from shlex import quote

    return quote(text)
