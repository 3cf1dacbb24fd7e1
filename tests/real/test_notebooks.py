"""Tasks of notebooks, in real kernels of Jupyter, and of the prompt of IPython."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_cli.cli.topics import GUIDES
from registry_cli.records.task import CELLS, CONSOLE
from registry_cli.sdk.notebook.cells import Cell, parse_cells
from tests.cli.lab import Lab
from tests.forks import LONGEST
from tests.real.kernels import Kernel, open_kernel
from tests.real.lines import list_lines, need
from tests.sdk.scripts import wait_for_end
from tests.test_docs import blocks, environment, judge, parse_block, run_all

pytestmark = pytest.mark.frameworks

BEGIN = """
from registry_cli import Task
task = Task.init("proj", "job")
settings = task.connect({"lr": 0.1})
""".strip()


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    need("ipykernel", "jupyter_client", "nbclient")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    return Lab(tmp_path / "work", git=False)


@pytest.fixture
def kernel(lab: Lab) -> Iterator[Kernel]:
    with open_kernel(lab) as kernel:
        yield kernel


def read_cells(lab: Lab, ref: str = "@last") -> list[Cell]:
    return parse_cells(lab.blob(CELLS, ref).decode())


def read_console(lab: Lab, ref: str = "@last") -> str:
    return lab.blob(CONSOLE, ref).decode().replace("\r\n", "\n")


OUTPUTS = [
    ("print('printed')", "printed"),
    ("import sys; print('warned', file=sys.stderr)", "warned"),
    ("1 / 0", "ZeroDivisionError: division by zero"),
    ("print('after it')", "after it"),
    ("def f(:", "SyntaxError: invalid syntax"),
    ("{'a': 1}", "Out[9]: {'a': 1}"),
    ("import warnings; warnings.warn('careful')", "UserWarning: careful"),
    ("from IPython.display import display; display([1, 2])", "[1, 2]"),
    ("!echo of a shell", "of a shell"),
    ("%%bash\necho of bash", "of bash"),
    ("%time x = 1", "Wall time:"),
    ("import os; _ = os.write(1, b'of C\\n')", "of C"),
    ("import subprocess; _ = subprocess.run(['echo', 'of a child'])", "of a child"),
    ("import threading\nthread = threading.Thread(target=print, args=['of a thread'])\nthread.start(); thread.join()",
     "of a thread"),
    ("import asyncio\nawait asyncio.sleep(0)\n'awaited'", "Out[18]: 'awaited'"),
    ("%%capture\nprint('captured')", None),
    ("handle = display('first', display_id=True); handle.update('second'); handle.update('second')", "'second'"),
]  # fmt: skip


def test_all_output_is_kept_and_displayed_as_without_a_task(lab: Lab, kernel: Kernel) -> None:
    kernel.run("1 + 1")
    kernel.run(BEGIN)
    kernel.run("import os; os.environ['TERM'] = 'dumb'")
    shown = [kernel.run(code) for code, _ in OUTPUTS]
    kernel.run("task.close()")
    kernel.run("print('of no task')")
    assert sorted(shown[-1].texts) == ["'first'", "'second'", "'second'"]
    console = read_console(lab)
    missing = [(code, text) for code, text in OUTPUTS if text is not None and text not in console]
    assert missing == []
    assert "captured" not in console
    assert "of no task" not in console
    assert "\x1b" not in console
    assert console.count("'second'") == 1
    with open_kernel(lab) as other:
        for code in ("1 + 1", "import sys", "import os; os.environ['TERM'] = 'dumb'"):
            other.run(code)
        plain = [other.run(code) for code, _ in OUTPUTS]
    changing = re.compile(r"ipykernel_\d+|CPU times: .*|[\d.]+ [nμm]?s")
    for (code, _), one, two in zip(OUTPUTS, shown, plain, strict=True):
        assert (one.status, one.raised, one.texts) == (two.status, two.raised, two.texts), code
    for stream in ("out", "err"):  # output of C code may arrive with a later cell
        lines = [changing.sub("", "".join(getattr(each, stream) for each in cells)) for cells in (shown, plain)]
        assert sorted(lines[0].splitlines()) == sorted(lines[1].splitlines())


def test_the_cells_are_its_code_and_run_again(lab: Lab, kernel: Kernel) -> None:
    kernel.run("base = 40")
    kernel.run("missing")
    kernel.run(BEGIN)
    kernel.run("%gui\n%time total = base + settings['lr']")
    kernel.run("1 / 0")
    kernel.run("%%bash\necho of bash")
    kernel.run("print('total', total)")
    kernel.run("token = 'ghp_" + "a1B2" * 9 + "'")
    kernel.run("open('w.bin', 'w').write(str(total))\nprint(__import__('registry_cli').commit('w.bin', 'proj/w').ref)")
    kernel.shut_down()
    task = wait_for_end(lab.root)
    assert (task.status, task.name, task.params) == ("completed", "job", {"lr": 0.1})
    assert task.problem == "cell 8 is not kept, as it holds a GitHub token"
    assert task.recipe.argv == (sys.executable, "-m", "registry_cli.sdk.notebook", "notebook")
    assert b"ghp_" not in lab.blob(CELLS)
    assert read_cells(lab)[:7] == [
        Cell(1, "base = 40", before=True),
        Cell(2, "missing", before=True),
        Cell(3, BEGIN),
        Cell(4, "%gui\n%time total = base + settings['lr']"),
        Cell(5, "1 / 0", "ZeroDivisionError"),
        Cell(6, "%%bash\necho of bash"),
        Cell(7, "print('total', total)"),
    ]
    assert lab.reg("task", "show", "job", "--cells").stdout == lab.blob(CELLS)

    lab.reg("task", "clone", "job", "--param", "lr=0.5", "--name", "other")
    done = lab.reg("task", "run", "other")
    text = done.stdout.decode()
    assert "its cells use the files as they are now" in done.stderr.decode()
    for line in ("NameError: name 'missing' is not defined", "ZeroDivisionError", "of bash", "total 40.5", "proj/w:2"):
        assert line in text
    assert "cell 8 is not on record" in text
    again = lab.task("other")
    assert (again.status, again.exit_code, again.params) == ("completed", 0, {"lr": 0.5})
    assert again.find_file(CELLS) == task.find_file(CELLS)
    assert [row["ref"] for row in list_lines(lab)["w"]] == ["proj/w:1", "proj/w:2"]


def test_in_git_its_files_are_restored_too(lab: Lab) -> None:
    lab.git("init", "-q", "-b", "main", ".")
    lab.write("helper.py", "VALUE = 1\n")
    lab.git("add", ".")
    lab.git("commit", "-qm", "first")
    lab.write("helper.py", "VALUE = 2\n")
    notebook = lab.write("explore.ipynb", "{}")
    with open_kernel(lab, JPY_SESSION_NAME=str(notebook)) as kernel:
        kernel.run("import registry_cli as reg\nfrom helper import VALUE\ntask = reg.Task.init()")
        kernel.run("print('value', VALUE)")
        kernel.run("task.close()")
    task = lab.task()
    assert (task.name, task.project, task.recipe.argv[-1]) == ("explore", "work", "explore.ipynb")
    lab.write("helper.py", "VALUE = 3\n")
    assert lab.reg("task", "run", "explore").stdout == b"value 2\n"
    assert lab.reg("task", "run", "explore", "--here").stdout == b"value 3\n"
    assert lab.reg("task", "run", "explore").stdout == b"value 3\n"  # it begins from what the last one ran from
    assert len(read_cells(lab)) == 3


def test_the_notebook_that_vs_code_tells(lab: Lab, kernel: Kernel) -> None:
    kernel.run("__vsc_ipynb_file__ = '/elsewhere/net.ipynb'")
    kernel.run("from registry_cli import Task\ntask = Task.init()\ntask.close()")
    task = lab.task()
    assert (task.name, task.recipe.argv[-1]) == ("net", "/elsewhere/net.ipynb")


def test_a_cell_that_fails_again_ends_it(lab: Lab, kernel: Kernel) -> None:
    lab.write("data.txt", "1")
    kernel.run(BEGIN)
    kernel.run("print(open('data.txt').read())")
    kernel.run("print('never reached')")
    kernel.run("task.close()")
    (lab.root / "data.txt").unlink()
    done = lab.reg("task", "run", "job", code=1)
    assert b"cell 2 failed, which it did not before: FileNotFoundError" in done.stdout
    assert b"never reached" not in done.stdout
    task = lab.task()
    assert (task.attempt, task.status, task.exit_code) == (2, "failed", 1)


def test_arguments_of_the_kernel_are_no_parameters(lab: Lab, kernel: Kernel) -> None:
    kernel.run(BEGIN)
    kernel.run(
        "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('-f')\n"
        "parser.add_argument('--depth', type=int, default=3)\nprint(parser.parse_args())"
    )
    kernel.run("%%bash --no-raise-error\necho")
    kernel.run("task.close()")
    assert lab.task().params == {"lr": 0.1, "depth": 3}
    lab.reg("task", "clone", "job", "--arg", "depth=5", "--name", "deep")
    assert b"depth=5" in lab.reg("task", "run", "deep").stdout


def test_one_task_after_another(lab: Lab, kernel: Kernel) -> None:
    kernel.run(BEGIN)
    assert kernel.run("Task.init('proj', 'job').id == task.id").texts == ["True"]
    assert kernel.run("Task.init('proj', 'second')").raised == "UsageError"
    kernel.run("task.close()")
    kernel.run("import registry_cli as reg\nwith reg.task('third', project='proj') as task: print('in the third')")
    kernel.run("task = Task.init('proj', 'second')")
    kernel.run("print('in the second')")
    kernel.run("task.close()")
    assert [lab.task(name).status for name in ("job", "third", "second")] == ["completed"] * 3
    assert "Out[2]: True" in read_console(lab, "job")
    assert read_console(lab, "third") == "in the third\n"
    assert read_console(lab, "second") == "in the second\n"
    assert [cell.number for cell in read_cells(lab, "job")] == [1, 2, 3, 4]
    assert [cell.before for cell in read_cells(lab, "second")] == [True] * 5 + [False] * 3


def test_what_other_processes_print_is_kept_up_to_its_end(lab: Lab, kernel: Kernel) -> None:
    """A pipe holds it when they have ended, and the kernel reads it bit by bit."""
    kernel.run("import subprocess, registry_cli as reg\nwords = ['head', '-c', '60000', '/dev/zero']")
    kernel.run("with reg.task('job', project='proj'): subprocess.run(words)")
    assert read_console(lab) == "\0" * 60000


def test_an_interrupt_ends_the_cell_alone(lab: Lab, kernel: Kernel) -> None:
    kernel.run(BEGIN)
    kernel.begin("import time\nprint('begun', flush=True)\ntime.sleep(1000)")
    kernel.manager.interrupt_kernel()
    kernel.wait_for_end()
    assert kernel.run("print('and on')").out == "and on\n"
    kernel.shut_down()
    assert wait_for_end(lab.root).status == "completed"
    assert read_cells(lab)[1].raised == "KeyboardInterrupt"
    assert "KeyboardInterrupt" in read_console(lab)
    assert read_console(lab).endswith("and on\n")


@pytest.mark.parametrize(("number", "status", "name"), [
    (signal.SIGTERM, "failed", "SIGTERM"), (signal.SIGKILL, "crashed", None),
])  # fmt: skip
def test_a_kernel_that_is_ended_loses_nothing(
    lab: Lab, kernel: Kernel, number: int, status: str, name: str | None
) -> None:
    kernel.run(BEGIN)
    kernel.begin("import time\n'shown'\nprint('begun', flush=True)\ntime.sleep(1000)")
    kernel.signal(number)
    task = wait_for_end(lab.root)
    assert (task.status, task.signal, task.params) == (status, name, {"lr": 0.1})
    assert read_console(lab) == "begun\n"
    assert [cell.number for cell in read_cells(lab)] == [1, 2]


def test_the_last_cell_decides_where_nobody_closes_it(lab: Lab, kernel: Kernel) -> None:
    kernel.run(BEGIN)
    kernel.run("raise ValueError('no data')")
    kernel.shut_down()
    task = wait_for_end(lab.root)
    assert (task.status, task.problem) == ("failed", "ValueError: no data")


def test_the_guide(lab: Lab, kernel: Kernel, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "reg"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m registry_cli "$@"\n')
    program.chmod(0o755)
    found = list(blocks(GUIDES / "notebooks.md"))
    for cell in parse_cells(next(block["body"] for block in found if block["info"] == "ipython")):
        kernel.run(cell.code)
    wanted = [step for block in found if block["info"] == "console no-run" for step in parse_block(block["body"])]
    outputs = run_all(
        [step.command for step in wanted], lab.root, {**lab.environ, **environment(program.parent, lab.root)}
    )
    wrong = [problem for step, output in zip(wanted, outputs, strict=True) for problem in judge(step, *output)]
    assert not wrong, "\n\n".join(["", *wrong])


def test_a_notebook_that_is_executed_as_a_whole(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    import nbformat
    from nbclient import NotebookClient

    for name, value in lab.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PYTEST_CURRENT_TEST", raising=False)
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(code) for code in (BEGIN, "print('loss', 0.5)", "settings")]
    NotebookClient(notebook, resources={"metadata": {"path": str(lab.root)}}, kernel_name="python3").execute()
    task = wait_for_end(lab.root)
    assert (task.status, task.params) == ("completed", {"lr": 0.1})
    assert read_console(lab) == "loss 0.5\nOut[3]: {'lr': 0.1}\n"
    assert notebook.cells[1].outputs[0].text == "loss 0.5\n"


def test_the_prompt_of_ipython(lab: Lab) -> None:
    import pexpect

    lab.write("script.py", f"{BEGIN}\nprint('in the script')\n")
    environ = {**lab.environ, "TERM": "xterm"}
    words = ["-m", "IPython", "--no-banner", "--simple-prompt", "--colors=NoColor"]
    prompt = pexpect.spawn(sys.executable, words, cwd=str(lab.root), env=environ, timeout=LONGEST, encoding="utf-8")
    for number, line in enumerate([BEGIN.replace("\n", "; "), "'a value'", "1 / 0", "task.close()", "exit"], start=1):
        prompt.expect_exact(f"In [{number}]: ")
        prompt.sendline(line)
    prompt.expect(pexpect.EOF)
    prompt.close()
    assert lab.task().status == "completed"
    console = read_console(lab)
    assert "Out[2]: 'a value'\n" in console
    assert "ZeroDivisionError: division by zero\n" in console
    assert "In [3]" not in console
    assert read_cells(lab)[1:] == [Cell(2, "'a value'"), Cell(3, "1 / 0", "ZeroDivisionError"), Cell(4, "task.close()")]
    assert b"Out[2]: 'a value'" in lab.reg("task", "run", "job").stdout

    lab.run(sys.executable, "-m", "IPython", "script.py")  # that is a script as any other
    task = lab.task()
    assert task.recipe.argv == (sys.executable, "-m", "IPython", "script.py")
    assert (task.find_file(CELLS), read_console(lab)) == (None, "in the script\n")
    assert lab.reg("task", "run", "job").stdout == b"in the script\n"
