"""`reg model archive`: versions are hidden, not removed."""

from __future__ import annotations

from tests.cli.conftest import Reg


def test_it_is_hidden_from_listings(iris: Reg) -> None:
    assert iris("model", "archive", "iris/tuned:1", "-m", "old").out.startswith("iris/tuned:1\t")
    assert "tuned" not in iris("model", "query").out
    assert iris("model", "show", "iris/tuned:1", "--json").json["archived"]
    assert "archived or removed" in iris("model", "show", "iris/tuned", code=11).err
    assert "reg model archive" in iris("model", "archive", "iris/softmax", code=2).err
