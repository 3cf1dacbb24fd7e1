"""`reg config`: settings of the copy, the user, the registry and the environment, each in its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Reg
from tests.forks import end, fork


@pytest.fixture
def made(reg: Reg, monkeypatch: pytest.MonkeyPatch) -> Reg:
    monkeypatch.delenv("REG_AUTHOR")
    reg("init")
    return reg


def origin(reg: Reg, key: str) -> str:
    return {row["key"]: row["origin"] for row in reg("config", "list", "--json").json}[key]


def test_the_copy_stands_above_the_user(made: Reg, monkeypatch: pytest.MonkeyPatch) -> None:
    made("config", "set", "author", "ada", "--user")
    assert (made("config", "get", "author").out, origin(made, "author")) == ("ada\n", "user")
    assert made("config", "set", "author", "grace").out == "grace\n"
    assert origin(made, "author") == "copy"
    monkeypatch.setenv("REG_AUTHOR", "eve")
    assert "REG_AUTHOR is set" in made("config", "set", "author", "mallory").err
    assert (made("config", "get", "author").out, origin(made, "author")) == ("eve\n", "environment")


def test_unset_brings_the_default_back(made: Reg) -> None:
    made("config", "set", "views", "copy")
    assert made("config", "unset", "views").err == ""
    assert made("config", "get", "views").out == "auto\n"
    assert made("config", "unset", "views").err == "views was not set\n"


def test_a_saved_query_is_a_setting_of_the_registry(made: Reg) -> None:
    made("config", "set", "view.top", "metrics.acc > 0.9")
    assert origin(made, "view.top") == "registry"
    assert made("config", "get", "view.top", "--json").json[0]["value"] == {"expr": "metrics.acc > 0.9"}
    assert made("model", "query", "--view", "top").out == ""
    assert "not to a user" in made("config", "set", "view.top", "x = 1", "--user", code=2).err
    made("config", "unset", "view.top")
    assert made("config", "get", "view.top", code=1).out == ""
    made("undo")
    assert made("config", "get", "view.top").out == '{"expr": "metrics.acc > 0.9"}\n'


def test_settings_of_the_registry_travel_with_it(made: Reg) -> None:
    assert made("config", "get", "gc.grace").out == "1d\n"
    assert made("config", "get", "retention.keep", code=1).out == ""
    assert made("config", "set", "gc.grace", "12h").out == "12h\n"
    assert origin(made, "gc.grace") == "registry"
    assert "belongs to the registry" in made("config", "set", "gc.grace", "1h", "--user", code=2).err
    assert "is no duration" in made("config", "set", "gc.grace", "soon", code=2).err
    assert "expected `last`" in made("config", "set", "retention.keep", "all", code=2).err
    made("undo")
    assert (made("config", "get", "gc.grace").out, origin(made, "gc.grace")) == ("1d\n", "default")


def test_mistakes(made: Reg) -> None:
    assert (
        "no setting `autor`: did you mean author?\nhint: reg config list\n"
        in made("config", "get", "autor", code=2).err
    )
    assert "views is 'x', and must be one of auto, " in made("config", "set", "views", "x", code=2).err
    assert made("config", "set", "view.top", "metrics.acc >", code=2).err
    Path(".registry/config.toml").write_text("views = [")
    assert "config.toml" in made("config", "list", code=14).err


def test_a_table(made: Reg) -> None:
    assert made("config", "list", terminal=True).shown[0].split() == ["key", "value", "origin", "summary"]
    assert made("config", "list", "-q").lines == ["author", "views", "retention.keep", "gc.grace", "gc.trash"]


@pytest.mark.sweep(2)
@pytest.mark.parametrize("words", [[], ["--user"]], ids=["copy", "user"])
def test_settings_set_at_once_are_all_there(made: Reg, words: list[str]) -> None:
    """Each process sets its own key again and again; a value that it set before must never be gone."""

    def work(key: str, values: list[str]) -> None:
        for value in values * 15:
            made("config", "set", key, value, *words)
            assert made("config", "get", key).out == f"{value}\n"

    children = [fork(lambda: work("author", ["ada", "grace"])), fork(lambda: work("views", ["copy", "hardlink"]))]
    assert [end(child) for child in children] == [0, 0]
