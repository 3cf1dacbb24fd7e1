"""Reports about PyTorch's saves, without PyTorch."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from registry_cli.frameworks.patching.shapes import DATA, Call, Details
from registry_cli.frameworks.tables.pytorch import (
    enter_group_end,
    report_onnx,
    report_program,
    report_save,
    report_script,
    report_shards,
)
from tests.frameworks.memory_sink import Memory


def test_an_export_is_a_save_where_it_names_a_file() -> None:
    told = Details(framework="ONNX", keys=("onnx",))
    assert report_onnx(Call(("net", (), "net.onnx"), {})) == told
    assert report_onnx(Call(("net",), {"f": "net.onnx"})) == told
    assert report_onnx(Call(("net", ()), {"dynamo": True})) is None
    assert report_program(Call(("program", "net.onnx"), {})) == told


def test_an_exports_weights_may_lie_beside_it(tmp_path: Path) -> None:
    (tmp_path / "net.onnx.data").write_bytes(b"weights")
    assert report_program(Call(("program", tmp_path / "net.onnx"), {})).shape == "prefix"


def test_data_that_is_saved_is_no_model() -> None:
    assert report_save(Call(((1, 2), "data.pt"), {})) is DATA
    assert report_save(Call(({"w": object()}, "net.pt"), {})) is not DATA
    assert report_save(Call((), {"obj": "text", "f": "notes.pt"})) is DATA


def test_a_script_is_no_file_of_torch_save() -> None:
    assert report_script(Call(("net", "net.pt"), {})).framework == "TorchScript"


def test_a_distributed_checkpoint_lies_where_its_writer_says() -> None:
    writer = SimpleNamespace(path="/shards/5")
    assert report_shards(Call(({},), {"storage_writer": writer})).path == "/shards/5"
    assert report_shards(Call(({},), {"storage_writer": writer, "checkpoint_id": "here"})).path is None
    assert report_shards(Call(({},), {"storage_writer": object()})).path is None


def test_a_process_reports_that_it_leaves_its_group() -> None:
    sink = Memory()
    enter_group_end(Call((), {}), sink)
    assert sink.left == 1
