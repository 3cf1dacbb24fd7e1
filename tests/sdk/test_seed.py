"""Every Python snippet of the seed document runs, its import line alone changed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import registry_cli as reg
from registry_cli.registry.lifecycle import archive_versions
from registry_cli.sdk import join
from registry_cli.tasks.find import TaskQuestion, find_tasks
from tests.sdk import scripts

SNIPPETS = re.findall(r"```python\n(.*?)```", (Path(__file__).parent / "seed.md").read_text(), re.DOTALL)
LABELS = {"person": 1, "car": 2, "truck": 3, "bus": 4, "motorcycle": 5, "bicycle": 6, "ignore": -1}


def play(number: int, **names: Any) -> dict[str, Any]:
    namespace = {"InputModel": reg.InputModel, "Model": reg.Model, **names}
    exec(SNIPPETS[number], namespace)
    return namespace


def test_there_are_six() -> None:
    assert len(SNIPPETS) == 6


def test_task_init(registry: reg.Registry) -> None:
    task = play(0)["task"]
    assert (task.project, task.name, task.status) == ("My Project", "My Task", "running")
    task.close()
    [row] = find_tasks(registry, TaskQuestion())
    assert (row.project, row.name, row.status) == ("My Project", "My Task", "completed")


def test_input_models(registry: reg.Registry, weights: Path) -> None:
    known = reg.commit(weights, "old/net", metadata={"clearml": {"id": "fd8b402e874549d6944eebd49e37eb7b"}})
    names = play(1)
    assert names["input_model_1"].id == known.id
    imported = names["input_model_2"]
    assert (imported.name, imported.url) == ("Input Model with Network Design", "https://s3/models/model.pth")
    assert (imported.labels, imported.framework) == (LABELS, "PyTorch")
    assert play(1)["input_model_2"].id == imported.id


def test_connecting_an_input(registry: reg.Registry, weights: Path) -> None:
    task = play(0)["task"]
    model = reg.InputModel.import_model(weights_url=str(weights), name="base")
    play(2, task=task, input_model=model)
    task.close()
    assert [one.version for one in reg.Task.get_task(task.id).record.inputs] == [model.id]
    assert task.models["input"]["base"].id == model.id


def test_a_clone_replaces_an_input_whose_name_has_spaces(registry: reg.Registry, weights: Path) -> None:
    name = "Input Model with Network Design"
    other = reg.commit(weights, "zoo/other")
    with reg.task("job") as task:
        reg.InputModel.import_model(str(weights), name=name).connect(task)
    scripts.reg(registry.path.parent, "task", "clone", task.id, "--input", f"{name}=zoo/other:1")
    assert [(one.name, one.version) for one in reg.Task.get_task("@last").record.inputs] == [(name, other.id)]


def test_output_models(registry: reg.Registry, tmp_path: Path) -> None:
    names = play(3)
    for path in ("path/to/model", "models/model.pth"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(path.encode())
    play(4, **names)
    task, model = names["task"], names["output_model"]
    assert (model.name, model.project, model.framework, model.task) == ("myTask", "myProject", "PyTorch", task.id)
    assert Path(model.get_weights()).read_bytes() == b"models/model.pth"
    assert (tmp_path / "path/to/model").exists()
    assert (tmp_path / "models/model.pth").exists()
    assert [one.ref for one in task.models["output"]] == ["myProject/myTask/model:1", "myProject/myTask:1"]
    assert task.models["output"][-1].id == model.id
    assert join.peek_current() is not None


def test_querying(registry: reg.Registry, weights: Path) -> None:
    found = {"key": "value"}
    plain = reg.commit(weights, "examples/plain", metadata=found)
    demo = reg.commit(weights, "examples/demo", metadata=found, tags=["demo", "TF"])
    reg.commit(weights, "examples/tf", metadata=found, tags=["TF"])
    reg.commit(weights, "examples/other", metadata={"key": "other"})
    reg.commit(weights, "examples/below/deep", metadata=found)
    reg.commit(weights, "elsewhere/m", metadata=found)
    old = reg.commit(weights, "examples/old", metadata=found)
    archive_versions(registry, [old.id])
    assert [model.id for model in play(5)["model_list"]] == [old.id, demo.id, plain.id]
