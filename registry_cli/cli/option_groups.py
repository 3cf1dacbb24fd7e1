"""Spreads the groups of options that a command takes into one parameter for each option, which is what Typer reads."""

from __future__ import annotations

from functools import wraps
from inspect import Parameter, Signature, get_annotations, signature
from typing import TYPE_CHECKING, Any

from registry_cli.cli.options import Options

if TYPE_CHECKING:
    from collections.abc import Callable


def spread_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command for Typer, which takes each option of a group as a parameter of its own."""
    parameters: list[Parameter] = []
    groups: dict[str, tuple[type[Options], list[str]]] = {}
    for parameter in signature(command, eval_str=True).parameters.values():
        group = parameter.annotation
        spread = [parameter]
        if isinstance(group, type) and issubclass(group, Options):
            spread = _list_options(group)
            groups[parameter.name] = group, [option.name for option in spread]
        parameters += [each.replace(kind=Parameter.KEYWORD_ONLY) for each in spread]

    @wraps(command)
    def call(**given: Any) -> None:
        for name, (group, options) in groups.items():
            given[name] = group(**{option: given.pop(option) for option in options})
        command(**given)

    call.__signature__ = Signature(parameters)  # type: ignore[attr-defined]  # `inspect` reads it
    call.__annotations__ = {}  # Typer would evaluate them again, which takes a millisecond
    return call


def _list_options(group: type[Options]) -> list[Parameter]:
    """Return the options of a group: those that its class declares itself, then those of the classes below it."""
    hints = (hint for owner in group.__mro__ for hint in get_annotations(owner, eval_str=True).items())
    return [
        Parameter(name, Parameter.KEYWORD_ONLY, default=getattr(group, name, None), annotation=hint)
        for name, hint in hints
        if hasattr(hint, "__metadata__")
    ]
