"""Records the arguments that argparse parses in a task, defaults too, and replaces them in a clone by its values."""

from __future__ import annotations

import argparse
import threading
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from registry_cli.sdk.notebook.shell import find_connection_file, is_magic
from registry_cli.sdk.params import connect_table, fit

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from registry_cli.records.values import Value

Connected = Mapping[str, Any] | bool
"""The type of ClearML's `auto_connect_…` arguments: a switch for everything, or one for each name."""
_plain = argparse.ArgumentParser.parse_known_args
_REMEMBERED: Final = 8
"""Parsers whose arguments are remembered for a task that begins after they were parsed."""
_before: deque[tuple[argparse.ArgumentParser, argparse.Namespace]] = deque(maxlen=_REMEMBERED)


def remember_arguments() -> None:
    """Remember parsed arguments for the first listener, from now on; a clone then changes the returned namespace."""
    _patch(lambda parser, found: _before.append((parser, found)))


class Listener:
    """Listens to every parser of this process, until it is stopped.

    Args:
        overrides: Values that a clone gives to the script instead of its own.
        take: Called with the parameters.
        everything: True records the arguments of parsers that were not connected too.
        skipped: Arguments that are not recorded, by their destinations.
        take_options: Called with the options of the arguments, such as `--lr`, by destinations and other spellings.
    """

    def __init__(
        self,
        overrides: Mapping[str, Value],
        take: Callable[[Mapping[str, Value | None]], None],
        *,
        everything: bool = True,
        skipped: Collection[str] = (),
        take_options: Callable[[Mapping[str, str]], None] = lambda _: None,
    ) -> None:
        self.everything = everything
        self._overrides, self._tell = overrides, take
        self._skipped, self._take_options = skipped, take_options
        self._parsers: dict[int, tuple[argparse.ArgumentParser, str | None, bool]] = {}

    def start(self) -> None:
        """Begin to listen."""
        _patch(self._take)
        while _before:
            self._take(*_before.popleft())

    def stop(self) -> None:
        """Restore argparse's own function."""
        argparse.ArgumentParser.parse_known_args = _plain  # type: ignore[method-assign]

    def add(self, parser: argparse.ArgumentParser, section: str | None, *, ours: bool = True) -> None:
        """Listen to a parser; its parameters get the prefix `section`, and a clone's values if `ours`."""
        self._parsers[id(parser)] = (parser, section, ours)

    def _take(self, parser: argparse.ArgumentParser, found: argparse.Namespace) -> None:
        connected = self._parsers.get(id(parser))
        if connected is None and (not self.everything or is_magic(parser)):
            return
        section, ours = connected[1:] if connected else (None, True)
        kernel = find_connection_file()
        table = {
            name: value
            for name, value in vars(found).items()
            if name not in self._skipped and (kernel is None or value != kernel)
        }
        converted = _convert(parser, table, self._overrides if ours else {}, section)
        self._tell(connect_table(table, converted, section))
        self._take_options({name: option for dest, name, option in _iter_options(parser) if dest in vars(found)})
        vars(found).update(table)


def _patch(take: Callable[[argparse.ArgumentParser, argparse.Namespace], None]) -> None:
    inside = threading.local()

    def parse_known_args(parser: argparse.ArgumentParser, args: Any = None, namespace: Any = None) -> Any:
        depth = getattr(inside, "depth", 0)
        inside.depth = depth + 1
        try:
            found, rest = _plain(parser, args, namespace)
        finally:
            inside.depth = depth
        if depth == 0:  # a subparser's arguments are in its parser's namespace
            take(parser, found)
        return found, rest

    argparse.ArgumentParser.parse_known_args = parse_known_args  # type: ignore[method-assign,assignment]


def _iter_options(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str, str]]:
    """Yield the destination of each argument that has an option, a name of the argument, and its longest option.

    The names are its other spellings too, and `no_flag` for `--no-flag`; subcommands are included.
    """
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in {id(one): one for one in action.choices.values()}.values():
                yield from _iter_options(below)
        else:
            two = isinstance(action, argparse.BooleanOptionalAction)
            off = [option for option in action.option_strings if two and option.startswith("--no-")]
            on = [option for option in action.option_strings if option not in off]
            for spelled in (on, off):
                longest = max(spelled, key=len, default="")
                yield from ((action.dest, option.lstrip("-").replace("-", "_"), longest) for option in spelled)
            if on:
                yield action.dest, action.dest, max(on, key=len)


def _convert(
    parser: argparse.ArgumentParser, table: Mapping[str, Any], overrides: Mapping[str, Any], section: str | None
) -> dict[str, Any]:
    """Return overrides of arguments, converted by each argument's own `type` as from text."""
    types = {action.dest: action.type for action in parser._actions if callable(action.type)}
    converted = dict(overrides)
    for name, value in table.items():
        key = f"{section}.{name}" if section else name
        if key in converted and value is None and name in types:
            converted[key] = types[name](str(converted[key]))
        elif key in converted:
            converted[key] = fit(converted[key], value)
    return converted


def make_listener(
    overrides: Mapping[str, Value],
    take: Callable[[Mapping[str, Value | None]], None],
    wanted: Connected,
    take_options: Callable[[Mapping[str, str]], None],
) -> Listener:
    """Return a listener for a script's choice; a table maps arguments that are not recorded to False."""
    skipped = [name for name, recorded in wanted.items() if not recorded] if isinstance(wanted, Mapping) else ()
    return Listener(overrides, take, everything=bool(wanted), skipped=skipped, take_options=take_options)
