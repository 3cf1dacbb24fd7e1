"""Settings: which there are, where each one lives, and its value now.

Those of a copy or a user lie in TOML files and decide nothing about data; those of the registry are changes in the log
and travel with it; among them is what a collector and a pruning obey.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from registry_cli.catalog.query.literals import parse_duration
from registry_cli.catalog.read import versions
from registry_cli.errors import CorruptError, UsageError
from registry_cli.registry.retention import parse_keep
from registry_cli.store.config import read_settings, write_settings
from registry_cli.store.file_locks import open_file_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from registry_cli.catalog.connection import Connection
    from registry_cli.registry.retention import Rule


VIEW: Final = "view."
"""Prefix of the settings that hold saved queries."""
Scope = Literal["copy", "registry"]
Origin = Literal["registry", "copy", "user", "default"]


@dataclass(frozen=True, slots=True)
class Key:
    """A setting that exists.

    Attributes:
        choices: Its values where only some are allowed.
        parse: What reads its value, and raises `UsageError` where it cannot.
    """

    scope: Scope
    summary: str
    default: str | None = None
    choices: tuple[str, ...] = ()
    parse: Callable[[str], object] = str


KEYS: Final[dict[str, Key]] = {
    "author": Key("copy", "who makes changes, where REG_AUTHOR is not set"),
    "views": Key("copy", "how `reg model path` shares bytes", default="auto", choices=("auto", "copy", "hardlink")),
    "retention.keep": Key("registry", "what `reg model prune` keeps of each model", parse=parse_keep),
    "gc.grace": Key("registry", "how long unused bytes stay in use", default="1d", parse=parse_duration),
    "gc.trash": Key("registry", "how long they then stay in the trash", default="7d", parse=parse_duration),
    "view.NAME": Key("registry", "a query saved by `reg model query --save-view NAME`"),
}


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting and where its value comes from."""

    key: str
    value: str | None
    origin: Origin


def get_key(name: str) -> Key:
    """Return the description of a setting.

    Raises:
        UsageError: There is no such setting.
    """
    found = KEYS.get("view.NAME" if name.startswith(VIEW) and len(name) > len(VIEW) else name)
    if found is None or name == "view.NAME":
        from difflib import get_close_matches

        near = get_close_matches(name, KEYS, n=1)
        instead = f": did you mean {near[0]}?" if near else ""
        raise UsageError(f"no setting `{name}`{instead}", hint="reg config list")
    return found


class Settings:
    """Settings of a copy, above those of the user."""

    def __init__(self, copy: Path, user: Path) -> None:
        self._paths: dict[Origin, Path] = {"copy": copy, "user": user}

    def find(self, name: str) -> str | None:
        """Return a setting's value, or None where nothing sets it."""
        return self.get(name).value

    def get(self, name: str) -> Setting:
        """Return a setting and its origin.

        Raises:
            UsageError: There is no such setting.
            CorruptError: A settings file cannot be read, or holds what it may not.
        """
        key = get_key(name)
        for origin, path in self._paths.items():
            value = read_settings(path).get(name)
            if value is not None:
                return Setting(name, _believed(name, key, value, path, origin), origin)
        return Setting(name, key.default, "default")

    def set(self, name: str, value: str, *, user: bool = False) -> None:
        """Set a setting of the copy, or of the user.

        Raises:
            UsageError: There is no such setting, or it has not that value.
            ConflictError: Another process is changing the file.
        """
        check_value(name, get_key(name), value)
        path = self._path(user=user)
        with open_file_lock(path):
            write_settings(path, {**read_settings(path), name: value})

    def unset(self, name: str, *, user: bool = False) -> bool:
        """Unset a setting; return False where it was not set."""
        get_key(name)
        path = self._path(user=user)
        if name not in read_settings(path):
            return False
        with open_file_lock(path):
            settings = read_settings(path)
            was_set = settings.pop(name, None) is not None
            write_settings(path, settings)
        return was_set

    def _path(self, *, user: bool) -> Path:
        return self._paths["user" if user else "copy"]


def _believed(name: str, key: Key, value: str, path: Path, origin: str) -> str:
    try:
        return check_value(name, key, value)
    except UsageError as error:
        option = " --user" if origin == "user" else ""
        raise CorruptError(f"{path}: {error.message}", hint=f"reg config unset {name}{option}") from None


def find_shared(name: str, saved: Mapping[str, object]) -> Setting:
    """Return a setting of the registry; a value that another program put there and that makes no sense is passed over.

    Args:
        name: Which one.
        saved: The settings that travel with the registry.

    Raises:
        UsageError: There is no such setting.
    """
    key = get_key(name)
    value = saved.get(name)
    try:
        if isinstance(value, str):
            return Setting(name, check_value(name, key, value), "registry")
    except UsageError:
        pass
    return Setting(name, key.default, "default")


def check_value(name: str, key: Key, value: str) -> str:
    """Return `value` where a setting may have it.

    Raises:
        UsageError: It may not.
    """
    if key.choices and value not in key.choices:
        raise UsageError(f"{name} is {value!r}, and must be one of {', '.join(key.choices)}")
    key.parse(value)
    return value


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings `retention.keep`, `gc.grace` and `gc.trash`.

    Attributes:
        keep: What a pruning keeps of each model; None where nothing says.
        grace: Seconds that unused bytes stay in use.
        trash: Seconds that they then stay in the trash.
    """

    keep: tuple[Rule, ...] | None
    grace: float
    trash: float


def read_policy(db: Connection) -> Policy:
    """Return what the registry's settings say; a value that makes no sense counts as not set."""
    saved = versions.read_settings(db)
    keep, grace, trash = (find_shared(name, saved).value for name in ("retention.keep", "gc.grace", "gc.trash"))
    assert grace is not None, "it has a default"
    assert trash is not None, "it has a default"
    return Policy(parse_keep(keep) if keep else None, parse_duration(grace), parse_duration(trash))
