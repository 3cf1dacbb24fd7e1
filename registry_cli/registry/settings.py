"""Settings: their names, the place where each is stored, and their values.

Settings of a copy or a user are stored in TOML files and decide nothing about data; those of the registry are changes
in the log and travel with it, among them the rules for collections and prunings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from registry_cli.catalog.query.literals import parse_duration
from registry_cli.catalog.read import versions
from registry_cli.dataclass import dataclass
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
    """The description of a setting.

    Attributes:
        scope: The owner of its value, this copy or the whole registry.
        choices: Its allowed values; empty where any text is allowed.
        parse: Function that parses its value, and raises `UsageError` where it cannot.
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
    """A setting with its value and the origin of that."""

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
        from registry_cli.near import did_you_mean, list_near  # only a mistake needs it

        raise UsageError(f"no setting `{name}`{did_you_mean(list_near(name, KEYS))}", hint="reg config list")
    return found


class Settings:
    """The settings of a copy, which take precedence over those of the user."""

    def __init__(self, copy: Path, user: Path) -> None:
        self._paths: dict[Origin, Path] = {"copy": copy, "user": user}

    def find(self, name: str) -> str | None:
        """Return a setting's value, or None where nothing sets it."""
        return self.get(name).value

    def get(self, name: str) -> Setting:
        """Return a setting and its origin.

        Raises:
            UsageError: There is no such setting.
            CorruptError: A settings file cannot be read, or holds an illegal value.
        """
        key = get_key(name)
        for origin, path in self._paths.items():
            value = read_settings(path).get(name)
            if value is not None:
                return Setting(name, _check_stored(name, key, value, path, origin), origin)
        return Setting(name, key.default, "default")

    def set(self, name: str, value: str, *, user: bool = False) -> None:
        """Set a setting of the copy, or of the user.

        Raises:
            UsageError: There is no such setting, or the value is not allowed.
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


def _check_stored(name: str, key: Key, value: str, path: Path, origin: str) -> str:
    try:
        return check_value(name, key, value)
    except UsageError as error:
        option = " --user" if origin == "user" else ""
        raise CorruptError(f"{path}: {error.message}", hint=f"reg config unset {name}{option}") from None


def find_shared(name: str, saved: Mapping[str, object]) -> Setting:
    """Return a setting of the registry; an illegal value that another program stored is ignored.

    Args:
        name: The setting's name.
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
    """Return `value` if a setting may have it.

    Raises:
        UsageError: The value is not allowed.
    """
    if key.choices and value not in key.choices:
        raise UsageError(f"{name} is {value!r}, and must be one of {', '.join(key.choices)}")
    key.parse(value)
    return value


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings `retention.keep`, `gc.grace` and `gc.trash`.

    Attributes:
        keep: Rules for the versions that a pruning keeps of each model; None where not set.
        grace: Seconds that unused bytes stay in their place.
        trash: Seconds that they then stay in the trash.
    """

    keep: tuple[Rule, ...] | None
    grace: float
    trash: float


def read_policy(db: Connection) -> Policy:
    """Return the policy in the registry's settings; an illegal value counts as not set."""
    saved = versions.read_settings(db)
    keep, grace, trash = (find_shared(name, saved).value for name in ("retention.keep", "gc.grace", "gc.trash"))
    assert grace is not None, "it has a default"
    assert trash is not None, "it has a default"
    return Policy(parse_keep(keep) if keep else None, parse_duration(grace), parse_duration(trash))
