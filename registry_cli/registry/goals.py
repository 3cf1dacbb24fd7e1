"""Goals: the number by which versions are compared, and whether more or less of it is better: `max(metrics.acc)`.

Knows no registry.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final, Literal

from registry_cli.catalog.query.lexer import list_tokens, point_at
from registry_cli.dataclass import dataclass
from registry_cli.errors import UsageError
from registry_cli.registry.retention import parse_number_field

if TYPE_CHECKING:
    from registry_cli.catalog.query.parse import Near

Way = Literal["max", "min"]

_EXAMPLE: Final = "write it as in `metrics.auc`, `max(metrics.auc)` or `min(metrics.loss)`"
_LESS: Final = frozenset(
    {"cer", "cost", "distance", "divergence", "err", "fid", "latency", "mae", "mape", "mse", "nll", "perplexity", "ppl",
     "regret", "rmse", "wer"}
)  # fmt: skip
"""Words in the name of a number of which less is mostly better, besides those that end in `loss` or `error`."""


@dataclass(frozen=True, slots=True)
class Goal:
    """The number that is compared, and the direction in which it is better."""

    way: Way
    field: str

    def is_better(self, one: float, other: float) -> bool:
        """Return whether one number is better than another; equal ones, and NaN, are not."""
        return one > other if self.way == "max" else one < other


def parse_goal(text: str, *, near: Near | None = None) -> Goal:
    """Return the goal of a text: `max(FIELD)`, `min(FIELD)`, or `FIELD` of which more is better.

    Args:
        text: The text as the user typed it.
        near: Returns the fields of versions that are near to a word that is no field, for the message.

    Raises:
        UsageError: The text is no goal, its field is no number, or its name suggests that less is better and neither
            `max` nor `min` says so.
    """
    first, *rest = list_tokens(text)
    way = first.text.lower()
    if way in {"max", "min"} and first.kind == "word" and [token.text for token in rest[:1]] == ["("]:
        field = parse_number_field(rest[1], text, near)
        if [token.text for token in rest[2:]] != [")", ""]:
            raise point_at(text, rest[2].start, len(text), "expected `)` and the end here", _EXAMPLE)
        return Goal("max" if way == "max" else "min", field)
    field = parse_number_field(first, text, near)
    if rest[0].kind != "end":
        raise point_at(text, rest[0].start, len(text), "expected the end here", _EXAMPLE)
    words = re.split(r"[^a-z]+", field.casefold())
    if any(word in _LESS or word.endswith(("loss", "error")) for word in words):
        raise UsageError(f"is less of `{field}` better, or more? Write min({field}) or max({field})")
    return Goal("max", field)


def parse_delta(text: str) -> Decimal:
    """Return a difference as an exact number.

    Raises:
        UsageError: The text is no number, is negative or is not finite.
    """
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or number < 0:
        raise UsageError(f"--min-delta {text!r} is no number of 0 or more", hint="reg model promote --help")
    return number
