"""Addresses as text: what a user types, in its parts. Knows no index.

`fraud/xgb` is the latest live version, `fraud/xgb:3` a number, `fraud/xgb@prod` an alias, `fraud/xgb@prod@{1}` the
alias's holder before, `fraud/xgb~2` two live versions earlier, `3f9c2a1b` a unique id prefix, `task:01JD...` the output
of a task, `input:base` an input of the task that this process is part of.
"""

from __future__ import annotations

import re
from typing import Final

from registry_cli.dataclass import dataclass
from registry_cli.errors import UsageError
from registry_cli.ids import AliasName, ModelName, is_hex, parse_model_name

INPUT: Final = "input:"

_NAMED: Final = re.compile(
    r"(?P<name>[^:@~]+)(?::(?P<number>\d{1,18})|@(?P<alias>[^:@~]+)(?:@\{(?P<ago>\d{1,18})\})?)?"
    r"(?:~(?P<back>\d{0,18}))?",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed address: a name with at most one of number and alias, or an id prefix, or a task, or an input.

    Attributes:
        ago: Number of holders of the alias to go back.
        back: Number of live versions to go back in the line.
    """

    text: str
    name: ModelName | None = None
    number: int | None = None
    alias: AliasName | None = None
    ago: int = 0
    back: int = 0
    prefix: str | None = None
    task: str | None = None
    input: str | None = None

    @property
    def exact(self) -> bool:
        """True where it names one version whatever is added later: it has no bare name."""
        return self.name is None or (self.number is not None or self.alias is not None)


def parse_address(text: str) -> Address:
    """Return `text` as an address.

    Raises:
        UsageError: The text is not an address.
    """
    if text.startswith("task:"):
        return Address(text, task=text.removeprefix("task:"))
    if text.startswith(INPUT):
        return Address(text, input=text.removeprefix(INPUT))
    if is_hex(text) and len(text) <= 64:
        return Address(text, prefix=text.lower())
    found = _NAMED.fullmatch(text)
    if found is None:
        raise UsageError(
            f"{text!r} is no address: write NAME, NAME:3, NAME@alias, NAME~1 or an id", hint="reg help addresses"
        )
    return Address(
        text,
        name=parse_model_name(found["name"]),
        number=int(found["number"]) if found["number"] else None,
        alias=AliasName(found["alias"]) if found["alias"] else None,
        ago=int(found["ago"] or 0),
        back=(int(found["back"]) if found["back"] else 1) if found["back"] is not None else 0,
    )
