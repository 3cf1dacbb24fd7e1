"""Parses the words before the cursor into the place to complete. Knows the table of options, no shell, no registry."""

from __future__ import annotations

from registry_cli.cli.complete.options import ALIASES, COMMANDS, OPTIONS, SHORT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_SEVERAL = frozenset({"--to", "--output", "-o"})
FLAG = ""
"""Kind of an option that takes no value."""


class Place:
    """The place at the cursor that is to be completed.

    Attributes:
        kind: `command`, `option`, or the metavar of an argument or option; empty where nothing is known.
        prefix: Typed characters that stay before every candidate, such as `--parent=`.
        text: Typed characters that candidates begin with.
        command: Words of the command so far, such as `model tag`.
        options: Options typed so far.
        registry: Value of `--registry`, or None.
    """

    __slots__ = ("command", "kind", "options", "prefix", "registry", "text")

    def __init__(self, text: str) -> None:
        self.kind = ""
        self.prefix = ""
        self.text = text
        self.command = ""
        self.options: list[str] = []
        self.registry: str | None = None


def is_group(command: str) -> bool:
    """Return True where a verb must follow `command`."""
    return any(words.rpartition(" ")[0] == command for words in COMMANDS if words)


def options_of(command: str) -> dict[str, tuple[tuple[str, ...], str, bool, str]]:
    """Return the options of a command by each of their spellings: spellings, kind, repeatable, help."""
    return {name: OPTIONS[index] for index in COMMANDS[command][1] for name in OPTIONS[index][0]}


def find_place(words: Sequence[str]) -> Place:
    """Return the place of the last of `words`, which are those after `reg`."""
    place = Place(words[-1])
    given, waiting, only_arguments = 0, "", False
    for word in words[:-1]:
        if waiting:
            _take(place, waiting, word)
            waiting = ""
        elif word == "--" and not only_arguments:
            only_arguments = True
        elif word.startswith("-") and word != "-" and not only_arguments:
            waiting = _read_option(place, word)
        elif is_group(place.command):
            place.command = _descend(place.command, word)
            if place.command not in COMMANDS:
                return place
        else:
            given += 1
    _decide(place, waiting, given, only_arguments)
    return place


def _descend(command: str, word: str) -> str:
    path = f"{command} {word}".strip()
    if path in COMMANDS:
        return path
    verb = ALIASES.get(path) or ALIASES.get(word, word)
    return f"{'model' if not command and verb in SHORT else command} {verb}".strip()


def _read_option(place: Place, word: str) -> str:
    """Record the option and return its name if its value is the next word, else an empty text."""
    name, equals, value = word.partition("=")
    option = options_of(place.command).get(name)
    if option is None:
        return ""
    place.options.append(name)
    if equals:
        _take(place, name, value)
    return "" if equals or option[1] == FLAG else name


def _take(place: Place, name: str, value: str) -> None:
    if name == "--registry":
        place.registry = value


def _decide(place: Place, waiting: str, given: int, only_arguments: bool) -> None:
    options = options_of(place.command)
    name, equals, value = place.text.partition("=")
    if waiting:
        place.kind = options[waiting][1]
    elif place.text.startswith("-") and not only_arguments:
        if equals and name in options:
            place.prefix, place.text, place.kind = f"{name}=", value, options[name][1]
        else:
            place.kind = "option"
    elif is_group(place.command):
        place.kind = "command"
    else:
        arguments = COMMANDS[place.command][2]
        if given < len(arguments):
            place.kind = arguments[given].removesuffix("...")
        elif arguments and arguments[-1].endswith("..."):
            place.kind = arguments[-1].removesuffix("...")
        if place.command == "model get" and given and not _SEVERAL.intersection(place.options):
            place.kind = "DIR"  # without these, a folder follows the version
