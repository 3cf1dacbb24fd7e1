"""The inputs of a clone: those that its script reads are inputs and parents, and others are reported."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.lab import Lab

PLAIN = """
open("out.bin", "wb").write(open("base.bin", "rb").read() + b"!")
"""
ASKING = """
import registry_cli as reg
base = reg.use("zoo/base:1")
open("m.bin", "wb").write(base.path.read_bytes() + b"?")
reg.commit("m.bin", "zoo/made")
"""


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    lab = Lab(tmp_path / "work", git=False)
    for text in ("one", "two"):
        lab.write("base.bin", text)
        lab.reg("model", "add", "zoo/base", "base.bin")
    return lab


def run(lab: Lab, task: str) -> str:
    """Run a clone, and return what it printed."""
    done = lab.reg("task", "run", task, "--here")
    return (done.stdout + done.stderr).decode()


def parents(lab: Lab, ref: str) -> list[int]:
    with lab.open() as registry:
        return [parent.number for parent in registry.get_row(ref).parents]


@pytest.mark.slow
def test_an_input_that_the_script_never_reads_is_none(lab: Lab) -> None:
    lab.write("plain.py", PLAIN)
    lab.log("--name", "job", "--output", "out.bin", "--", "python", "plain.py")
    lab.reg("task", "clone", "job", "--name", "again", "--input", "base=zoo/base:1")
    said = run(lab, "again")
    assert "zoo/base:1 did not reach the script and is no input" in said
    task = lab.task("again")
    assert (task.status, task.inputs) == ("completed", ())
    assert "did not reach the script" in (task.problem or "")
    assert parents(lab, "task:again") == []


@pytest.mark.slow
def test_an_input_that_the_script_asks_for_is_one(lab: Lab) -> None:
    lab.write("asking.py", ASKING)
    lab.log("--name", "job", "--", "python", "asking.py")
    for name, ref, found in (("base", "zoo/base:2", 2), ("bsae", "zoo/base:2", 1)):
        lab.reg("task", "clone", "job", "--name", name, "--input", f"{name}={ref}")
        said = run(lab, name)
        assert ("did not reach the script" in said) == (name == "bsae")
        assert [one.name for one in lab.task(name).inputs] == ["base"]
        assert parents(lab, f"task:{name}") == [found]


@pytest.mark.slow
def test_a_shell_script_that_names_an_input_reads_it(lab: Lab) -> None:
    lab.write("job.sh", f'cat "$REG_INPUT_BASE" > s.bin; {sys.executable} -m registry_cli model add zoo/s s.bin')
    lab.log("--name", "job", "--input", "base=zoo/base:1", "--", "bash", "job.sh")
    lab.reg("task", "clone", "job", "--name", "again", "--input", "base=zoo/base:2")
    assert "did not reach" not in run(lab, "again")
    assert [one.ref for one in lab.task("again").inputs] == ["zoo/base:2"]
    assert parents(lab, "task:again") == [2]


@pytest.mark.slow
def test_an_address_that_a_python_script_holds_and_never_asks_for_is_not_read(lab: Lab) -> None:
    lab.write(
        "cold.py", "import sys\nif '--warm' in sys.argv:\n    import registry_cli\n    registry_cli.use('input:base')\n"
    )
    lab.log("--name", "job", "--", "python", "cold.py")
    lab.reg("task", "clone", "job", "--name", "again", "--input", "base=zoo/base:2")
    assert "zoo/base:2 did not reach the script" in run(lab, "again")
    assert lab.task("again").inputs == ()


@pytest.mark.slow
def test_a_parameter_that_the_script_does_not_take_is_not_on_record(lab: Lab) -> None:
    """Its argument on the command line is, as it ran with that."""
    lab.write("plain.py", "import sys\nprint(sys.argv[2])\n")
    lab.log("--name", "job", "--", "python", "plain.py", "--n", "5")
    lab.reg("task", "clone", "job", "--name", "again", "--param", "n=8", "--param", "m=3")
    assert "asked for no parameter m, n" in run(lab, "again")
    assert lab.task("again").params == {"n": 5}
