"""`reg model archive`: versions are hidden, not removed."""

from __future__ import annotations

from tests.cli.conftest import Reg


def test_it_is_hidden_from_listings(iris: Reg) -> None:
    assert iris("model", "archive", "iris/tuned:1", "-m", "old").out.startswith("iris/tuned:1\t")
    assert "tuned" not in iris("model", "query").out
    assert iris("model", "show", "iris/tuned:1", "--json").json["archived"]
    assert "archived or removed" in iris("model", "show", "iris/tuned", code=11).err
    assert "reg model archive" in iris("model", "archive", "iris/softmax", code=2).err


def test_what_holds_an_alias_is_named_and_the_way_back_too(iris: Reg) -> None:
    archived = iris("model", "archive", "iris/softmax:1")
    assert "warning: iris/softmax:1 still holds @best, which leads to it although it is archived" in archived.err
    assert "hint: reg model restore iris/softmax:1" in archived.err
    refused = iris("model", "alias", "iris/softmax:1", "prod", code=17)
    assert "`alias` is not allowed" in refused.err
    assert "hint: reg model restore iris/softmax:1" in refused.err
    assert iris("model", "archive", "iris/softmax:2").err == ""
