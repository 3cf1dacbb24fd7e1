"""Reads and writes settings by name, wherever each is stored: in a file of this copy or of the user, or in the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from registry_cli import env
from registry_cli.catalog.fold import changes
from registry_cli.catalog.query.parse import parse_query
from registry_cli.catalog.read.versions import read_settings
from registry_cli.dataclass import dataclass
from registry_cli.errors import UsageError
from registry_cli.registry.query import Question
from registry_cli.registry.saved_queries import save_question
from registry_cli.registry.settings import KEYS, VIEW, check_value, find_shared, get_key
from registry_cli.registry.transaction import transact

if TYPE_CHECKING:
    from registry_cli.records.values import Value
    from registry_cli.registry.api import Registry


@dataclass(frozen=True, slots=True)
class Configured:
    """A setting with its present value.

    Attributes:
        value: The value, None where nothing sets it; a saved query is a table.
    """

    key: str
    value: Value | None
    origin: Literal["environment", "registry", "copy", "user", "default"]
    summary: str


def get_setting(registry: Registry, key: str) -> Configured:
    """Return a setting.

    Raises:
        UsageError: There is no such setting.
    """
    described = get_key(key)
    if described.scope == "registry":
        saved = registry.read(read_settings)
        if key.startswith(VIEW):
            return Configured(key, saved.get(key), "registry" if key in saved else "default", described.summary)
        shared = find_shared(key, saved)
        return Configured(key, shared.value, shared.origin, described.summary)
    if key == "author" and (named := env.read(env.REG_AUTHOR)):
        return Configured(key, named, "environment", described.summary)
    found = registry.settings.get(key)
    value = registry.author if key == "author" else found.value
    return Configured(key, value, found.origin, described.summary)


def list_settings(registry: Registry) -> list[Configured]:
    """Return every plain setting, then every saved query."""
    saved = registry.read(read_settings)
    views = [key for key in saved if key.startswith(VIEW) and key != VIEW]
    return [get_setting(registry, key) for key in [*(key for key in KEYS if key != "view.NAME"), *views]]


def set_setting(registry: Registry, key: str, value: str, *, user: bool = False) -> Configured:
    """Set a setting where it belongs: in this copy, for the user, or in the registry. Return it with its new value.

    Raises:
        UsageError: There is no such setting, the value is not allowed, or the setting cannot be set for a user.
    """
    described = get_key(key)
    if described.scope == "copy":
        registry.settings.set(key, value, user=user)
        return get_setting(registry, key)
    _refuse_user(key, user)
    if key.startswith(VIEW):
        parse_query(value)
        save_question(registry, key.removeprefix(VIEW), Question(value))
    else:
        check_value(key, described, value)
        transact(registry, lambda: [changes.setting(key, value)])
    return get_setting(registry, key)


def unset_setting(registry: Registry, key: str, *, user: bool = False) -> bool:
    """Reset a setting to its default; return False where it was not set.

    Raises:
        UsageError: There is no such setting.
    """
    if get_key(key).scope == "copy":
        return registry.settings.unset(key, user=user)
    _refuse_user(key, user)
    if key not in registry.read(read_settings):
        return False
    transact(registry, lambda: [changes.setting(key, None)])
    return True


def _refuse_user(key: str, user: bool) -> None:
    if user:
        raise UsageError(f"{key} belongs to the registry, not to a user: leave out --user", hint="reg help settings")
