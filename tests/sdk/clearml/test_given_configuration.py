"""The configuration of a clone: the one that was recorded, or another one that it was given."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import registry_cli as reg
from registry_cli.dataclass import replace
from registry_cli.errors import NotFoundError, RefusedError, UsageError
from registry_cli.records.task import CONSOLE
from registry_cli.tasks.rerun.draft import clone_task, edit_task
from registry_cli.tasks.rerun.edits import Edits
from tests.sdk import scripts

pytestmark = pytest.mark.usefixtures("registry")

SCRIPT = """
import json, pathlib
import registry_cli as reg
task = reg.Task.init("proj", "job")
net = {"layers": [3, 4], 7: ("a", "b"), "own": True}
print("same", task.connect_configuration(net) is net)
print("net", net)
path = task.connect_configuration("net.yaml", "file")
print("file", type(path).__name__, pathlib.Path(path).suffix, pathlib.Path(path).read_text())
kept = task.connect_configuration({"a": "script"}, "kept", ignore_remote_overrides=True)
print("kept", kept)
print("object", task.get_configuration_object_as_dict("general"))
"""


def run_clone(folder: Path, name: str, edits: Edits) -> list[str]:
    """Run a clone of a task, which gets the task's name and a `+`; return the lines that it prints."""
    with reg.Registry.open(folder) as registry:
        clone = clone_task(registry, name, replace(edits, name=f"{name}+"))
    return scripts.reg(folder, "task", "run", clone.id, "--here").splitlines()


@pytest.mark.slow
def test_a_clone_gives_its_script_the_recorded_configuration(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text("first")
    printed = scripts.run(tmp_path, SCRIPT).splitlines()
    own = ["same True", "net {'layers': [3, 4], 7: ('a', 'b'), 'own': True}", "file str .yaml first"]
    assert printed[:3] == own
    (tmp_path / "net.yaml").write_text("changed since")
    assert run_clone(tmp_path, "job", Edits())[:3] == own
    given = {"general": ("any.json", b'{"layers": [9], "7": ["c"], "new": 1}'), "file": ("x", b"edited"),
             "kept": ("x", b'{"a": "clone"}')}  # fmt: skip
    printed = run_clone(tmp_path, "job+", Edits(config=given))
    assert printed[:5] == [
        "same True", "net {'layers': [9], 7: ('c',), 'new': 1}", "file str .yaml edited", "kept {'a': 'script'}",
        "object {'layers': [9], '7': ['c'], 'new': 1}",
    ]  # fmt: skip
    found = reg.Task.get_task(scripts.newest(tmp_path, "job++").id).get_configuration_objects()
    assert (json.loads(found["general"]), found["file"]) == ({"layers": [9], "7": ["c"], "new": 1}, "edited")
    (tmp_path / "net.yaml").unlink()
    assert run_clone(tmp_path, "job++", Edits())[2] == "file str .yaml edited", "a clone of a clone"
    assert run_clone(tmp_path, "job+", Edits(unset=("config.general",)))[1] == own[1]


@pytest.mark.slow
def test_a_further_attempt_has_the_configuration_of_the_one_before(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text("first")
    scripts.run(tmp_path, SCRIPT)
    (tmp_path / "net.yaml").write_text("second")
    assert scripts.reg(tmp_path, "task", "run", "job", "--here").splitlines()[2] == "file str .yaml first"


@pytest.mark.slow
def test_a_configuration_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text("first")
    scripts.run(tmp_path, SCRIPT)
    with reg.Registry.open(tmp_path) as registry:
        with pytest.raises(UsageError, match="kept as JSON, and net"):
            clone_task(registry, "job", Edits(config={"general": ("net.yaml", b"a: 1")}))
        with pytest.raises(NotFoundError, match="no configuration `none`: it has file, general, kept"):
            clone_task(registry, "job", Edits(unset=("config.none",)))
        clone = clone_task(registry, "job", Edits(config={"general": ("net.json", b"[1]")}))
        with pytest.raises(RefusedError, match="has run"):
            edit_task(registry, "job", Edits(config={"file": ("a", b"b")}))
        draft = reg.Task.get_task(clone.id)
        draft.set_configuration_object("file", config_text="of the draft")
        assert draft.get_configuration_object("file") == "of the draft"
    scripts.reg(tmp_path, "task", "run", clone.id, "--here", code=1)
    console = scripts.read_blob(tmp_path, scripts.newest(tmp_path, clone.id), CONSOLE).decode()
    assert "the configuration general of the task is no dict in JSON" in console


@pytest.mark.slow
def test_options_of_clone(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text("first")
    scripts.run(tmp_path, SCRIPT)
    (tmp_path / "other.yaml").write_text("by the option")
    scripts.reg(tmp_path, "task", "clone", "job", "--name", "again", "--config", "file=other.yaml")
    assert "file str .yaml by the option" in scripts.reg(tmp_path, "task", "run", "again", "--here")
    for word, code in (("file", 2), ("file=none.yaml", 11)):
        scripts.reg(tmp_path, "task", "clone", "job", "--config", word, code=code)
