"""Real training with PyTorch under `reg log --auto`, by scripts that never heard of us."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.cli.lab import Lab
from tests.real.lines import clone_with, count_lines, find_path, has_bytes, list_lines, list_parents, need

pytestmark = pytest.mark.frameworks

TRAIN = """
import io, json, sys
import torch
from torch import save

torch.manual_seed(int(sys.argv[1]))
net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
x, y = torch.randn(64, 4), torch.randint(0, 2, (64,))
optimiser = torch.optim.SGD(net.parameters(), lr=0.5)
for epoch in range(1, 4):
    optimiser.zero_grad()
    loss = torch.nn.functional.cross_entropy(net(x), y)
    loss.backward()
    optimiser.step()
    save({"net": net.state_dict(), "optimiser": optimiser.state_dict()}, f"net_epoch{epoch}.pt")
    torch.save(net.state_dict(), "latest.pt")
with open("final.pt", "wb") as file:
    torch.save(net.state_dict(), file)
torch.save(net.state_dict(), io.BytesIO())
torch.save(net.state_dict(), io.BytesIO())
try:
    torch.save(lambda: 0, "broken.pt")
except Exception:
    pass
probe = torch.arange(8.0).reshape(2, 4)
json.dump({"probe": probe.tolist(), "told": net(probe).tolist()}, open("told.json", "w"))
"""
FORMS = """
import torch
import torch.distributed.checkpoint as shards

net = torch.nn.Linear(4, 2).eval()
torch.jit.script(net).save("script.pt")
torch.jit.save(torch.jit.trace(net, torch.ones(1, 4)), "trace.pt")
torch.jit.load("trace.pt")
torch.export.save(torch.export.export(net, (torch.ones(1, 4),)), "program.pt2")
torch.export.load("program.pt2")
torch.onnx.export(net, (torch.ones(1, 4),), "graph.onnx", dynamo=False)
shards.save({"net": net.state_dict()}, checkpoint_id="shards", no_dist=True)
shards.save({"net": net.state_dict()}, storage_writer=shards.FileSystemWriter("sharded", thread_count=2), no_dist=True)
"""
TUNE = """
import torch

net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
net.load_state_dict(torch.load("base.pt", weights_only=True))
with torch.no_grad():
    net[2].bias += 1
torch.save(net.state_dict(), "tuned.pt")
"""
MANNERS = """
import inspect, multiprocessing, pickle, warnings
import torch

def work(path):
    torch.save({"w": torch.ones(2)}, path)

@torch.compile(backend="eager")
def compiled(x):
    y = x * 2
    torch.save(y, "compiled.pt")
    return y + 1

class Thing:
    pass

if __name__ == "__main__":
    warnings.simplefilter("error")
    for function in (torch.save, torch.load, torch.jit.save, torch.export.save, torch.compile):
        assert pickle.loads(pickle.dumps(function)) is function, function
        assert inspect.signature(function) == inspect.signature(inspect.unwrap(function)), function
    assert list(inspect.signature(torch.save).parameters)[:2] == ["obj", "f"]
    assert compiled(torch.ones(2)).tolist() == [3, 3]
    torch.save(Thing(), "thing.pt")
    try:
        torch.load("thing.pt")
    except pickle.UnpicklingError:
        pass
    else:
        raise AssertionError("weights_only is not what it was")
    assert isinstance(torch.load("thing.pt", weights_only=False), Thing)
    try:
        torch.load("missing.pt")
    except FileNotFoundError as error:
        assert "missing.pt" in str(error)
    warnings.simplefilter("default")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripted = torch.jit.script(torch.nn.Linear(2, 2))
    context = multiprocessing.get_context("spawn")
    child = context.Process(target=work, args=("child.pt",))
    child.start()
    child.join()
    assert child.exitcode == 0
"""
LATE = """
import own
import torch
from torch import load, save
from registry_cli import Task

task = Task.init("lab", "late", auto_connect_frameworks={"pytorch": "*.pt"})
save({"w": torch.ones(2)}, "main.pt")
assert load("main.pt")["w"].tolist() == [1, 1]
torch.save({"w": torch.zeros(2)}, "module.pt")
torch.save({"w": torch.zeros(3)}, "other.bin")
own.keep("own.pt")
task.close()
torch.save({"w": torch.zeros(4)}, "after.pt")
"""
OWN = """
import torch
from torch import save

def keep(path):
    save({"w": torch.ones(5)}, path)
"""


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    need("torch")
    lab = Lab(tmp_path / "work")
    for name, text in {
        "train.py": TRAIN,
        "tune.py": TUNE,
        "forms.py": FORMS,
        "manners.py": MANNERS,
        "late.py": LATE,
        "own.py": OWN,
    }.items():
        lab.write(name, text)
    return lab


def _log(lab: Lab, *words: str, script: str) -> str:
    """Run a script under `reg log --auto`; return what was said."""
    name, *arguments = script.split()
    return lab.log("--auto", *words, "--name", name, "--", "python", f"{name}.py", *arguments).stderr.decode()


def test_a_training_its_checkpoints_and_what_is_made_of_them(lab: Lab) -> None:
    import torch

    said = _log(lab, script="train 1")
    assert "2 saves" in said, said
    lines = list_lines(lab)
    assert {name: len(rows) for name, rows in lines.items()} == {"net_epoch": 3, "latest": 3, "final": 1}
    assert [row["step"] for row in lines["net_epoch"]] == [1, 2, 3]
    assert {row["framework"] for rows in lines.values() for row in rows} == {"PyTorch"}
    [final] = lines["final"]
    assert has_bytes(lines["net_epoch"][0], lab.root / "net_epoch1.pt")
    assert has_bytes(final, lab.root / "final.pt")

    net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    net.load_state_dict(torch.load(find_path(lab, final), weights_only=True))
    told = json.loads((lab.root / "told.json").read_text())
    assert net(torch.tensor(told["probe"])).tolist() == told["told"]

    shutil.copy(lab.root / "final.pt", lab.root / "base.pt")
    _log(lab, script="tune")
    [given] = lab.task("tune").inputs
    assert (given.name, given.version, given.path) == ("base", final["id"], "base.pt")
    [tuned] = list_lines(lab)["tuned"]
    assert list_parents(tuned) == [(final["id"], "input")]

    _log(lab, script="train 2")
    other = list_lines(lab, "name ~ '*/final*'")["final"][-1]
    clone_with(lab, "tune", "base", other)
    again = list_lines(lab)["tuned"][-1]
    assert list_parents(again) == [(other["id"], "input")]
    first, second = (torch.load(find_path(lab, row), weights_only=True) for row in (tuned, again))
    assert not torch.equal(first["0.weight"], second["0.weight"])
    assert torch.equal(second["0.weight"], torch.load(lab.root / "final.pt", weights_only=True)["0.weight"])


def test_scripts_programs_graphs_and_shards(lab: Lab) -> None:
    need("onnx")
    said = _log(lab, script="forms")
    assert "buffer" not in said, said
    frameworks = {name: [row["framework"] for row in rows] for name, rows in list_lines(lab).items()}
    assert frameworks == {
        "script": ["TorchScript"], "trace": ["TorchScript"], "program": ["PyTorch"], "graph": ["ONNX"],
        "shards": ["PyTorch"], "sharded": ["PyTorch"],
    }  # fmt: skip
    [shards] = list_lines(lab)["shards"]
    assert has_bytes(shards, lab.root / "shards")


def test_filters_and_other_ranks(lab: Lab) -> None:
    _log(lab, "--auto-off", "pytorch", script="train 1")
    lab.log("--auto", "--name", "other", "--", "env", "RANK=1", "python", "train.py", "1")
    assert count_lines(lab) == {}
    _log(lab, "--auto-only", "pytorch=fin*.pt", script="train 1")
    assert count_lines(lab) == {"final": 1}


def test_what_a_script_sees_of_pytorch_is_as_it_was(lab: Lab) -> None:
    _log(lab, script="manners")
    assert count_lines(lab) == {"compiled": 1, "thing": 1, "child": 1}


def test_a_task_that_begins_after_the_imports_is_told_what_it_cannot_hear(lab: Lab) -> None:
    said = lab.run(sys.executable, "late.py").stderr.decode()
    assert "own.save was imported before" in said, said
    assert count_lines(lab) == {"main": 1, "module": 1}
