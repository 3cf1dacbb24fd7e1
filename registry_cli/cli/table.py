"""All commands by the words typed, each with its summary and its heading in help.

Help and completion read this table alone, so that neither imports a command. A group is a row that other rows start
with; a command's module is its words under `registry_cli.cli.commands`, `log` being `log.py` and `model tag`
`model/tag.py`.
"""

from __future__ import annotations

from typing import Final

from registry_cli.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One command or group.

    Attributes:
        words: Words typed after `reg`, such as `model tag`.
        summary: First line of the command's docstring, without its full stop.
        section: Heading under which help lists it.
    """

    words: str
    summary: str
    section: str

    @property
    def name(self) -> str:
        """The last word."""
        return self.words.rpartition(" ")[2]

    @property
    def module(self) -> str:
        """Full name of the module that holds its `command`."""
        return "registry_cli.cli.commands." + self.words.replace(" ", ".")


_SECTIONS: Final = {
    "Set up": {
        "init": "Make a registry",
        "status": "Show which registry is used, and its state",
        "config": "Read and change settings of this copy",
        "trust": "Use registries of other users where they are found",
        "demo": "Train on real data, then store, compare and publish the models",
        "help": "Explain a topic or a command",
        "completion": "Print the script with which a shell completes words",
    },
    "Work": {
        "model": "Add, find, compare and publish models",
        "log": "Run a command as a task, and record everything a re-run needs",
        "task": "Find, compare, clone and re-run experiments",
    },
    "Look back": {
        "events": "Print the events of the log, oldest first",
        "undo": "Undo an entry by appending its opposite",
    },
    "Care": {
        "fsck": "Check that every stored file is intact",
        "repair": "Repair damaged files, from this registry or a copy",
        "du": "Show how the registry uses disk space",
        "gc": "Free the bytes that nothing uses",
        "trash": "List, restore and delete files taken out of use",
    },
    "trash: Trash": {
        "trash list": "List the files in the trash",
        "trash restore": "Restore bytes from the trash",
        "trash empty": "Delete the files in the trash",
    },
    "config: Settings": {
        "config get": "Print one setting",
        "config set": "Change a setting",
        "config unset": "Reset a setting to its default",
        "config list": "List all settings, their values and sources",
    },
    "model: Make and read": {
        "model add": "Add files as a new version of a model",
        "model list": "List models, one row each",
        "model query": "Find versions by an expression",
        "model find": "Find the versions that hold the bytes of a file or folder",
        "model show": "Show everything about a version",
        "model get": "Write the files of versions to a folder",
        "model path": "Print the paths at which versions can be opened in place",
    },
    "model: Understand": {
        "model compare": "Show how versions differ",
        "model lineage": "Draw the ancestors and descendants of a version",
        "model history": "List every change of a model",
        "model verify": "Check that the bytes of versions are intact",
    },
    "model: Change": {
        "model edit": "Change fields of versions",
        "model derive": "Make a new draft that shares the bytes of a version",
        "model tag": "Add tags to versions and remove them",
        "model alias": "Move an alias to a version, list aliases or undo a move",
        "model promote": "Move an alias to a version that is better than its holder",
        "model rename": "Give a model another name",
    },
    "model: Life cycle": {
        "model publish": "Seal versions for ever",
        "model archive": "Hide versions from listings",
        "model restore": "Restore archived and removed versions",
        "model remove": "Remove versions; their numbers are never reused",
        "model prune": "Remove the versions that a retention rule does not keep",
    },
    "task: Find": {
        "task list": "List tasks, or those that an expression finds",
        "task show": "Show everything about a task",
        "task logs": "Print the output of a task",
        "task compare": "Show how tasks differ",
    },
    "task: While it runs": {
        "task metric": "Log numbers of the task that runs this command",
        "task param": "Record parameters of the task that runs this command",
        "task note": "Add a line to the comment of the task that runs this command",
    },
    "task: Run again": {
        "task clone": "Make a draft from a task, with another input, argument or commit",
        "task edit": "Change a draft before it runs",
        "task run": "Run a draft, or run a task again",
        "task script": "Print a file that runs a task anywhere",
    },
    "task: Change": {
        "task tag": "Add tags to tasks and remove them",
        "task cancel": "End tasks that run, and drafts",
        "task archive": "Hide tasks from listings",
        "task restore": "Restore archived and removed tasks",
        "task remove": "Remove tasks; the models they made stay",
    },
}

COMMANDS: Final[dict[str, Row]] = {
    words: Row(words, summary, heading.rpartition(": ")[2])
    for heading, commands in _SECTIONS.items()
    for words, summary in commands.items()
}
"""Row of every command and group by its words, in the order of help."""

GROUPS: Final = frozenset(words.rpartition(" ")[0] for words in COMMANDS)
"""Words after which a verb must follow; the empty one is `reg` itself."""

ALIASES: Final = {"ls": "list", "rm": "remove", "mv": "rename", "task query": "list"}
"""Other spellings of verbs, accepted in every group that has the verb or in the one named; help shows none of them."""


PAGED: Final = frozenset({
    "help", "config list", "events", "model compare", "model history", "model lineage", "model list", "model query",
    "model show", "task compare", "task list", "task logs", "task script", "task show", "trash list",
})  # fmt: skip
"""Commands that only read, whose output may be longer than a terminal."""

SHORT: Final = ("add", "list", "show", "get", "query", "compare")
"""Verbs of `reg model` that `reg` itself takes too: `reg add` is `reg model add`."""


def aliases_in(group: str) -> dict[str, Row]:
    """Return the rows directly below `group` by their other spellings."""
    short = {verb: COMMANDS[f"model {verb}"] for verb in SHORT} if not group else {}
    rows = {**children(group), **short}
    found = {alias.removeprefix(f"{group} "): verb for alias, verb in ALIASES.items()}
    legal = {alias: verb for alias, verb in found.items() if " " not in alias and alias not in rows}
    return {**short, **{alias: rows[verb] for alias, verb in legal.items() if verb in rows}}


def children(group: str) -> dict[str, Row]:
    """Return the rows directly below `group` by their last word, in the order of help."""
    return {row.name: row for words, row in COMMANDS.items() if words.rpartition(" ")[0] == group}
