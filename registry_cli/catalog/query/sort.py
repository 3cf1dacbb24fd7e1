"""The sort option: parses `-metrics.acc,created` into keys. Knows no SQL.

Numbers come before text, NaN after both, and rows without the field last, in either direction. Ties are broken by
newest first, then by id.
"""

from __future__ import annotations

from typing import Final

from registry_cli.catalog.query.lexer import Token, list_tokens, point_at
from registry_cli.catalog.query.parse import Near, parse_field
from registry_cli.catalog.query.subject import VERSIONS, Subject
from registry_cli.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class SortKey:
    """One field to sort by."""

    field: str
    descending: bool = False


NEWEST_FIRST: Final = (SortKey("created", descending=True),)
"""The order of a query that names none."""
MOST_KEYS: Final = 8


def parse_sort(text: str, subject: Subject = VERSIONS, *, near: Near | None = None) -> tuple[SortKey, ...]:
    """Return the keys of a comma-separated list of fields; a `-` before a field makes it descending.

    Raises:
        UsageError: A field does not exist, or there are more than `MOST_KEYS`; the message shows the place.
    """
    keys = []
    tokens = iter(list_tokens(text))
    for token in tokens:
        descending = token.kind == "word" and token.text.startswith("-")
        named = Token(token.kind, token.text[1:], token.start + 1, token.end) if descending else token
        keys.append(SortKey(parse_field(named, text, subject, near=near), descending))
        comma = next(tokens)
        if comma.kind == "end":
            break
        if comma.text != "," or comma.kind != "mark":
            raise point_at(text, comma.start, comma.end, "expected `,` here", "write it as in `-metrics.acc,created`")
    if len(keys) > MOST_KEYS:
        raise point_at(text, 0, len(text), f"a sort has {MOST_KEYS} fields at most")
    return tuple(keys)
