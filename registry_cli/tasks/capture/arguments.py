"""Parses the parameters of a command line, and sets them to other values. Knows no script's own grammar.

It understands `--lr 0.1`, `--lr=0.1`, `--flag`, `--no-flag`, `-n 5`, `-n5`, `-lr 0.1`, and the overrides of Hydra
(https://hydra.cc/docs/advanced/override_grammar/basic/): `a.b=3`, `+a=3`, `++a=3`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

from registry_cli.dataclass import dataclass
from registry_cli.errors import UsageError
from registry_cli.records.values import escape_text, format_time, parse_scalar
from registry_cli.secrets.hiding import list_hidden
from registry_cli.secrets.names import looks_secret_argument
from registry_cli.tasks.capture.program import find_program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registry_cli.records.values import Scalar, Value

_DASHED: Final = re.compile(r"--?(?P<name>[^\W\d][\w.-]*)(?P<joined>=.*)?", re.DOTALL)
_GLUED: Final = re.compile(r"-(?P<name>[A-Za-z])(?P<value>\d[\d.]*)")
_OVERRIDE: Final = re.compile(r"(?P<sign>\+{0,2})(?P<name>[^\W\d][\w.@/-]*)=(?P<value>.*)", re.DOTALL)
_NAME: Final = re.compile(r"[^\W\d][\w.@/]*")
_EXPONENT: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+|[+-]?\.\d+")
_NUMBER: Final = re.compile(rf"[+-]?\d+(?:\.\d*)?|{_EXPONENT.pattern}|-?(?:inf|nan)")


@dataclass(frozen=True, slots=True)
class Argument:
    """One parameter and its position in a command line.

    Attributes:
        name: Name as it is recorded: without leading dashes, with `_` for dashes inside.
        value: Value of the parameter.
        start: Position of its first word.
        stop: Position after its last word.
        spelling: Its first word up to the value, such as `--lr`, `--lr=` or `+a.b=`.
        style: Form of name and value: `--lr 0.1`, `--lr=0.1` (or `a=1`), `-n5`, or no value at all.
    """

    name: str
    value: Value
    start: int
    stop: int
    spelling: str
    style: Literal["apart", "joined", "glued", "flag"]


def parse_arguments(argv: Sequence[str], *, secrets: bool = False) -> dict[str, Value]:
    """Return the parameters of a command line, the last value of a repeated one; words after `--` are ignored.

    Args:
        argv: The command and its words.
        secrets: Include parameters that look like secrets.
    """
    found = {argument.name: argument.value for argument in _iter_arguments(argv)}
    return {name: value for name, value in found.items() if secrets or not _is_secret(name, value)}


def set_argument(argv: Sequence[str], name: str, value: Value | None, *, option: str | None = None) -> tuple[str, ...]:
    """Return a command line in which one parameter has another value.

    The value is replaced in place, in the spelling found there, the last one of several; otherwise it is added at the
    end.

    Args:
        argv: The command and its words.
        name: Name of the parameter; `-` and `_` are equivalent.
        value: The new value; None removes the parameter, a bool switches a flag.
        option: The parameter's option, such as `--lr`, where it is known and may have another name.

    Raises:
        UsageError: The value is a table, or the name is not legal.
    """
    key = _key(name)
    if not _NAME.fullmatch(key):
        raise UsageError(f"{name!r} is not the name of an argument")
    if isinstance(value, Mapping):
        raise UsageError(f"argument {name} cannot be a table")
    found = list(_iter_arguments(argv))
    same = [argument for argument in found if argument.name in {key, _key(option or name)}]
    if option is not None:
        name = same[-1].name if same else option
    if value is None:
        return _without(argv, same)
    if isinstance(value, bool) and (same[-1].style == "flag" if same else not _is_overridden(found)):
        return _switch(argv, found, name, on=value)
    if same:
        return _swap(argv, same[-1], _write(same[-1], value, argv[same[-1].stop : same[-1].stop + 1]))
    return _add(argv, found, name, value)


def list_options(argv: Sequence[str]) -> dict[str, str]:
    """Return the options of a command line as they are written there, such as `--lr`, by their parameters' names."""
    found = {argument.name: argument.spelling.removesuffix("=") for argument in _iter_arguments(argv)}
    return {name: spelling for name, spelling in found.items() if spelling.startswith("-")}


def takes_overrides(argv: Sequence[str]) -> bool:
    """Return whether a command's parameters are Hydra's overrides, which may name any of a script's settings."""
    return _is_overridden(list(_iter_arguments(argv)))


def _is_secret(name: str, value: Value) -> bool:
    words = [] if isinstance(value, bool) else _format(value)
    return bool(list_hidden(words)) or looks_secret_argument(name, " ".join(words))


def _iter_arguments(argv: Sequence[str]) -> Iterator[Argument]:
    at, end = find_program(argv).words, _find_end(argv)
    while at < end:
        argument = _parse(argv, at, end)
        if argument:
            yield argument
        at = argument.stop if argument else at + 1


def _find_end(argv: Sequence[str]) -> int:
    start = find_program(argv).words
    return next((at for at in range(start, len(argv)) if argv[at] == "--"), len(argv))


def _parse(argv: Sequence[str], at: int, end: int) -> Argument | None:
    word = argv[at]
    if found := _GLUED.fullmatch(word):
        return Argument(found["name"], _scalar(found["value"]), at, at + 1, f"-{found['name']}", "glued")
    if found := _DASHED.fullmatch(word):
        name = _key(found["name"])
        if found["joined"] is not None:
            return Argument(name, _scalar(found["joined"][1:]), at, at + 1, word[: found.start("joined") + 1], "joined")
        stop = _find_stop(argv, at + 1, end)
        values = [_scalar(each) for each in argv[at + 1 : stop]]
        if not values:
            return Argument(name, True, at, stop, word, "flag")
        return Argument(name, values[0] if len(values) == 1 else values, at, stop, word, "apart")
    if found := _OVERRIDE.fullmatch(word):
        value = _scalar(found["value"])
        return Argument(_key(found["name"]), value, at, at + 1, word[: found.start("value")], "joined")
    return None


def _find_stop(argv: Sequence[str], at: int, end: int) -> int:
    """Return the position after an option's values: one of any kind, or several numbers."""
    if at == end or not _is_value(argv[at]):
        return at
    stop = at + 1
    if _NUMBER.fullmatch(argv[at]):
        while stop < end and _NUMBER.fullmatch(argv[stop]):
            stop += 1
    return stop


def _is_value(word: str) -> bool:
    """Return whether a word after an option is its value: no override, and no option except a negative number."""
    if word.startswith("-") and word != "-":
        return _NUMBER.fullmatch(word) is not None
    return _OVERRIDE.fullmatch(word) is None


def _scalar(text: str) -> Scalar:
    """Return a value as records parse it, and `1e-3` as a number too: the command line keeps the original spelling."""
    clean = escape_text(text)
    return float(clean) if _EXPONENT.fullmatch(clean) else parse_scalar(clean)


def _write(old: Argument, value: Value, after: Sequence[str]) -> list[str]:
    """Return the words for `value` in place of `old`, before the words `after`."""
    words = _format(value, like=old.value)
    if old.style == "joined":
        return [old.spelling + _join(words)]
    if old.style == "glued" and _GLUED.fullmatch(old.spelling + words[0]) and len(words) == 1:
        return [old.spelling + words[0]]
    return _write_apart(old.spelling, words, after)


def _write_apart(spelling: str, words: Sequence[str], after: Sequence[str]) -> list[str]:
    taken = bool(after) and _NUMBER.fullmatch(after[0]) is not None  # it would be parsed as one more value
    if len(words) == 1 and (taken or not _is_value(words[0])):
        return [f"{spelling}={words[0]}"]
    return [spelling, *words]


def _switch(argv: Sequence[str], found: Sequence[Argument], name: str, *, on: bool) -> tuple[str, ...]:
    """Add or remove a flag; a flag that `--no-flag` switches off is switched on by removing the `no-`."""
    same = [argument for argument in found if argument.name == _key(name)]
    against = [argument for argument in found if argument.style == "flag" and argument.name == f"no_{_key(name)}"]
    if not on:
        return _without(argv, same)
    if same:
        return tuple(argv)
    if against:
        return _swap(argv, against[-1], [re.sub(r"^(--?)no[-_]", r"\1", against[-1].spelling)])
    return _add(argv, found, name, True)


def _add(argv: Sequence[str], found: Sequence[Argument], name: str, value: Value) -> tuple[str, ...]:
    end = _find_end(argv)
    if _is_overridden(found) or name.startswith("+"):
        new = [f"{name}={_join(_format(value))}"]
    else:
        spelling = name if name.startswith("-") else f"-{name}" if len(name) == 1 else f"--{name}"
        new = [spelling] if value is True else _write_apart(spelling, _format(value), argv[end : end + 1])
    return (*argv[:end], *new, *argv[end:])


def _swap(argv: Sequence[str], old: Argument, new: Sequence[str]) -> tuple[str, ...]:
    return (*argv[: old.start], *new, *argv[old.stop :])


def _without(argv: Sequence[str], gone: Sequence[Argument]) -> tuple[str, ...]:
    places = {at for argument in gone for at in range(argument.start, argument.stop)}
    return tuple(word for at, word in enumerate(argv) if at not in places)


def _format(value: Value, like: Value | None = None) -> list[str]:
    if isinstance(value, bool):
        return [str(value) if like in ("True", "False") else str(value).lower()]
    if isinstance(value, datetime):
        return [format_time(value)]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [word for each in value for word in _format(each)]
    return [str(value)]


def _join(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"[{','.join(words)}]"


def _is_overridden(found: Sequence[Argument]) -> bool:
    """Return whether all parameters of a command are Hydra's overrides."""
    return bool(found) and not any(argument.spelling.startswith("-") for argument in found)


def _key(name: str) -> str:
    return name.lstrip("-+").replace("-", "_")
