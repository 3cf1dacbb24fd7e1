"""What argparse parses while a task runs: told as parameters, defaults too, and in a clone replaced by what it says."""

from __future__ import annotations

import argparse
import threading
from typing import TYPE_CHECKING, Any

from registry_cli.sdk.params import connect_table, fit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from registry_cli.sdk.current import Current

_plain = argparse.ArgumentParser.parse_known_args


class Listener:
    """Listens to every parser of this process, until it is stopped.

    Args:
        current: The task to tell.
        everything: Whether parsers that were not connected are heard too.
        skipped: Arguments that are not told, by their destinations.
    """

    def __init__(self, current: Current, *, everything: bool = True, skipped: Collection[str] = ()) -> None:
        self.everything = everything
        self._current = current
        self._skipped = skipped
        self._parsers: dict[int, tuple[argparse.ArgumentParser, str | None]] = {}
        self._depth = threading.local()

    def start(self) -> None:
        """Begin to listen."""
        listener = self

        def parse_known_args(parser: argparse.ArgumentParser, args: Any = None, namespace: Any = None) -> Any:
            depth = getattr(listener._depth, "value", 0)
            listener._depth.value = depth + 1
            try:
                found, rest = _plain(parser, args, namespace)
            finally:
                listener._depth.value = depth
            if depth == 0:  # a subparser's arguments are in its parser's namespace
                listener._take(parser, found)
            return found, rest

        argparse.ArgumentParser.parse_known_args = parse_known_args  # type: ignore[method-assign,assignment]

    def stop(self) -> None:
        """Let argparse be as it was."""
        argparse.ArgumentParser.parse_known_args = _plain  # type: ignore[method-assign]

    def add(self, parser: argparse.ArgumentParser, section: str | None) -> None:
        """Listen to a parser by name; its parameters get `section` before theirs."""
        self._parsers[id(parser)] = (parser, section)

    def _take(self, parser: argparse.ArgumentParser, found: argparse.Namespace) -> None:
        connected = self._parsers.get(id(parser))
        if connected is None and not self.everything:
            return
        section = connected[1] if connected else None
        table = {name: value for name, value in vars(found).items() if name not in self._skipped}
        converted = _convert(parser, table, self._current.overrides, section)
        self._current.add_params(connect_table(table, converted, section))
        vars(found).update(table)


def _convert(
    parser: argparse.ArgumentParser, table: Mapping[str, Any], overrides: Mapping[str, Any], section: str | None
) -> dict[str, Any]:
    """Return overrides of arguments as their own `type` would make them of text."""
    types = {action.dest: action.type for action in parser._actions if callable(action.type)}
    converted = dict(overrides)
    for name, value in table.items():
        key = f"{section}.{name}" if section else name
        if key in converted and value is None and name in types:
            converted[key] = types[name](str(converted[key]))
        elif key in converted:
            converted[key] = fit(converted[key], value)
    return converted
