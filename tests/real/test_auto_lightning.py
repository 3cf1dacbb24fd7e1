"""Real training with Lightning under `reg log --auto`, by scripts that never heard of us."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.lab import Lab
from tests.real.lines import clone_with, count_lines, find_path, has_bytes, list_lines, list_parents, need

pytestmark = pytest.mark.frameworks

NET = """
import torch
try:
    from {package}.pytorch import LightningModule
except ImportError:
    from {package} import LightningModule

class Net(LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 1)

    def training_step(self, batch, at):
        loss = self.layer(batch[0]).pow(2).mean()
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch, at):
        self.log("val_loss", self.layer(batch[0]).pow(2).mean())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)

def make_data():
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.randn(32, 4)), batch_size=8)

QUIET = dict(
    accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False, log_every_n_steps=1
)
"""
FIT = """
import json, sys
import {package} as L
import torch
from {trainer}.callbacks import ModelCheckpoint
from net import QUIET, Net, make_data

L.seed_everything(int(sys.argv[1]))
net, losses = Net(), []
best = ModelCheckpoint("best", "net-{{epoch}}-{{step}}", monitor="val_loss", mode="max", save_top_k=1)

class Losses(L.Callback):
    def on_validation_end(self, trainer, module):
        if not trainer.sanity_checking:
            losses.append(trainer.callback_metrics["val_loss"].item())

every = ModelCheckpoint("every", "every-{{epoch}}-{{step}}", save_top_k=-1)
trainer = L.Trainer(max_epochs=3, callbacks=[best, every, Losses()], **QUIET)
trainer.fit(net, make_data(), make_data())
trainer.save_checkpoint("final.ckpt")
probe = torch.ones(2, 4)
json.dump({{"losses": losses, "told": net.layer(probe).tolist()}}, open("told.json", "w"))
"""
TUNE = """
import {package} as L
from net import QUIET, Net, make_data

trainer = L.Trainer(max_epochs=5, enable_checkpointing=False, **QUIET)
trainer.fit(Net(), make_data(), ckpt_path="given.ckpt")
assert trainer.global_step == 20
trainer.save_checkpoint("tuned.ckpt", weights_only=True)
"""
LOAD = """
from net import Net

Net.load_from_checkpoint("given.ckpt")
"""
LATER = """
import torch
import {package} as L
from {trainer}.callbacks import ModelCheckpoint
from {trainer}.plugins.io import AsyncCheckpointIO
from net import QUIET, Net, make_data

saves = [ModelCheckpoint("later", "later-{{epoch}}-{{step}}", save_top_k=-1)]
L.Trainer(max_epochs=2, plugins=[AsyncCheckpointIO()], callbacks=saves, **QUIET).fit(Net(), make_data())
"""


def _make_lab(root: Path, package: str) -> Lab:
    need(package, "torch")
    lab = Lab(root)
    trainer = "lightning.pytorch" if package == "lightning" else package
    scripts = {"net": NET, "fit": FIT, "tune": TUNE, "load": LOAD, "later": LATER}
    for name, text in scripts.items():
        filled = text.replace("{package}", package) if name == "net" else text.format(package=package, trainer=trainer)
        lab.write(f"{name}.py", filled)
    return lab


def _log(lab: Lab, script: str, *words: str) -> None:
    name, *arguments = script.split()
    lab.log("--auto", *words, "--name", name, "--", "python", f"{name}.py", *arguments)


def test_a_fit_its_checkpoints_and_what_is_made_of_them(tmp_path: Path) -> None:
    lab = _make_lab(tmp_path / "work", "lightning")
    import torch

    _log(lab, "fit 1")
    lines = list_lines(lab)
    told = json.loads((lab.root / "told.json").read_text())
    [every, first] = [lines["every-epoch-step"], lines["net-epoch-step"][0]]
    assert {row["framework"] for rows in lines.values() for row in rows} == {"PyTorch"}
    assert [row["step"] for row in every] == [4, 8, 12]
    assert [row["metrics"]["val_loss"] for row in every] == pytest.approx(told["losses"])
    assert (first["step"], first["metrics"]["val_loss"]) == (4, pytest.approx(told["losses"][0]))
    assert lab.task("fit").curves["val_loss"].count == 3
    assert lab.task("fit").curves["train_loss"].count == 12
    [final] = lines["final"]
    assert has_bytes(final, lab.root / "final.ckpt")
    state = torch.load(find_path(lab, final), weights_only=False)["state_dict"]
    assert torch.nn.functional.linear(torch.ones(2, 4), *state.values()).tolist() == told["told"]

    shutil.copy(lab.root / "final.ckpt", lab.root / "given.ckpt")
    _log(lab, "tune")
    _log(lab, "load")
    for task in ("tune", "load"):
        assert [(one.name, one.version) for one in lab.task(task).inputs] == [("given", final["id"])]
    _log(lab, "fit 2")
    other = list_lines(lab)["final"][-1]
    (lab.root / "given.ckpt").unlink()
    clone_with(lab, "tune", "given", other)
    tuned = list_lines(lab)["tuned"]
    assert [list_parents(row) for row in tuned] == [[(final["id"], "input")], [(other["id"], "input")]]


def test_the_package_of_its_own_filters_and_saves_in_a_thread(tmp_path: Path) -> None:
    lab = _make_lab(tmp_path / "work", "pytorch_lightning")
    for off in ("pytorch", "lightning"):
        _log(lab, "fit 1", "--auto-off", off, "--auto-only", "lightning=none" if off == "pytorch" else "pytorch=none")
    assert count_lines(lab) == {}
    _log(lab, "fit 1", "--auto-only", "pytorch=final.*")
    assert count_lines(lab) == {"final": 1}
    _log(lab, "later")
    assert [row["step"] for row in list_lines(lab)["later-epoch-step"]] == [4, 8]
