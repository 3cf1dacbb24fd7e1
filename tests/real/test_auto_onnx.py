"""ONNX and ONNX Runtime under `reg log --auto`, by scripts that never heard of us."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.lab import Lab
from tests.real.lines import clone_with, count_lines, find_path, has_bytes, list_lines, list_parents, need

pytestmark = pytest.mark.frameworks

MAKE = """
import io
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

weights = np.arange(4096, dtype="float32").reshape(4, 1024)
tensor = numpy_helper.from_array(weights, "w")
shapes = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, width]) for name, width in [("x", 4), ("y", 1024)]]
graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "toy", shapes[:1], shapes[1:], [tensor])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
onnx.save(model, "final.onnx")
onnx.save_model(model, io.BytesIO())
with open("open.onnx", "wb") as file:
    model.doc_string = "opened"
    onnx.save_model(model, file)
beside = {"save_as_external_data": True, "location": "large.onnx.data", "size_threshold": 0}
onnx.save(onnx.load("final.onnx"), "large.onnx", **beside)
np.save("told.npy", weights.sum(0))
"""
TUNE = """
import numpy as np
import onnx
import onnxruntime

model = onnx.load("final.onnx")
session = onnxruntime.InferenceSession("final.onnx", providers=["CPUExecutionProvider"])
assert onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
model.doc_string = str(session.run(None, {"x": np.ones((1, 4), "float32")})[0].sum()) + model.doc_string
onnx.save(model, f="tuned.onnx")
"""


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    need("onnx", "onnxruntime")
    lab = Lab(tmp_path / "work")
    lab.write("make.py", MAKE)
    lab.write("tune.py", TUNE)
    return lab


def test_models_and_what_is_made_of_them(lab: Lab) -> None:
    import numpy as np
    import onnx
    import onnxruntime

    lab.log("--auto", "--name", "make", "--", "python", "make.py")
    lines = list_lines(lab)
    assert lines.keys() == {"final", "open", "large"}
    assert {rows[0]["framework"] for rows in lines.values()} == {"ONNX"}
    [final] = lines["final"]
    assert has_bytes(final, lab.root / "final.onnx")
    assert [file["path"] for file in lines["large"][0]["files"]] == ["large.onnx", "large.onnx.data"]
    for path in (find_path(lab, final), find_path(lab, lines["large"][0]) / "large.onnx"):
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        [[answer]] = session.run(None, {"x": np.ones((1, 4), "float32")})
        assert (answer == np.load(lab.root / "told.npy")).all()

    lab.log("--auto", "--name", "tune", "--", "python", "tune.py")
    assert [(one.name, one.version) for one in lab.task("tune").inputs] == [("final", final["id"])]
    [tuned] = list_lines(lab)["tuned"]
    assert list_parents(tuned) == [(final["id"], "input")]
    clone_with(lab, "tune", "final", tuned)
    said = [onnx.load(find_path(lab, row)).doc_string for row in list_lines(lab)["tuned"]]
    assert said[1] == said[0] * 2


def test_filters(lab: Lab) -> None:
    lab.log("--auto", "--auto-only", "onnx=final*", "--name", "make", "--", "python", "make.py")
    assert count_lines(lab) == {"final": 1}
    lab.log("--auto", "--auto-off", "onnx", "--name", "tune", "--", "python", "tune.py")
    assert count_lines(lab) == {"final": 1}
    assert not lab.task("tune").inputs
