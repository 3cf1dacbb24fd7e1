"""Saves and loads of joblib, and those that it makes for its own purposes."""

from __future__ import annotations

from typing import Any

import pytest

from registry_cli.frameworks.patching.shapes import DATA, Call
from registry_cli.frameworks.tables import joblib
from tests.frameworks.objects_like import make

MODEL = make("sklearn.svm._classes", classes_=["no", "yes"])


def _call_in(module: str, tell: Any, call: Call) -> Any:
    """Return the report of a call that a module's code made."""
    names: dict[str, Any] = {"tell": tell, "call": call, "__name__": module}
    exec("told = tell(call)", names)
    return names["told"]


def test_a_model_is_told_with_its_labels() -> None:
    told = joblib.report_dump(Call((), {"value": MODEL, "filename": "m.joblib"}))
    assert told is not None
    assert told.framework == "ScikitLearn"
    assert told.labels == {"no": 0, "yes": 1}
    assert joblib.report_dump(Call((make("numpy"), "x.joblib"), {})) is DATA


@pytest.mark.parametrize("module", ["joblib._store_backends", "joblib._memmapping_reducer", "sklearn.datasets._lfw"])
def test_caches_are_passed_over(module: str) -> None:
    assert _call_in(module, joblib.report_dump, Call((MODEL, "output.pkl"), {})) is None
    assert _call_in(module, joblib.report_load, Call(("/output.pkl",), {})) is None


def test_other_libraries_are_heard() -> None:
    assert _call_in("pycaret.internal", joblib.report_dump, Call((MODEL, "m.pkl"), {})) is not None
    assert _call_in("pycaret.internal", joblib.report_load, Call(("/m.pkl",), {})) == "/m.pkl"
