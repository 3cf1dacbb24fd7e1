"""Parses ClearML's list of tags into a query.

tags  = [OPERATOR] group { OPERATOR group }
group = { [ "__$not" ] TAG }           a TAG with `-` in front is excluded, as after `__$not`

`__$all` (or `__$and`) requires all tags of the group that follows, `__$any` (or `__$or`) one of them; a group without
an operator requires one. `or` joins groups; an operator in front of everything joins them instead, and applies to the
first group too. So `["demo", "-TF"]` is `demo or not TF`, and `["__$all", "a", "__$any", "b", "c"]` is
`a and (b or c)`. `__$nop` begins a group without an operator. This follows ClearML's own documents; its server merges
groups of one kind.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal

from registry_cli.catalog.query.ast import Expr, Label, Not, all_of, any_of
from registry_cli.errors import UsageError
from registry_cli.ids import TagName, parse_tag

if TYPE_CHECKING:
    from collections.abc import Iterable

Joint = Literal["all", "any"]
_OPERATORS: Final[dict[str, Joint]] = {
    "__$all": "all",
    "__$and": "all",
    "__$any": "any",
    "__$or": "any",
    "__$nop": "any",
}
_NOT: Final = "__$not"
_SIGN: Final = "__$"


def parse_tags(words: Sequence[str]) -> Expr | None:
    """Return a list of tags as an expression; None for an empty list.

    Raises:
        UsageError: An operator does not exist or excludes nothing, an item is no text, or it is no list.
    """
    _refuse_text(words)
    if not isinstance(words, Sequence):
        raise UsageError(f"the order of tags counts here: they must be a list, not a {type(words).__name__}")
    outer: Joint = _OPERATORS.get(words[0], "any") if words and isinstance(words[0], str) else "any"
    groups: list[tuple[Joint, list[Expr]]] = [("any", [])]
    negated = False
    for word in words:
        if not isinstance(word, str):
            raise UsageError(f"{word!r} among the tags is no text")
        if word in _OPERATORS and not negated:
            groups.append((_OPERATORS[word], []))
        elif word == _NOT:
            negated = not negated
        else:
            groups[-1][1].append(_term(word, negated))
            negated = False
    if negated:
        raise UsageError(f"{_NOT} excludes nothing: it is the last word")
    joined = [_join(joint, terms) for joint, terms in groups if terms]
    return _join(outer, joined) if joined else None


def list_tags(tags: Iterable[str] | None) -> list[TagName]:
    """Return a list of tags to set, each once.

    Raises:
        UsageError: It is one string, or an item is no tag.
    """
    _refuse_text(tags)
    words = list(tags or ())
    for word in words:
        if not isinstance(word, str):
            raise UsageError(f"{word!r} among the tags is no text")
    return list(dict.fromkeys(parse_tag(word) for word in words))


def _refuse_text(tags: object) -> None:
    if isinstance(tags, str):
        raise UsageError(f"tags is the text {tags!r}, and must be a list", hint=f"tags=[{tags!r}]")


def _term(word: str, negated: bool) -> Expr:
    if word.startswith(_SIGN):
        raise UsageError(f"{word!r} is no tag here: operators are {', '.join([*_OPERATORS, _NOT])}")
    excluded = word.startswith("-")
    label = Label("tag", unicodedata.normalize("NFC", word[1:] if excluded else word))
    return Not(label) if excluded != negated else label


def _join(joint: Joint, terms: list[Expr]) -> Expr:
    return all_of(terms) if joint == "all" else any_of(terms)
