"""Lists the candidates for a place: verbs and options from the table, names from the index."""

from __future__ import annotations

import os

from registry_cli.cli.complete.options import (
    COMMANDS,
    FIELDS,
    FILE_FIELDS,
    FRAMEWORKS,
    OPTIONS,
    ROLES,
    SETTINGS,
    SHORT,
    STATUSES,
    TASK_FIELDS,
)
from registry_cli.cli.complete.parse import Place, options_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from registry_cli.catalog.index.names import Names

FILES = frozenset({"PATH", "FILE", "DIR", "GLOB", "-- COMMAND"})
"""Kinds that the shell itself completes."""
_NAMED = {"FIELD", "FIELDS", "EXPR", "FIELD=VALUE", "REF", "[ROLE=]REF", "[NAME=]REF", "NAME", "TASK", "TAG", "ALIAS"}
"""Kinds whose candidates come from the index."""
_KEYWORDS = ("and", "or", "not", "in", "has(", "tag:", "alias:", "task:", "descends(", "parents(")
_TASK_KEYWORDS = ("and", "or", "not", "in", "has(", "tag:", "task:", "status:", "uses(")
_EDITABLE = ("metadata.", "metrics.")


def list_candidates(place: Place) -> list[tuple[str, str]]:
    """Return the candidates for `place`, each with `place.prefix` in front, in the order to show them."""
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
        return FRAMEWORKS if place.command == "log" else SETTINGS
    if kind == "KEY=GLOB":
        return [(f"{key}=", about) for key, about in FRAMEWORKS]
    if "|" in kind:
        return [(value, "") for value in kind.split("|")]
    if kind in _NAMED:
        from registry_cli.cli.complete.index import open_index

        with open_index(place.registry) as index:
            return _names(place, index)
    return []


def _commands(group: str) -> list[tuple[str, str]]:
    rows = ((words.rpartition(" "), row[0]) for words, row in COMMANDS.items() if words)
    short = [(verb, COMMANDS[f"model {verb}"][0]) for verb in SHORT] if not group else []
    return [(name, summary) for (above, _, name), summary in rows if above == group] + short


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


def _names(place: Place, index: Names) -> list[tuple[str, str]]:
    kind, text, tasks = place.kind, place.text, place.command.startswith("task ")
    if kind == "TAG":
        minus = "-" if text.startswith("-") else ""
        return [(minus + tag, "") for tag in index.tags(text.removeprefix("-"), tasks=tasks)]
    if kind == "TASK":
        return index.tasks(text)
    if kind == "ALIAS":
        return [(alias, "") for alias in index.aliases(text)]
    if kind == "NAME":
        return index.task_names(text) if tasks else index.models(text)
    if kind in {"FIELDS", "FIELD"}:
        head = text[: text.rfind(",") + 1] if kind == "FIELDS" else text[: text.startswith("-")]
        known = TASK_FIELDS if tasks else FIELDS
        return _prefixed(head, [*known, *index.fields(text[len(head) :], tasks=tasks)])
    if kind == "FIELD=VALUE":
        return [(f"{field}=", "") for field in index.fields(text) if field.startswith(_EDITABLE)]
    if kind == "EXPR":
        return _expression(text, index, tasks=tasks)
    return _references(kind, text, index)


def _expression(text: str, index: Names, *, tasks: bool) -> list[tuple[str, str]]:
    """Complete the last word of a query; the words before it stay."""
    start = max(text.rfind(mark) for mark in " (") + 1
    head, word = text[:start], text[start:]
    label, colon, rest = word.partition(":")
    if colon and label in {"tag", "alias", "status"}:
        known = {"tag": index.tags(rest, tasks=tasks), "alias": index.aliases(rest), "status": STATUSES}
        return _prefixed(f"{head}{label}:", known[label])
    fields, keywords = (TASK_FIELDS, _TASK_KEYWORDS) if tasks else ((*FIELDS, *FILE_FIELDS), _KEYWORDS)
    return _prefixed(head, [*fields, *index.fields(word, tasks=tasks), *keywords])


def _references(kind: str, text: str, index: Names) -> list[tuple[str, str]]:
    name, equals, ref = text.partition("=")
    if equals and (kind == "[NAME=]REF" or (kind == "[ROLE=]REF" and name in ROLES)):
        return [(f"{name}={value}", about) for value, about in index.references(ref)]
    roles = [(f"{name}=", "role of a parent") for name in ROLES] if kind == "[ROLE=]REF" else []
    return roles + index.references(text)


def _prefixed(head: str, words: Iterable[str]) -> list[tuple[str, str]]:
    return [(head + word, "") for word in dict.fromkeys(words)]
