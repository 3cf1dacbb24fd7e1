"""The conditions of a query in SQL, on one row `v` of `versions` or `tasks`: every value is bound, none is spliced in.

The text of the SQL comes from this package's own tables; values, field names and patterns are parameters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from typing import TypeAlias

from registry_cli.catalog.query.ast import (
    And,
    Compare,
    Expr,
    Has,
    Held,
    In,
    Kin,
    Label,
    Literals,
    Not,
    Op,
    Or,
    Other,
    Time,
    Word,
)
from registry_cli.catalog.query.fields import PLAIN, Field, Kind
from registry_cli.catalog.query.literals import find_span
from registry_cli.catalog.query.normal_form import push_not
from registry_cli.catalog.query.subject import VERSIONS, Subject
from registry_cli.ids import VersionId, line_key

Resolve: TypeAlias = Callable[[str], VersionId]
"""Returns the version that an address names, and raises if the address is wrong."""

_ID_LENGTH = 64
_BEHIND: dict[Kind, str] = {"id": "g", "ulid": "~"}
"""A character that sorts after every id of a kind: it ends the range of ids with a given prefix."""
_WIDEST = 100
_SQL_OP: dict[Op, str] = {
    "=": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "~": "GLOB", "!~": "NOT GLOB",
}  # fmt: skip
DESCENDANTS = """WITH RECURSIVE below (row) AS (
    SELECT child FROM parents WHERE parent = {ref}
    UNION SELECT p.child FROM below b CROSS JOIN versions a ON a.row = b.row CROSS JOIN parents p ON p.parent = a.id
) SELECT row FROM below"""
"""Rows of all descendants of a version id; a removed version in between does not break the descent."""


class Binder:
    """Names a parameter for each value, so that no value is ever part of a statement's text."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {}

    def __call__(self, value: object) -> str:
        """Return the parameter that stands for `value`."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f":{name}"


def compile_condition(expr: Expr, bind: Binder, resolve: Resolve, subject: Subject = VERSIONS) -> str:
    """Return the condition of a query in the form that `push_not` returns.

    Raises:
        RegError: `resolve` does not know an address.
    """
    match expr:
        case And(terms):
            return f"({' AND '.join(compile_condition(term, bind, resolve, subject) for term in terms)})"
        case Or(terms):
            return f"({' OR '.join(compile_condition(term, bind, resolve, subject) for term in terms)})"
        case Not(term):
            return f"NOT {compile_condition(term, bind, resolve, subject)}"
        case Label():
            return _label(expr, bind, subject)
        case Word(text):
            return _word(text, bind, subject)
        case Held(alias):
            at = f"a.line = v.line AND a.alias = {bind(alias)} COLLATE NOCASE"
            return f"EXISTS (SELECT 1 FROM aliases a WHERE {at})"
        case Kin("descends", ref):
            return f"v.row IN ({DESCENDANTS.format(ref=bind(resolve(ref)))})"
        case Kin("uses", ref):
            return f"EXISTS (SELECT 1 FROM task_inputs k WHERE k.task = v.row AND k.version = {bind(resolve(ref))})"
        case Kin(_, ref):
            return f"EXISTS (SELECT 1 FROM parents k WHERE k.child = v.row AND k.parent = {bind(resolve(ref))})"
        case Compare(_, op, Other() as other):
            return _other(expr.field, op, other, bind)
        case Compare() | In() | Has() if expr.field in subject.plain:
            field = subject.plain[expr.field]
            if field.line:
                return f"v.line IN (SELECT id FROM lines WHERE {plain_condition(expr, bind, field, field.line)})"
            return plain_condition(expr, bind, field, field.column.format(v="v"))
        case Compare() | In() if expr.field in subject.files:
            return _file(expr, bind, subject.files[expr.field])
        case Compare() | In() | Has():
            at = f"f.{subject.owner} = v.row AND f.field = {bind(expr.field)}"
            return f"EXISTS (SELECT 1 FROM {subject.fields} f WHERE {at} AND {keyed_condition(expr, bind, 'f')})"


def plain_condition(leaf: Compare | In | Has, bind: Binder, field: Field, column: str) -> str:
    """Return the condition of a leaf on a plain field that `column` reads."""
    match leaf:
        case Has():
            return f"{column} IS NOT NULL"
        case In(_, values, negated):
            if field.kind not in {"project", "time", *_BEHIND}:
                those = ", ".join(bind(_key(field, value)) for value in values if not isinstance(value, Time))
                return f"{column} {'NOT ' if negated else ''}IN ({those})"
            op: Op = "!=" if negated else "="
            return _join(" AND " if negated else " OR ", (_plain(field, column, op, value, bind) for value in values))
        case Compare(_, op, value):
            assert not isinstance(value, Other)
            return _plain(field, column, op, value, bind)


def keyed_condition(leaf: Compare | In | Has, bind: Binder, row: str) -> str:
    """Return the condition of a leaf on a keyed field that the row `row` of `fields` holds."""
    match leaf:
        case Compare(_, op, value):
            assert not isinstance(value, Other)
            return f"{row}.{_side(value)} {_SQL_OP[op]} {bind(value)}"
        case In(_, values, negated):
            sides = {side: [value for value in values if _side(value) == side] for side in ("number", "text")}
            sets = [(f"{row}.{side}", ", ".join(map(bind, some))) for side, some in sides.items() if some]
            if negated:
                return _join(" AND ", (f"({column} IS NULL OR {column} NOT IN ({those}))" for column, those in sets))
            return _join(" OR ", (f"{column} IN ({those})" for column, those in sets))
        case Has():
            return "1"


def _word(text: str, bind: Binder, subject: Subject) -> str:
    key, low = bind(unicodedata.normalize("NFC", text).casefold()), bind(_lower(text))
    field = subject.plain["name"]
    if field.line:  # each line is searched once, not each version
        name = f"v.line IN (SELECT id FROM lines WHERE instr({field.line}, {key}))"
    else:
        name = f"instr({field.column.format(v='v')}, {key})"
    tag = f"t.{subject.owner} = v.row AND instr(lower(t.tag), {low})"
    return (
        f"({name} OR EXISTS (SELECT 1 FROM {subject.tags} t WHERE {tag}) OR instr(lower(ifnull(v.comment, '')), {low}))"
    )


def _file(leaf: Compare | In, bind: Binder, field: Field) -> str:
    """Return the condition that a file of the version satisfies a leaf; for a negated leaf, that none does."""
    negated = leaf.negated if isinstance(leaf, In) else leaf.op in {"!=", "!~"}
    term = push_not(leaf, negated)
    assert isinstance(term, Compare | In)
    condition = plain_condition(term, bind, field, field.column)
    return f"{'NOT ' if negated else ''}EXISTS (SELECT 1 FROM files f WHERE f.version = v.row AND {condition})"


def list_sides(leaf: Compare | In | Has) -> list[str]:
    """Return the columns of `fields`, of `number` and `text`, that can hold a value that satisfies the leaf."""
    if isinstance(leaf, Compare):
        assert not isinstance(leaf.value, Other)
        return [_side(leaf.value)]
    if isinstance(leaf, In) and not leaf.negated:
        return sorted({_side(value) for value in leaf.values})
    return ["number", "text"]


def _side(value: Literals) -> str:
    return "text" if isinstance(value, str) else "number"


def _join(word: str, parts: Iterable[str]) -> str:
    """Join conditions in groups: SQLite bounds the height of an expression, and a chain is as high as it is long."""
    flat = list(parts)
    if len(flat) > _WIDEST:
        flat = [_join(word, flat[at : at + _WIDEST]) for at in range(0, len(flat), _WIDEST)]
    return f"({word.join(flat)})"


def _plain(field: Field, column: str, op: Op, value: Literals, bind: Binder) -> str:
    if isinstance(value, Time):
        return _within(column, op, find_span(value), bind)
    value = _key(field, value)
    if op in {"=", "!="} and field.kind == "project":
        key = bind(value)
        inside = f"({column} = {key} OR ({column} > {key} || '/' AND {column} < {key} || '0'))"  # `0` follows `/`
        return inside if op == "=" else f"NOT {inside}"
    if op in {"=", "!="} and field.kind in _BEHIND and len(str(value)) < _ID_LENGTH:
        start = bind(str(value).lower() if field.kind == "id" else value)
        return f"({column} {'' if op == '=' else 'NOT '}BETWEEN {start} AND {start} || '{_BEHIND[field.kind]}')"
    return f"{column} {_SQL_OP[op]} {bind(value)}"


def _key(field: Field, value: str | int | float | bool) -> str | int | float | bool:
    """Return a value in the form that is compared: a name as its key, task ids and frameworks in one case."""
    if field.kind in {"name", "project"}:
        return line_key(str(value))
    if field.kind == "ulid":
        return str(value).upper()
    return _lower(str(value)) if field.kind == "caseless" else value


def _lower(text: str) -> str:
    """Return text with only its ASCII letters in lower case, as SQLite's `lower` does."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def _within(column: str, op: Op, span: tuple[int, int], bind: Binder) -> str:
    """Compare a time with a span: `>` means after the end of the span, `<=` means before its end."""
    start, end = bind(span[0]), bind(span[1])
    match op:
        case "=":
            return f"({column} >= {start} AND {column} < {end})"
        case "!=":
            return f"({column} < {start} OR {column} >= {end})"
        case "<" | ">=":
            return f"{column} {op} {start}"
        case _:
            return f"{column} {'<' if op == '<=' else '>='} {end}"


def _label(label: Label, bind: Binder, subject: Subject) -> str:
    match label.kind:
        case "tag":
            at = f"t.{subject.owner} = v.row AND t.tag = {bind(label.value)}"
            return f"EXISTS (SELECT 1 FROM {subject.tags} t WHERE {at})"
        case "alias":
            at = f"a.line = v.line AND a.alias = {bind(label.value)} COLLATE NOCASE"
            return f"EXISTS (SELECT 1 FROM aliases a WHERE {at} AND a.version = v.row)"
        case "task":
            start = bind(label.value.upper())
            between = f"BETWEEN {start} AND {start} || '~'"
            return f"v.id {between}" if subject.rows == "tasks" else f"(v.task IS NOT NULL AND v.task {between})"
        case "status":
            return f"{subject.plain['status'].column.format(v='v')} = {bind(label.value)}"
        case "scan":
            at = f"f.version = v.row AND f.field = {bind('metadata.scan')}"
            return f"EXISTS (SELECT 1 FROM fields f WHERE {at} AND f.text = {bind(label.value)})"


def _other(field: str, op: Op, other: Other, bind: Binder) -> str:
    """Compare with the version of the same line that holds an alias: numbers with numbers, text with text."""
    tables = ["aliases a", "versions o ON o.row = a.version AND o.removed = 0"]
    left, right = _sides(field, "v", "f"), _sides(other.field, "o", "g")
    for name, owner, alias in ((field, "v", "f"), (other.field, "o", "g")):
        if name not in PLAIN:
            tables.append(f"fields {alias} ON {alias}.version = {owner}.row AND {alias}.field = {bind(name)}")
    both = [f"{left[side]} {_SQL_OP[op]} {right[side]}" for side in ("number", "text") if left[side] and right[side]]
    at = f"a.line = v.line AND a.alias = {bind(other.alias)} COLLATE NOCASE"
    return f"EXISTS (SELECT 1 FROM {' CROSS JOIN '.join(tables)} WHERE {at} AND {_join(' OR ', both)})"


def _sides(name: str, row: str, keyed: str) -> dict[str, str]:
    """Return the columns of a field's number and of its text; an empty string where the field cannot have that type."""
    if name not in PLAIN:
        return {"number": f"{keyed}.number", "text": f"{keyed}.text"}
    column = PLAIN[name].column.format(v=row)
    return {"number": "", "text": column} if PLAIN[name].is_text else {"number": column, "text": ""}
