"""The tree of a query, and its text form. Knows neither the grammar's errors nor SQL."""

from __future__ import annotations

import re
from typing import Final, Literal, TypeAlias

from registry_cli.dataclass import dataclass

Op: TypeAlias = Literal["=", "!=", "<", "<=", ">", ">=", "~", "!~"]
LabelKind: TypeAlias = Literal["tag", "alias", "task", "scan", "status"]
KinKind: TypeAlias = Literal["descends", "parents", "uses"]

_BARE: Final = re.compile(r"[\w./-]+")


@dataclass(frozen=True, slots=True)
class Time:
    """A moment as the user wrote it: `2026-01-01`, `2026-01-01T10:00Z`, `now-7d` or `today`."""

    text: str


@dataclass(frozen=True, slots=True)
class Other:
    """`@alias.field`: the field's value on the version of the same line that holds the alias."""

    alias: str
    field: str


Literals: TypeAlias = str | bool | int | float | Time
Operand: TypeAlias = Literals | Other


@dataclass(frozen=True, slots=True)
class Compare:
    """`field op value`; false where the field is missing, for every operator."""

    field: str
    op: Op
    value: Operand


@dataclass(frozen=True, slots=True)
class In:
    """`field in (a, b)`, or `field not in (a, b)`; both false where the field is missing."""

    field: str
    values: tuple[Literals, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Has:
    """`has(field)`: the version or task has a value for the field."""

    field: str


@dataclass(frozen=True, slots=True)
class Held:
    """`has(@alias)`: a version of the same line holds the alias, whichever it is."""

    alias: str


@dataclass(frozen=True, slots=True)
class Word:
    """A plain word: the name, a tag or the comment contains it, in upper or lower case."""

    text: str


@dataclass(frozen=True, slots=True)
class Label:
    """`tag:x`, `task:x` (a task's id or its beginning), `alias:x`, `scan:x` (as in `metadata.scan`), `status:x`.

    Versions have no status; tasks have neither aliases nor verdicts.
    """

    kind: LabelKind
    value: str


@dataclass(frozen=True, slots=True)
class Kin:
    """`descends(ref)`: `ref` is among the version's ancestors; `parents(ref)`: `ref` is one of its direct parents.

    For a task, `uses(ref)`: the task has `ref` as an input.
    """

    kind: KinKind
    ref: str


@dataclass(frozen=True, slots=True)
class Not:
    """`not term`."""

    term: Expr


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more terms; no term is itself an `And`."""

    terms: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of two or more terms; no term is itself an `Or`."""

    terms: tuple[Expr, ...]


Leaf: TypeAlias = Compare | In | Has | Held | Word | Label | Kin
Expr: TypeAlias = Leaf | Not | And | Or


def all_of(terms: list[Expr]) -> Expr:
    """Join one or more terms by `and`; a term that is itself an `And` is flattened."""
    flat = [inner for term in terms for inner in (term.terms if isinstance(term, And) else (term,))]
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def any_of(terms: list[Expr]) -> Expr:
    """Join one or more terms by `or`; a term that is itself an `Or` is flattened."""
    flat = [inner for term in terms for inner in (term.terms if isinstance(term, Or) else (term,))]
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def format_query(expr: Expr) -> str:
    """Return text that parses to `expr` again."""
    match expr:
        case Or(terms):
            return " or ".join(format_query(term) for term in terms)
        case And(terms):
            return " and ".join(_inside(term, Or) for term in terms)
        case Not(term):
            return f"not {_inside(term, (And, Or))}"
        case Compare(field, op, value):
            return f"{format_field(field)} {op} {_format_operand(value)}"
        case In(field, values, negated):
            items = ", ".join(_format_operand(value) for value in values)
            return f"{format_field(field)} {'not in' if negated else 'in'} ({items})"
        case Has(field):
            return f"has({format_field(field)})"
        case Word(text):
            return _quote(text)
        case Held(alias):
            return f"has(@{_word(alias)})"
        case Label(kind, value):
            return f"{kind}:{_word(value)}"
        case Kin(kind, ref):
            return f"{kind}({_quote(ref)})"


def format_field(field: str) -> str:
    """Return a field in the grammar's form: the key is quoted unless it consists of letters, digits and `_ . - /`."""
    table, dot, key = field.partition(".")
    return f"{table}{dot}{_word(key)}" if dot else field


def _inside(term: Expr, wider: type[Expr] | tuple[type[Expr], ...]) -> str:
    text = format_query(term)
    return f"({text})" if isinstance(term, wider) else text


def _format_operand(value: Operand) -> str:
    match value:
        case Other(alias, field):
            return f"@{_word(alias)}.{format_field(field)}"
        case Time(text):
            return text
        case bool():
            return "true" if value else "false"
        case str():
            return _quote(value)
        case _:
            return repr(value)


def _word(text: str) -> str:
    return text if _BARE.fullmatch(text) else _quote(text)


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
