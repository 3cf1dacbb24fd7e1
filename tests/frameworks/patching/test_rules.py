"""Keys and globs: what a user writes, and which saves they let pass."""

from __future__ import annotations

import pytest

from registry_cli.errors import UsageError
from registry_cli.frameworks.catalogue import KEYS
from registry_cli.frameworks.patching.rules import Rules, nothing, parse_rules


@pytest.mark.parametrize(
    ("glob", "path", "fits"),
    [
        ("final*.pt", "/w/final.pt", True),
        ("final*.pt", "/w/sub/final-2.pt", True),
        ("final*.pt", "/elsewhere/final.pt", True),
        ("final*.pt", "/w/final_dir/other.pt", False),
        ("final*.pt", "/w/my-final.pt", False),
        ("sub/*.pt", "/w/sub/a.pt", True),
        ("sub/*.pt", "/w/sub/deep/a.pt", False),
        ("sub/*.pt", "/w/other/sub/a.pt", False),
        ("./sub/*.pt", "/w/sub/a.pt", True),
        ("**/sub/*.pt", "/w/a/b/sub/a.pt", True),
        ("**/sub/*.pt", "/w/sub/a.pt", True),
        ("out/**", "/w/out/a/b.pt", True),
        ("/tmp/*.pt", "/tmp/a.pt", True),
        ("/tmp/*.pt", "/w/tmp/a.pt", False),
        ("m[0-9].pt", "/w/m7.pt", True),
        ("m[!0-9].pt", "/w/m7.pt", False),
        ("m?.pt", "/w/m/.pt", False),
        ("m[/].pt", "/w/m/.pt", False),
        ("checkpoint-*/", "/w/checkpoint-500", True),
        ("a+b(1).pt", "/w/a+b(1).pt", True),
        ("m[.pt", "/w/m[.pt", True),
        ("[z-a].pt", "/w/b.pt", False),
        ("[!]x.pt", "/w/[!]x.pt", True),
        ("[^a].pt", "/w/a.pt", True),
        ("[[a&&b].pt", "/w/[.pt", True),
        ("[a-]x.pt", "/w/-x.pt", True),
        ("f*.pt", "/w/a\nb/f\n.pt", True),
    ],
)
def test_globs(glob: str, path: str, fits: bool) -> None:
    assert Rules({"pytorch": (glob,)}, "/w").admits(("pytorch",), path) is fits


def test_every_key_must_admit_and_missing_keys_do() -> None:
    rules = Rules(parse_rules({"scikit": "a*", "joblib": ["*.pkl", "*.joblib"], "xgboost": False}), "/w")
    assert rules.admits(("joblib", "scikit"), "/w/a.pkl")
    assert not rules.admits(("joblib", "scikit"), "/w/b.pkl")
    assert not rules.admits(("joblib",), "/w/a.bin")
    assert not rules.admits(("joblib", "xgboost"), "/w/a.pkl")
    assert rules.off == {"xgboost"}
    assert rules.admits(("lightgbm",), "/w/x")


def test_what_clearml_scripts_say_is_taken() -> None:
    said = {"matplotlib": True, "tensorboard": {"report_hparams": False}, "hydra": False, "pytorch": "final*.pt"}
    assert parse_rules(said) == {"tensorboard": True, "pytorch": ("final*.pt",)}


@pytest.mark.parametrize(("key", "near"), [("pytroch", "pytorch"), ("sklearn", "scikit"), ("zzz", "one of pytorch")])
def test_unknown_keys_are_told_with_near_names(key: str, near: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_rules({key: True})
    assert key in caught.value.message
    assert near in caught.value.message


@pytest.mark.parametrize("rule", [3, "", [], ["a", 1], None, "/"])
def test_a_rule_that_is_none(rule: object) -> None:
    with pytest.raises(UsageError, match="pytorch is"):
        parse_rules({"pytorch": rule})


def test_nothing_is_heard_by_nothing() -> None:
    rules = Rules(nothing(), "/w")
    assert rules.off == KEYS.keys()
