"""`reg model remove`: versions disappear, numbers are never reused, and versions in use need force."""

from __future__ import annotations

from tests.cli.conftest import Reg


def test_its_number_is_never_reused(iris: Reg) -> None:
    iris("model", "rm", "iris/softmax:2")
    assert iris("model", "add", "iris/softmax", "in/3.safetensors").out.startswith("iris/softmax:3\t")
    assert "was removed" in iris("model", "get", "iris/softmax:2", code=17).err


def test_it_can_be_undone(iris: Reg) -> None:
    iris("model", "remove", "iris/tuned:1")
    assert "tuned" not in iris("model", "list").out
    iris("undo")
    assert "iris/tuned" in iris("model", "list", "-q").lines


def test_a_version_in_use_takes_force_and_a_reason(iris: Reg) -> None:
    assert "--force and a reason" in iris("model", "remove", "iris/softmax:1", code=17).err
    assert "takes a reason" in iris("model", "remove", "iris/softmax:1", "--force", code=2).err
    iris("model", "remove", "iris/softmax:1", "--force", "-m", "wrong data")
    iris("undo")
    assert iris("model", "show", "iris/softmax@best", "--columns", "ref").out == "ref\tiris/softmax:1\n"
