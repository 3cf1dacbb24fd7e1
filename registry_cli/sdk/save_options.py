"""The options of a save, which neither the version's record nor its files hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.dataclass import dataclass

if TYPE_CHECKING:
    from registry_cli.registry.moving import Mode


@dataclass(frozen=True, slots=True)
class SaveOptions:
    """The options of a save; `entry` is the version's name in its task, `rename` the new name of its one file."""

    mode: Mode = "copy"
    message: str | None = None
    allow_same: bool = False
    entry: str | None = None
    rename: str | None = None
