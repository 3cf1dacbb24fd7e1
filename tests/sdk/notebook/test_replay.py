"""`reg task run` of a notebook's task in a Python without IPython; tests/real runs cells in IPython."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from registry_cli.ids import TaskId
from registry_cli.records.task import CELLS, Recipe
from registry_cli.sdk.notebook.shell import REPLAY
from registry_cli.store.staging import Staging
from registry_cli.tasks.record import stage_file, write_stage
from tests.catalog.builders import make_task
from tests.cli.lab import Lab

BEGIN = """\
# %% In[1]
import registry_cli as reg, sys
settings = reg.Task.init("proj", "nb").connect({"lr": 0.1})

"""


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    lab = Lab(tmp_path / "work", git=False)
    lab.write("IPython.py", "raise ImportError('this Python has none')\n")
    return lab


def draft(lab: Lab, cells: str | None, *argv: str) -> TaskId:
    """Make a draft of a notebook that ran these cells."""
    recipe = Recipe(argv or (sys.executable, "-m", REPLAY, "nb.ipynb"), cwd=str(lab.root))
    with lab.open() as registry, Staging(registry.layout) as staging:
        files = () if cells is None else (stage_file(staging, CELLS, cells.encode(), "text/x-python"),)
        task = make_task(name="nb", recipe=recipe, files=files)
        write_stage(registry, "draft", task, staging=staging)
    return task.id


@pytest.mark.slow
def test_its_cells_run_in_one_module_with_the_values_of_a_clone(lab: Lab) -> None:
    draft(lab, BEGIN + "# %% In[3]\nclass Net: ...\nprint(__name__, Net.__module__, settings, sys.argv)\n")
    lab.reg("task", "clone", "nb", "--param", "lr=0.5", "--arg", "depth=3", "--name", "other")
    assert lab.reg("task", "run", "other").stdout.decode() == (
        "__main__ __main__ {'lr': 0.5} ['nb.ipynb', '--depth', '3']\n"
    )
    task = lab.task("other")
    assert (task.status, task.params) == ("completed", {"lr": 0.5, "depth": 3})
    assert [file.path for file in task.files if file.path == CELLS] == [CELLS]


@pytest.mark.slow
def test_a_cell_may_fail_where_it_failed_before(lab: Lab) -> None:
    draft(lab, "# %% In[1]\n1 / 0\n# ran before the task began\n\n# %% In[2]\nmissing\n# raised NameError: name\n\n"
               "# %% In[3]\nprint('on')\n\n# %% In[4]\n[][1]\n\n# %% In[5]\nprint('never')\n")  # fmt: skip
    out = lab.reg("task", "run", "nb", code=1).stdout.decode()
    for line in (
        "ZeroDivisionError",
        "NameError",
        "on\n",
        "    [][1]\n",
        "cell 4 failed, which it did not before: Index",
    ):
        assert line in out
    assert "never" not in out
    assert lab.task("nb").status == "failed"


@pytest.mark.slow
def test_cells_that_need_ipython_are_refused_before_any_runs(lab: Lab) -> None:
    for magic in ("%time 1", "!ls", "%%bash\nls", "await f()"):
        draft(lab, f"# %% In[1]\nprint('ran')\n\n# %% In[2]\n{magic}\n")
        out = lab.reg("task", "run", "nb", code=1).stdout.decode()
        assert out == f"cell 2 needs IPython, which {sys.executable} has not\n"


@pytest.mark.slow
def test_a_cell_that_is_not_on_record_is_named(lab: Lab) -> None:
    draft(lab, "# %% In[1]\n# left out, as it holds a GitHub token\n\n# %% In[2]\nprint('on')\n")
    out = lab.reg("task", "run", "nb").stdout.decode()
    assert "cell 1 is not on record: left out, as it holds a GitHub token" in out
    assert out.endswith("on\n")


@pytest.mark.slow
def test_an_exit_ends_it_with_its_code(lab: Lab) -> None:
    draft(lab, "# %% In[1]\nraise SystemExit(3)\n# raised SystemExit: 3\n\n# %% In[2]\nraise SystemExit(4)\n")
    lab.reg("task", "run", "nb", code=4)


@pytest.mark.slow
def test_without_cells_it_is_refused(lab: Lab) -> None:
    task = draft(lab, None)
    assert lab.reg("task", "run", task, code=1).stdout == b"the cells of task nb are not on record\n"
    for kernel in ("ipykernel_launcher", "ipykernel", "colab_kernel_launcher"):
        task = draft(lab, None, sys.executable, "-m", kernel, "-f", "/run/kernel-1.json")
        done = lab.reg("task", "run", task, code=17)
        refusal = f"error: task nb is of a notebook, and its cells are not on record\nhint: reg task show {task}\n"
        assert done.stderr.decode() == refusal
        assert lab.task(task).attempt == 0


def test_it_runs_cells_of_a_task_alone(lab: Lab) -> None:
    done = lab.run(sys.executable, "-m", REPLAY, "nb.ipynb", code=1)
    assert done.stderr.decode() == "error: no task runs here: reg log runs a command as a task\n"


@pytest.mark.slow
def test_its_cells_belong_to_it_wherever_it_runs(lab: Lab) -> None:
    (lab.root / "IPython.py").unlink()
    lab.git("init", "-q", "-b", "main", ".")
    lab.git("add", ".")
    lab.git("commit", "-qm", "first")
    draft(lab, "# %% In[1]\nprint('one')\n")
    for here in ((), ("--here",), ()):
        assert lab.reg("task", "run", "nb", *here).stdout == b"one\n"
    assert lab.reg("task", "show", "nb", "--cells").stdout == b"# %% In[1]\nprint('one')\n"
    draft(lab, "# %% In[1]\nprint('two')\n")
    [old, new] = [row["id"] for row in reversed(lab.json("task", "list"))]
    assert CELLS in lab.reg("task", "compare", old, new, "--only", "code").stdout.decode()
