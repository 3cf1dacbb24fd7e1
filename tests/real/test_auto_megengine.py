"""MegEngine under `reg log --auto`; there is no build of it for this Python, so a double of it is saved and loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.lab import Lab

pytestmark = pytest.mark.frameworks
DOUBLE = Path(__file__).parent / "megengine_double"

TRAIN = f"""
import sys
sys.path.insert(0, {str(DOUBLE)!r})
import megengine as mge

net = mge.module.Linear(1.0, 2.0)
mge.save(net.state_dict(), "net.mge")
with open("open.mge", "wb") as file:
    mge.save(net, file)
mge.save({{"weight": mge.Tensor([3.0], device="gpu0")}}, f="third.mge")
"""
TUNE = f"""
import inspect, pickle, sys
sys.path.insert(0, {str(DOUBLE)!r})
import megengine
from megengine import load

net = megengine.module.Linear(0.0, 0.0)
net.load_state_dict(load("net.mge"))
assert net(1.0, 1.0) == 3.0 == load(open("open.mge", "rb"))(1.0, 1.0)
assert load("third.mge", map_location={{"gpu0": "cpu1"}})["weight"].device == "cpu1"
assert list(inspect.signature(megengine.save).parameters) == ["obj", "f", "pickle_module", "pickle_protocol"]
assert pickle.loads(pickle.dumps(load)) is load
net.weight = megengine.Tensor([5.0, 6.0])
megengine.save(net, "tuned.mge")
"""


def test_a_double_is_saved_loaded_and_saved_again(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "work")
    lab.write("train.py", TRAIN)
    lab.write("tune.py", TUNE)
    lab.log("--auto", "--name", "train", "--", "python", "train.py")
    rows = {row["name"].rpartition("/")[2]: row for row in lab.json("model", "query")}
    assert sorted(rows) == ["net", "open", "third"]
    assert {row["framework"] for row in rows.values()} == {"MegEngine"}
    assert lab.reg("model", "verify", rows["net"]["ref"])
    path = lab.reg("model", "path", rows["net"]["ref"]).stdout.decode().strip()
    assert Path(path).read_bytes() == (lab.root / "net.mge").read_bytes()

    lab.log("--auto", "--name", "tune", "--", "python", "tune.py")
    assert sorted(one.name for one in lab.task("tune").inputs) == ["net", "open", "third"]
    [tuned] = lab.json("model", "query", "name ~ '*/tuned'")
    assert {parent["id"] for parent in tuned["parents"]} == {row["id"] for row in rows.values()}
