"""`reg model restore`: archived and removed versions come back."""

from __future__ import annotations

from tests.cli.conftest import Reg


def test_it_is_shown_again(iris: Reg) -> None:
    iris("model", "archive", "iris/tuned:1")
    assert iris("model", "restore", "iris/tuned:1").out.startswith("iris/tuned:1\t")
    iris("model", "remove", "iris/tuned:1")
    iris("model", "restore", "iris/tuned:1")
    assert iris("model", "show", "iris/tuned", "--json").json["removed"] is False
