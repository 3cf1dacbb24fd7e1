"""`reg model list`: one row per model."""

from __future__ import annotations

from tests.cli.conftest import Reg


def test_one_row_a_model(iris: Reg) -> None:
    softmax, tuned = iris("model", "list", "--json").json
    assert {key: softmax[key] for key in ("name", "versions", "latest", "aliases", "published")} == {
        "name": "iris/softmax",
        "versions": 2,
        "latest": 2,
        "aliases": {"best": 1},
        "published": 0,
    }
    assert (tuned["name"], tuned["versions"]) == ("iris/tuned", 1)
    assert softmax["size"] == 2 * tuned["size"]


def test_a_project_or_a_model(iris: Reg) -> None:
    iris("model", "add", "other/x", "in/1.safetensors")
    assert iris("model", "list", "iris/", "-q").lines == ["iris/softmax", "iris/tuned"]
    assert iris("model", "list", "IRIS", "-q").lines == ["iris/softmax", "iris/tuned"]
    assert iris("model", "list", "iris/tuned", "-q").lines == ["iris/tuned"]
    assert iris("model", "list", "iri", "-q").out == ""


def test_order_and_number(iris: Reg) -> None:
    assert iris("model", "list", "--sort", "versions", "-q").lines == ["iris/tuned", "iris/softmax"]
    assert iris("model", "list", "--sort", "-versions,name", "--limit", "1", "-q").lines == ["iris/softmax"]
    assert "no field `nope`" in iris("model", "list", "--sort", "nope", code=2).err
    assert iris("model", "list", "--columns", "name,aliases.best").lines == ["iris/softmax\t1", "iris/tuned\t"]


def test_a_name_that_finds_nothing_is_told_what_is_near(iris: Reg) -> None:
    for terminal in (False, True):
        for name in ("softmax", "iris/sofmax", "IRIS/Softmx/"):
            assert iris("model", "list", name, terminal=terminal).err.split(": ")[1] == "did you mean iris/softmax?\n"
    assert iris("model", "list", "zzz").err == "no model in zzz\n"
    assert iris("model", "list", "softmax", "-q").err == ""


def test_nothing(reg: Reg) -> None:
    reg("init")
    for terminal in (False, True):
        listed = reg("model", "list", terminal=terminal)
        assert (listed.out, "reg model add" in listed.err) == ("", True)
    assert (reg("model", "list", "-q").err, reg("model", "list", "--limit", "0").err) == ("", "")
