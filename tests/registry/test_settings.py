"""Settings: which there are, where a value comes from, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry_cli.errors import CorruptError, UsageError
from registry_cli.registry.settings import KEYS, Setting, Settings, get_key


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "copy.toml", tmp_path / "home" / "user.toml")


def test_the_copy_goes_before_the_user_and_he_before_the_default(settings: Settings) -> None:
    assert settings.get("views") == Setting("views", "auto", "default")
    assert settings.get("author") == Setting("author", None, "default")
    settings.set("views", "copy", user=True)
    assert settings.get("views") == Setting("views", "copy", "user")
    settings.set("views", "hardlink")
    assert settings.get("views") == Setting("views", "hardlink", "copy")
    assert settings.unset("views")
    assert settings.find("views") == "copy"
    assert settings.unset("views", user=True)
    assert not settings.unset("views", user=True)
    assert settings.find("views") == "auto"


def test_others_stay_as_they_are(settings: Settings) -> None:
    settings.set("author", "ann")
    settings.set("views", "copy")
    settings.unset("views")
    assert settings.find("author") == "ann"


@pytest.mark.parametrize("name", ["autor", "view.", "view.NAME", "", "core.x"])
def test_what_does_not_exist(settings: Settings, name: str) -> None:
    for act in (settings.get, settings.unset, get_key):
        with pytest.raises(UsageError, match="no setting"):
            act(name)
    with pytest.raises(UsageError, match="no setting"):
        settings.set(name, "x")


def test_near_names_are_given() -> None:
    with pytest.raises(UsageError) as refused:
        get_key("autor")
    assert refused.value.message.endswith("`: did you mean author?")
    assert refused.value.hint == "reg config list"
    assert get_key("view.top") is KEYS["view.NAME"]


def test_only_listed_values(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'fast'") as refused:
        settings.set("views", "fast")
    assert refused.value.message.endswith("and must be one of auto, copy, hardlink")
    (tmp_path / "copy.toml").write_text("views = 'fast'\n")
    with pytest.raises(CorruptError, match=r"copy\.toml: views is 'fast'") as refused:
        settings.get("views")
    assert refused.value.hint == "reg config unset views"


def test_a_damaged_file_is_named(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "copy.toml").write_text("views = [")
    with pytest.raises(CorruptError, match=r"copy\.toml cannot be read") as refused:
        settings.get("views")
    assert refused.value.hint == f"rm {tmp_path}/copy.toml"
