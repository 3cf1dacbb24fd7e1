"""Finds the command that a word means where no command has that name.

The word may be a typing error, a verb of another group, or a word of another tool. Of a command that takes something
away, only the help is suggested: nobody should delete by repeating a suggestion.
"""

from __future__ import annotations

from difflib import get_close_matches
from shlex import join
from typing import TYPE_CHECKING, Final

from registry_cli.cli.table import COMMANDS, children

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MEANT: Final = {
    "abort": "cancel", "ancestors": "lineage", "audit": "events history", "check": "verify", "clean": "gc empty",
    "commit": "add", "create": "add", "dag": "lineage", "delete": "remove", "describe": "show", "diff": "compare",
    "doctor": "fsck", "download": "get", "experiments": "task", "fork": "derive clone", "freeze": "publish",
    "hide": "archive", "info": "status show", "inspect": "show", "kill": "cancel", "label": "tag", "lock": "publish",
    "new": "add", "register": "add", "relabel": "tag", "release": "publish", "revert": "undo", "rollback": "undo",
    "runs": "task", "save": "add", "seal": "publish", "search": "query list", "settings": "config", "stop": "cancel",
    "topics": "help", "tree": "lineage", "unarchive": "restore", "undelete": "restore", "untag": "tag",
    "upload": "add", "versions": "query", "view": "show",
}  # fmt: skip
"""Words of other tools, each with the verbs that it can mean; the first that a group has is suggested."""

_DESTROY: Final = frozenset({"cancel", "empty", "gc", "prune", "remove", "undo"})
_LATER: Final = ("config ", "trash ")
"""Groups whose verbs are rarely meant where no group is named."""
_CLOSE: Final = 0.75
"""Least similarity of a typing error: `publsh` and `publish` have 0.92, but `push` and `publish` 0.73."""
_PREFIX: Final = 3
"""Fewest characters of a beginning that counts as the word."""


def suggest(group: str, typed: Sequence[str]) -> str:
    """Return what to type after `reg`.

    Args:
        group: Words of the group in which the first of the typed words was looked up.
        typed: The word that names no command there, and those that follow it.
    """
    word, *rest = typed
    found = find_command(group, word)
    if found is None:
        return f"{group} --help".strip()
    return f"{found} --help" if _is_destructive(found) else " ".join(filter(None, [found, join(rest)]))


def find_command(group: str, word: str) -> str | None:
    """Return the words of the command that `word` means after the words of a group; None where it may mean many."""
    below = children(group)
    meant = _MEANT.get(word, "").split()
    same = find_verbs(word)
    if group:
        found = [f"{group} {verb}" for verb in (*meant, *_find_close(word, below)) if verb in below]
        found += same if len(same) == 1 and not _is_destructive(word) else []
    else:
        named = {**{verb: f"model {verb}" for verb in children("model")}, **{verb: verb for verb in below}}
        found = [*same, *(words for verb in meant for words in find_verbs(verb))]
        found += [named[name] for name in _find_close(word, named)]
    return next(iter(found), None)


def _is_destructive(words: str) -> bool:
    return words.rpartition(" ")[2] in _DESTROY


def find_verbs(word: str) -> list[str]:
    """Return the words of all commands whose last word is `word`; those for models come first, then those for tasks."""
    found = [words for words, row in COMMANDS.items() if row.name == word]
    return sorted(found, key=lambda words: (words.startswith(_LATER), words.startswith("task ")))


def _find_close(word: str, names: Iterable[str]) -> list[str]:
    """Return the names that were probably meant by `word`: the only one that it begins, or those like it."""
    known = list(dict.fromkeys(names))
    begun = [name for name in known if name.startswith(word)] if len(word) >= _PREFIX else []
    swapped = [name for name in known if sorted(name) == sorted(word)]
    return begun if len(begun) == 1 else [*swapped, *get_close_matches(word, known, cutoff=_CLOSE)]
