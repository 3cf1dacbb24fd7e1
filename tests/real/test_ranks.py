"""Several processes that `torch.multiprocessing` spawns are ranks of one task, although no variable says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.lab import Lab
from tests.real.lines import need

pytestmark = pytest.mark.frameworks

SPAWN = """
import registry_cli as reg
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

def train(rank):
    torch.save({"before": torch.full((2,), rank)}, f"before{rank}.pt")
    dist.init_process_group("gloo", init_method="file://{folder}/meet", rank=rank, world_size=2)
    for step in range(3):
        reg.log_metric("loss", float(rank), step)
    torch.save({"rank": torch.full((2,), rank)}, f"net{rank}.pt")
    dist.barrier()
    dist.destroy_process_group()
    reg.log_metric("after", float(rank), 0)
    torch.save({"rank": torch.full((2,), rank)}, f"after{rank}.pt")

def train_silently(rank):
    dist.init_process_group("gloo", init_method="file://{folder}/meet2", rank=rank, world_size=2)
    dist.barrier()
    dist.destroy_process_group()
    reg.log_metric("silent", float(rank), 0)

if __name__ == "__main__":
    mp.spawn(train, nprocs=2)
    mp.spawn(train_silently, nprocs=2)
"""


def test_spawned_ranks_report_each_point_once(tmp_path: Path) -> None:
    need("torch")
    lab = Lab(tmp_path / "work", git=False)
    lab.write("ddp.py", SPAWN.replace("{folder}", str(tmp_path)))
    lab.log("--auto", "--name", "ddp", "--", "python", "ddp.py")
    curve = lab.task("ddp").curves["loss"]
    assert (curve.count, curve.max) == (3, 0.0)
    for name in ("after", "silent"):
        left = lab.task("ddp").curves[name]
        assert (left.count, left.max) == (1, 0.0), name
    with lab.open() as registry:
        names = {file.path for row in registry.list_rows(["task:ddp"]) for file in row.files}
    assert names == {"before0.pt", "before1.pt", "net0.pt", "after0.pt"}
