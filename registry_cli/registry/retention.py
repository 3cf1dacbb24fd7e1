"""The retention grammar: parses `last 5, best 3 max(metrics.acc), published` into rules and applies them to versions.

keep = rule { "," rule }
rule = "last" N | "best" N ("max" | "min") "(" FIELD ")" | "published"

Knows no registry: it decides which versions stay and by which rule, and removes nothing.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

from registry_cli.catalog.query.fields import PLAIN
from registry_cli.catalog.query.lexer import Token, TokenReader, point_at
from registry_cli.catalog.query.parse import parse_field
from registry_cli.dataclass import dataclass
from registry_cli.errors import UsageError
from registry_cli.records.values import flatten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry_cli.catalog.query.parse import Near
    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.ids import VersionId

EXAMPLE: Final = "last 5, best 3 max(metrics.acc), best 2 min(metrics.loss), published"
_ACCEPTED: Final = f"write it as in `{EXAMPLE}`"

_GROUPS: Final = ("metadata", "metrics", "params", "labels")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, for the versions of one model.

    Attributes:
        text: The rule as it was written.
        count: Number of versions that it keeps; 0 for `published`, which keeps all.
        field: The field that `best` compares.
    """

    kind: Literal["last", "max", "min", "published"]
    text: str
    count: int = 0
    field: str = ""


def parse_keep(text: str) -> tuple[Rule, ...]:
    """Return the rules of a retention text.

    Raises:
        UsageError: The text does not follow the grammar; the message shows the place.
    """
    return _Parser(text).parse()


def check_keep(text: str | None) -> tuple[Rule, ...]:
    """Return the rules of `text`, which must be given: without a rule nothing would be kept.

    Raises:
        UsageError: The text is missing or empty, or does not follow the grammar.
    """
    if text is None or not text.strip():
        raise UsageError(
            f"nothing says what to keep: --keep does, as in '{EXAMPLE}', or the setting retention.keep",
            hint="reg help settings",
        )
    return parse_keep(text)


def find_keepers(rules: Sequence[Rule], versions: Sequence[VersionRow]) -> dict[VersionId, str]:
    """Return the versions of one model that are kept, each with the text of the first rule that keeps it."""
    kept: dict[VersionId, str] = {}
    for rule in rules:
        for version in _chosen(rule, versions):
            kept.setdefault(version.id, rule.text)
    return kept


def _chosen(rule: Rule, versions: Sequence[VersionRow]) -> list[VersionRow]:
    newest_first = sorted(versions, key=lambda version: -version.number)
    if rule.kind == "published":
        return [version for version in versions if version.published]
    if rule.kind == "last":
        return newest_first[: rule.count]
    sign = 1 if rule.kind == "min" else -1
    rated = [(version, number) for version in newest_first if (number := find_number(version, rule.field)) is not None]
    rated.sort(key=lambda pair: sign * pair[1])  # stable: of equals the newest comes first
    return [version for version, _ in rated[: rule.count]]


def parse_number_field(token: Token, source: str, near: Near | None = None) -> str:
    """Return the field that a token names, if it can hold numbers; `near` is that of `parse_query`.

    Raises:
        UsageError: There is no such field, or it holds no numbers.
    """
    field = parse_field(token, source, near=near)
    plain = PLAIN.get(field)
    if field.startswith("design.") or (plain and plain.kind not in {"number", "size", "time"}):
        raise point_at(source, token.start, token.end, f"`{field}` is no number")
    return field


def find_number(version: VersionRow, field: str) -> float | None:
    """Return the number that a version is compared by; None where it has no such number, or a NaN."""
    group = field.partition(".")[0]
    value = flatten(getattr(version, group), group).get(field) if group in _GROUPS else getattr(version, field)
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return None
    return value


class _Parser(TokenReader):
    """One pass over the tokens of one text."""

    accepted = _ACCEPTED
    hint = "reg help settings"

    def parse(self) -> tuple[Rule, ...]:
        rules = [self.rule()]
        while self.take_mark(","):
            rules.append(self.rule())
        if self.token.kind != "end":
            self.fail("expected `,` or the end here")
        return tuple(rules)

    def rule(self) -> Rule:
        token = self.next()
        word = token.text.lower() if token.kind == "word" else ""
        if word == "published":
            return Rule("published", self.written(token, token))
        if word == "last":
            count = self.count("last")
            return Rule("last", self.written(token, self.tokens[self.at - 1]), count)
        if word != "best":
            self.fail("expected `last`, `best` or `published` here", token)
        return self.best(token)

    def best(self, first: Token) -> Rule:
        count = self.count("best")
        token = self.next()
        way = token.text.lower() if token.kind == "word" else ""
        if way != "max" and way != "min":
            self.fail("expected `max(…)` or `min(…)` here", token)
        self.need_mark("(")
        field = parse_number_field(self.next(), self.source)
        return Rule("max" if way == "max" else "min", self.written(first, self.need_mark(")")), count, field)

    def count(self, word: str) -> int:
        token = self.next()
        if token.kind != "word" or not token.text.isdecimal() or not token.text.isascii() or int(token.text) == 0:
            self.fail(f"expected a number after `{word}`", token)
        return int(token.text)

    def written(self, first: Token, last: Token) -> str:
        return " ".join(self.source[first.start : last.end].split())
