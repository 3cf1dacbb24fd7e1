"""The settings that say what stays and for how long."""

from __future__ import annotations

import pytest

from registry_cli.catalog.fold import changes
from registry_cli.errors import UsageError
from registry_cli.registry.api import Registry
from registry_cli.registry.configure import get_setting, list_settings, set_setting, unset_setting
from registry_cli.registry.retention import parse_keep
from registry_cli.registry.settings import Policy, read_policy
from registry_cli.registry.transaction import transact
from registry_cli.registry.undo import undo_entry

DEFAULT = Policy(keep=None, grace=86_400, trash=7 * 86_400)


def test_what_is_set_holds(registry: Registry) -> None:
    assert registry.read(read_policy) == DEFAULT
    set_setting(registry, "retention.keep", "last 5, published")
    set_setting(registry, "gc.grace", "0s")
    set_setting(registry, "gc.trash", "2w")
    assert registry.read(read_policy) == Policy(parse_keep("last 5, published"), 0, 14 * 86_400)
    assert get_setting(registry, "gc.trash").origin == "registry"
    assert unset_setting(registry, "gc.trash")
    assert not unset_setting(registry, "gc.trash")
    assert get_setting(registry, "gc.trash").value == "7d"
    assert get_setting(registry, "gc.trash").origin == "default"
    assert registry.read(read_policy).trash == DEFAULT.trash


def test_it_is_in_the_log(registry: Registry) -> None:
    set_setting(registry, "gc.grace", "12h")
    undo_entry(registry)
    assert registry.read(read_policy) == DEFAULT


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("gc.grace", "1 day"),
        ("gc.grace", ""),
        ("gc.trash", "-1d"),
        ("retention.keep", "newest 5"),
        ("retention.keep", ""),
    ],
)
def test_what_makes_no_sense_is_refused(registry: Registry, key: str, value: str) -> None:
    with pytest.raises(UsageError):
        set_setting(registry, key, value)
    with pytest.raises(UsageError, match="not to a user"):
        set_setting(registry, key, "1d", user=True)
    assert not unset_setting(registry, key)


@pytest.mark.parametrize("value", ["soon", "", 3, True, ["1d"], {"a": "1d"}])
def test_what_another_program_wrote_and_makes_no_sense_is_passed_over(registry: Registry, value: object) -> None:
    names = ("gc.grace", "gc.trash", "retention.keep", "later.setting")
    transact(registry, lambda: [changes.setting(name, value) for name in names])  # type: ignore[arg-type]  # foreign
    assert registry.read(read_policy) == DEFAULT
    assert {found.key: (found.value, found.origin) for found in list_settings(registry)[2:]} == {
        "retention.keep": (None, "default"),
        "gc.grace": ("1d", "default"),
        "gc.trash": ("7d", "default"),
    }
    assert unset_setting(registry, "gc.grace")
