"""Real saves and loads of safetensors under `reg log --auto`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.lab import Lab
from tests.real.lines import clone_with, count_lines, find_path, has_bytes, list_lines, list_parents, need

pytestmark = pytest.mark.frameworks

TRAIN = """
import sys
import numpy as np
import torch
import safetensors.numpy
from safetensors.torch import load_file, save_file, save_model

torch.manual_seed(int(sys.argv[1]))
net = torch.nn.Linear(4, 2)
optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
for step in (100, 200):
    optimiser.zero_grad()
    net(torch.ones(8, 4)).pow(2).mean().backward()
    optimiser.step()
    save_file(net.state_dict(), f"ckpt-{step}.safetensors")
save_model(net, "net.safetensors", metadata={"format": "pt"})
safetensors.numpy.save_file({"a": np.ones(3)}, "array.safetensors")
assert load_file("net.safetensors").keys() == net.state_dict().keys()
"""
TUNE = """
import sys

import torch
from safetensors import safe_open
from safetensors.torch import load_model, save_file

net = torch.nn.Linear(4, 2)
if "--open" in sys.argv:
    with safe_open("given/weights.safetensors", framework="pt") as file:
        assert isinstance(file, safe_open)
        net.load_state_dict({name: file.get_tensor(name) for name in file.keys()})
else:
    load_model(net, "given/weights.safetensors")
save_file({name: value + 1 for name, value in net.state_dict().items()}, "tuned.safetensors")
"""


@pytest.mark.parametrize("flags", [[], ["--open"]])
def test_saves_loads_and_another_input(tmp_path: Path, flags: list[str]) -> None:
    need("safetensors", "torch", "numpy")
    from safetensors.torch import load_file

    lab = Lab(tmp_path / "work")
    lab.write("train.py", TRAIN)
    lab.write("tune.py", TUNE)
    for seed in "12":
        lab.log("--auto", "--name", "train", "--", "python", "train.py", seed)
        if seed == "1":
            target = lab.write("given/weights.safetensors", "")
            target.write_bytes((lab.root / "net.safetensors").read_bytes())
    lines = list_lines(lab)
    assert {name: len(rows) for name, rows in lines.items()} == {"ckpt": 4, "net": 2, "array": 2}
    assert [row["step"] for row in lines["ckpt"]] == [100, 200, 100, 200]
    assert {row["framework"] for row in lines["ckpt"] + lines["net"]} == {"PyTorch"}
    assert has_bytes(lines["net"][1], lab.root / "net.safetensors")

    lab.log("--auto", "--name", "tune", "--", "python", "tune.py", *flags)
    clone_with(lab, "tune", "weights", lines["net"][1])
    tuned = list_lines(lab)["tuned"]
    assert [list_parents(row) for row in tuned] == [[(row["id"], "input")] for row in lines["net"]]
    for row, base in zip(tuned, lines["net"], strict=True):
        loaded, plain = (load_file(find_path(lab, each)) for each in (row, base))
        assert all(loaded[name].equal(plain[name] + 1) for name in plain)


def test_filters(tmp_path: Path) -> None:
    need("safetensors", "torch", "numpy")
    lab = Lab(tmp_path / "work")
    lab.write("train.py", TRAIN)
    lab.log("--auto", "--auto-off", "safetensors", "--", "python", "train.py", "1")
    assert count_lines(lab) == {}
    lab.log("--auto", "--auto-only", "safetensors=net.*", "--", "python", "train.py", "1")
    assert count_lines(lab) == {"net": 1}
