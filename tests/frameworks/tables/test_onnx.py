"""Reports about ONNX models, from objects shaped like its protobuf's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from registry_cli.frameworks.patching.shapes import Call, Details
from registry_cli.frameworks.tables.onnx import PathArgument, report_model


def _model(*locations: str) -> Any:
    tensors = [
        SimpleNamespace(data_location=1, external_data=[SimpleNamespace(key="location", value=each)])
        for each in locations
    ]
    return SimpleNamespace(graph=SimpleNamespace(initializer=[*tensors, SimpleNamespace(data_location=0)]))


def test_tensors_within_beside_and_elsewhere() -> None:
    assert report_model(Call((_model(), "out/m.onnx"), {})) == Details()
    assert report_model(Call((_model("m.onnx.data", "m.onnx.data"), "out/m.onnx"), {})) == Details(shape="prefix")
    assert report_model(Call((_model("m.onnx.data", "else.bin"), "out/m.onnx"), {})) is None
    assert report_model(Call((b"bytes",), {"f": "m.onnx"})) == Details()


def test_a_model_given_as_bytes_is_no_path() -> None:
    argument = PathArgument(1, "path_or_bytes")
    assert argument.get(Call((None, b"\x08\x07"), {})) is None
    assert argument.get(Call((None, "m.onnx"), {})) == "m.onnx"
