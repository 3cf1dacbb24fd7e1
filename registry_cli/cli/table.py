"""All commands by the words typed: what each is for, and under which heading help shows it.

Help and completion read this table alone, so that neither imports a command. A group is a row that other rows start
with; a command's module is its words under `registry_cli.cli.commands`, `log` being `log.py` and `model tag`
`model/tag.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Row:
    """One command or group.

    Attributes:
        words: What is typed after `reg`, such as `model tag`.
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
        "status": "Show which registry is used and how it is",
        "config": "Read and change settings of this copy",
        "trust": "Use registries of other users where they are found",
        "demo": "Train on real data, then keep, compare and publish the models",
        "help": "Explain a topic or a command",
    },
    "Work": {
        "model": "Keep, find, compare and publish models",
        "log": "Run a command as a task, and record all that a re-run needs",
        "task": "Find, compare, clone and re-run experiments",
    },
    "Look back": {
        "events": "Print what has happened, oldest first",
        "undo": "Take back an entry by appending its opposite",
    },
    "Care": {
        "fsck": "Check that all that is kept is what it was",
        "repair": "Mend what is damaged, from this registry or a copy",
        "du": "Show what the registry's disk space is used for",
        "gc": "Free the bytes that nothing uses",
        "trash": "List, restore and delete what was taken out of use",
    },
    "trash: Trash": {
        "trash list": "List what lies in the trash",
        "trash restore": "Bring bytes back from the trash",
        "trash empty": "Delete what lies in the trash",
    },
    "config: Settings": {
        "config get": "Print one setting",
        "config set": "Change a setting",
        "config unset": "Bring a setting back to its default",
        "config list": "List all settings, their values and where they come from",
    },
    "model: Make and read": {
        "model add": "Keep files as a new version of a model",
        "model list": "List models, one row each",
        "model query": "Find versions by an expression",
        "model show": "Show all about a version",
        "model get": "Write the files of versions to a folder",
        "model path": "Print where a version's files can be opened in place",
    },
    "model: Understand": {
        "model compare": "Show how versions differ",
        "model lineage": "Draw what a version was made from and what was made from it",
        "model history": "List every change of a model",
        "model verify": "Check that the bytes of versions are what they were",
    },
    "model: Change": {
        "model edit": "Change fields of versions",
        "model derive": "Make a new draft on the bytes of a version",
        "model tag": "Add tags to versions and remove them",
        "model alias": "Move an alias to a version, list aliases or step back",
        "model rename": "Give a model another name",
    },
    "model: Life cycle": {
        "model publish": "Seal versions for ever",
        "model archive": "Hide versions from listings",
        "model restore": "Bring archived versions back",
        "model remove": "Remove versions; their numbers are not given again",
        "model prune": "Remove the versions that a retention rule does not keep",
    },
    "task: Find": {
        "task list": "List tasks, or those that an expression finds",
        "task show": "Show all about a task",
        "task logs": "Print what a task printed",
        "task compare": "Show how tasks differ",
    },
    "task: Run again": {
        "task clone": "Make a draft from a task, with another input, argument or commit",
        "task edit": "Change a draft before it runs",
        "task run": "Run a draft, or a task once more",
        "task script": "Print a file that runs a task anywhere",
    },
    "task: Change": {
        "task tag": "Add tags to tasks and remove them",
        "task cancel": "End tasks that run, and drafts",
        "task archive": "Hide tasks from listings",
        "task restore": "Bring archived and removed tasks back",
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
"""Other spellings of verbs, understood in every group that has the verb or in the one named, and shown nowhere."""


def aliases_in(group: str) -> dict[str, Row]:
    """Return the rows right below `group` by their other spellings."""
    rows = children(group)
    found = {alias.removeprefix(f"{group} "): verb for alias, verb in ALIASES.items()}
    legal = {alias: verb for alias, verb in found.items() if " " not in alias and alias not in rows}
    return {alias: rows[verb] for alias, verb in legal.items() if verb in rows}


def children(group: str) -> dict[str, Row]:
    """Return the rows right below `group` by their last word, in the order of help."""
    return {row.name: row for words, row in COMMANDS.items() if words.rpartition(" ")[0] == group}
