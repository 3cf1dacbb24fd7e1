"""What can stand at a place: verbs and options from the table, names from the index."""

from __future__ import annotations

import os

from registry_cli.cli.complete.options import COMMANDS, FIELDS, OPTIONS, ROLES, SETTINGS
from registry_cli.cli.complete.parse import Place, options_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from registry_cli.cli.complete.index import Index

FILES = frozenset({"PATH", "FILE", "DIR"})
"""Kinds that the shell completes by itself."""
_KEYWORDS = ("and", "or", "not", "in", "has(", "tag:", "alias:", "task:", "descends(", "parents(")
_EDITABLE = ("metadata.", "metrics.")


def list_candidates(place: Place) -> list[tuple[str, str]]:
    """Return what can stand at `place`, with `place.prefix` before each, in the order to be shown."""
    return [(place.prefix + value, about) for value, about in _of_kind(place) if value.startswith(place.text)]


def _of_kind(place: Place) -> Iterable[tuple[str, str]]:
    kind = place.kind
    if kind == "command":
        return _commands(place.command)
    if kind == "option":
        return _options(place)
    if kind == "TOPIC":
        return [*_topics(), *_commands("")]
    if kind == "KEY":
        return SETTINGS
    if "|" in kind:
        return [(value, "") for value in kind.split("|")]
    if kind in {"FIELD", "FIELDS", "EXPR", "FIELD=VALUE", "REF", "[ROLE=]REF", "NAME", "TAG", "ALIAS"}:
        from registry_cli.cli.complete.index import open_index

        with open_index(place.registry) as index:
            return _names(place, index)
    return []


def _commands(group: str) -> list[tuple[str, str]]:
    rows = ((words.rpartition(" "), row[0]) for words, row in COMMANDS.items() if words)
    return [(name, summary) for (above, _, name), summary in rows if above == group]


def _options(place: Place) -> list[tuple[str, str]]:
    known = options_of(place.command)
    once = [known[name][0] for name in place.options if name in known and not known[name][2]]
    given = {spelling for spellings in once for spelling in spellings}
    options = [OPTIONS[index] for index in COMMANDS[place.command][1]]
    return [(names[0], about) for names, _, _, about in options if not given.intersection(names)]


def _topics() -> list[tuple[str, str]]:
    folder = os.path.join(os.path.dirname(__file__), "..", "..", "guides")  # noqa: PTH118, PTH120  # pathlib costs 9 ms
    try:
        return [(name[:-3], "topic") for name in sorted(os.listdir(folder)) if name.endswith(".md")]  # noqa: PTH208
    except OSError:
        return []


def _names(place: Place, index: Index) -> list[tuple[str, str]]:
    kind, text = place.kind, place.text
    if kind == "TAG":
        minus = "-" if text.startswith("-") else ""
        return [(minus + tag, "") for tag in index.tags(text.removeprefix("-"))]
    if kind == "ALIAS":
        return [(alias, "") for alias in index.aliases(text)]
    if kind == "NAME":
        return index.models(text)
    if kind in {"FIELDS", "FIELD"}:
        head = text[: text.rfind(",") + 1] if kind == "FIELDS" else text[: text.startswith("-")]
        return _prefixed(head, [*FIELDS, *index.fields(text[len(head) :])])
    if kind == "FIELD=VALUE":
        return [(f"{field}=", "") for field in index.fields(text) if field.startswith(_EDITABLE)]
    if kind == "EXPR":
        return _expression(text, index)
    return _references(kind, text, index)


def _expression(text: str, index: Index) -> list[tuple[str, str]]:
    """Complete the last word of a query; the words before it stand."""
    start = max(text.rfind(mark) for mark in " (") + 1
    head, word = text[:start], text[start:]
    label, colon, rest = word.partition(":")
    if colon and label in {"tag", "alias"}:
        return _prefixed(f"{head}{label}:", index.tags(rest) if label == "tag" else index.aliases(rest))
    return _prefixed(head, [*FIELDS, *index.fields(word), *_KEYWORDS])


def _references(kind: str, text: str, index: Index) -> list[tuple[str, str]]:
    role, equals, ref = text.partition("=")
    if kind != "REF" and equals and role in ROLES:
        return [(f"{role}={value}", about) for value, about in index.references(ref)]
    roles = [(f"{name}=", "role of a parent") for name in ROLES] if kind != "REF" else []
    return roles + index.references(text)


def _prefixed(head: str, words: Iterable[str]) -> list[tuple[str, str]]:
    return [(head + word, "") for word in dict.fromkeys(words)]
