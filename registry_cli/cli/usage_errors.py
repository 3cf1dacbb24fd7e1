"""The errors of words that make no sense for a command: what Typer refuses, in our words, and what it lets pass."""

from __future__ import annotations

import re
from typing import Any

from registry_cli.errors import UsageError

_CLOSE = 0.8
"""Least similarity of an option that is probably meant."""

_SET = {"--meta": "--set metadata.KEY=VALUE", "--metric": "--set metrics.KEY=NUMBER"}
"""Options of `add`, each with what a command says that has `--set` instead."""


def refuse_second_values(command: Any, ctx: Any, args: list[str]) -> None:
    """Raise a UsageError where an option that takes one value has two: the parser would drop the first in silence."""
    order: list[Any] = command.make_parser(ctx).parse_args(args=list(args))[2]
    for param in dict.fromkeys(param for param in order if order.count(param) > 1):
        if param.param_type_name != "option" or param.multiple or param.is_flag or param.count:
            continue
        param.multiple = True  # the parser then collects the values
        try:
            options, *_ = command.make_parser(ctx).parse_args(args=list(args))
        finally:
            param.multiple = False
        values = list(dict.fromkeys(options[param.name]))
        if len(values) > 1:
            name = max(param.opts, key=len)
            words = ctx.command_path.removeprefix("reg ")
            problem = f"{name} takes one value, and is given `{values[0]}` and `{values[1]}`"
            raise UsageError(problem, hint=f"reg {words} --help")


def to_usage_error(error: Any) -> UsageError:
    """Return an error in our words for words that Typer could not parse; the hint is the help of the command."""
    message: str = error.message if hasattr(error, "possibilities") else error.format_message()
    message = re.sub(r"^No such option: (.*)", r"no option '\1'", message.removeprefix("Got ").removesuffix("."))
    message = re.sub(r"'([^']*)'", r"`\1`", message).replace("\n\t", " ")  # choices stand on lines of their own
    path = f"{error.ctx.command_path} ".removeprefix("reg ") if error.ctx else ""
    near = _find_near(error) if hasattr(error, "possibilities") else None
    message += f": did you mean `{near}`?" if near else ""
    return UsageError(message[:1].lower() + message[1:], hint=f"reg {path}--help")


def _find_near(error: Any) -> str | None:
    """Return what an option that a command does not have probably means: another spelling, or a field for `--set`."""
    from difflib import get_close_matches

    options = {option for param in error.ctx.command.params for option in param.opts} if error.ctx else ()
    field = _SET.get(error.option_name) if "--set" in options else None
    return field or next(iter(get_close_matches(error.option_name, error.possibilities or (), 1, cutoff=_CLOSE)), None)
