"""`reg model promote`: the first promotion passes, then only a better version takes the alias."""

from __future__ import annotations

from tests.cli.conftest import Reg

ACC = ("--if-better", "metrics.acc")


def test_first_better_worse(iris: Reg) -> None:
    first = iris("model", "promote", "iris/softmax:1", "prod", *ACC)
    assert first.out.startswith("iris/softmax:1\t")
    assert first.err.startswith("nobody held @prod: metrics.acc is ")
    better = iris("model", "promote", "iris/softmax:2", "prod", *ACC, "-m", "nightly")
    assert better.err.startswith("@prod moved from iris/softmax:1: metrics.acc ")
    worse = iris("model", "promote", "iris/softmax:1", "prod", *ACC, code=17)
    assert "iris/softmax:1 is not better than iris/softmax:2, which holds @prod: metrics.acc " in worse.err
    assert "holds @prod already" in iris("model", "promote", "iris/softmax@prod", "prod", *ACC).err
    assert iris("model", "promote", "iris/softmax@prod", "prod", *ACC, "-q").err == ""


def test_guards(iris: Reg) -> None:
    iris("model", "promote", "iris/softmax:1", "prod", *ACC)
    assert "or more" in iris("model", "promote", "iris/softmax:2", "prod", *ACC, "--min-delta", "0.5", code=17).err
    refused = iris("model", "promote", "iris/softmax:2", "prod", *ACC, "--require", "tag:checked", code=17)
    assert "does not satisfy `tag:checked`" in refused.err


def test_mistakes(iris: Reg) -> None:
    assert "--if-better" in iris("model", "promote", "iris/softmax:1", "prod", code=2).err
    assert "less of `metrics.loss` better" in iris(
        "model", "promote", "iris/softmax:1", "prod", "--if-better", "metrics.loss", code=2
    ).err  # fmt: skip
    for goal in ("acc", "max(acc)"):
        assert (
            "there is no field 'acc': did you mean `metrics.acc`?"
            in iris("model", "promote", "iris/softmax:1", "prod", "--if-better", goal, code=2).err
        )
    assert "is no number of 0 or more" in iris(
        "model", "promote", "iris/softmax:1", "prod", *ACC, "--min-delta", "-1", code=2
    ).err  # fmt: skip
