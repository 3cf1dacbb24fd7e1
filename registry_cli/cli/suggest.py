"""Finds the command that a word means where no command has that name.

The word may be a verb of another group, a word of another tool, or a typing error, in this order: the meaning of a word
comes before its spelling. Of a command that takes something away, only the help is suggested: nobody should delete by
repeating a suggestion.
"""

from __future__ import annotations

from shlex import join
from typing import TYPE_CHECKING, Final

from registry_cli.cli.table import ALIASES, COMMANDS, children

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MEANT: Final = {
    "abort": "cancel", "ancestors": "lineage", "audit": "events history", "check": "verify", "clean": "gc empty",
    "clone": "derive", "commit": "add", "copy": "derive clone", "cp": "derive clone", "create": "add",
    "dag": "lineage", "delete": "remove", "describe": "show", "diff": "compare", "doctor": "fsck", "download": "get",
    "experiments": "task", "fork": "derive clone", "freeze": "publish", "hide": "archive", "info": "status show",
    "inspect": "show", "kill": "cancel", "label": "tag", "lock": "publish", "log": "history logs", "logs": "history",
    "metric": "edit", "move": "rename", "new": "add", "note": "edit", "param": "edit", "patch": "edit", "redo": "undo",
    "register": "add", "relabel": "tag", "release": "publish", "remote": "", "revert": "undo",
    "rollback": "undo alias", "runs": "task", "save": "add", "seal": "publish", "search": "query list", "set": "edit",
    "settings": "config", "status": "show", "stop": "cancel", "topics": "help", "tree": "lineage", "unalias": "alias",
    "unarchive": "restore", "undelete": "restore", "unset": "edit", "untag": "tag", "update": "edit", "upload": "add",
    "versions": "query", "view": "show",
}  # fmt: skip
"""Words of other tools and other groups, each with the verbs that it can mean; the first that a group has is suggested.

A word without verbs means nothing here, although it is spelled nearly like a verb.
"""

_EXPLAINED: Final = {"unfreeze": "lifecycle", "unlock": "lifecycle", "unpublish": "lifecycle", "unseal": "lifecycle"}
"""Words for what no command does, each with the topic that says what to do instead."""

_TOPICS: Final = {
    "addresses": "address ref refs reference",
    "autolog": "auto automatic catboost fastai frameworks joblib keras lightgbm lightning pytorch sklearn tensorboard"
    " tensorflow torch transformers xgboost",
    "ci": "action actions gate gates github gitlab jenkins pipeline pipelines",
    "collecting": "garbage retention",
    "environment": "env variables",
    "exit-codes": "code codes errors exit status-codes",
    "faq": "backup bundle export fetch import login mirror nfs password pull push questions remote remotes secrets"
    " serve server serving sync token ui users web windows",
    "from-dvc": "dvc",
    "from-mlflow": "mlflow",
    "layout": "blob blobs directory folder format log-format record records sha256",
    "lifecycle": "demote deprecate draft immutable published sealed stage stages states transition",
    "notebooks": "ipynb ipython jupyter kernel",
    "python": "api autodoc functions sdk",
    "query": "columns expr expression filter grammar sort",
    "safety": "corruption crash durability fsync locks security",
    "tasks": "attempt attempts experiment job jobs metrics params plots scalars",
    "tutorial": "begin quickstart start",
}
"""Topics, each with words that no command and no topic is called, about which it has something to say."""

_OTHER_ARGUMENTS: Final = frozenset(
    {"metric", "note", "param", "patch", "rollback", "set", "unalias", "unset", "untag", "update"}
)
"""Words of `_MEANT` whose verb takes other arguments, or with the same does the opposite: its help is suggested."""

_DESTROY: Final = frozenset({"cancel", "empty", "gc", "prune", "remove", "undo"})
_LATER: Final = ("config ", "trash ")
"""Groups whose verbs are rarely meant where no group is named."""
_SHORTEST: Final = 4
"""Fewest characters of a name that a typing error is found in: among shorter ones every word is near to another."""
_PREFIX: Final = 3
"""Fewest characters of a beginning that counts as the word."""


def suggest(group: str, typed: Sequence[str]) -> str:
    """Return what to type after `reg`.

    Args:
        group: Words of the group in which the first of the typed words was looked up.
        typed: The word that names no command there, and those that follow it.
    """
    word, *rest = typed
    if word in _EXPLAINED:
        return f"help {_EXPLAINED[word]}"
    found = find_command(group, word)
    if found is None:
        return f"{group} --help".strip()
    other = word in _OTHER_ARGUMENTS and COMMANDS[found].name != word
    return f"{found} --help" if other or _is_destructive(found) else " ".join(filter(None, [found, join(rest)]))


def find_explained(word: str) -> str | None:
    """Return the topic that says what there is about a word which names no topic and means no command, or None."""
    if word in _EXPLAINED:
        return _EXPLAINED[word]
    return next((topic for topic, words in _TOPICS.items() if word in words.split()), None)


def find_command(group: str, word: str) -> str | None:
    """Return the words of the command that `word` means after the words of a group; None where it may mean many."""
    below = children(group)
    meant = _MEANT.get(word, "").split()
    same = find_verbs(word if group else ALIASES.get(word, word))
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
    """Return the names that were probably mistyped or cut as `word`: the only one that it begins, or those like it."""
    if word in _MEANT or word in _EXPLAINED:
        return []
    known = list(dict.fromkeys(names))
    begun = [name for name in known if name.startswith(word)] if len(word) >= _PREFIX else []
    return begun if len(begun) == 1 else [name for name in known if _is_typo(word, name)]


def _is_typo(word: str, name: str) -> bool:
    """Return whether one letter of a name is missing, added or replaced in a word, or two neighbours are swapped."""
    shorter = min(len(word), len(name))
    start = next((at for at in range(shorter) if word[at] != name[at]), shorter)
    one, other = word[start:], name[start:]
    if one[:2] == other[1::-1] and one[2:] == other[2:]:
        return True
    long = max(len(word), len(name)) >= _SHORTEST
    return long and (one[1:] == other or one == other[1:] or one[1:] == other[1:])
