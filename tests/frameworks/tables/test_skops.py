"""Reports about skops' saves."""

from __future__ import annotations

from registry_cli.frameworks.patching.shapes import DATA, Call
from registry_cli.frameworks.tables.skops import report_dump
from tests.frameworks.objects_like import make


def test_a_model_is_told_and_data_is_not() -> None:
    told = report_dump(Call((make("sklearn.tree", classes_=["a"]), "m.skops"), {}))
    assert told is not None
    assert told.framework == "ScikitLearn"
    assert told.labels == {"a": 0}
    assert report_dump(Call((), {"obj": make("numpy"), "file": "x.skops"})) is DATA
