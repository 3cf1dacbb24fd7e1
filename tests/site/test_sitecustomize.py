"""The start of Python under `reg log --auto`, with our Python or another, with its own `sitecustomize` or none."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import venv
from pathlib import Path
from shutil import which

import pytest

import registry_cli
from registry_cli import env
from registry_cli.records.task import Auto
from registry_cli.tasks.attempt.autolog_setting import dump_auto

ROOT = Path(registry_cli.__file__).parents[1]
ON = dump_auto(Auto())
LOOK = "import sys; print([type(finder).__name__ for finder in sys.meta_path].count('_Waiting'))"


def run(code: str, *flags: str, told: str = ON, path: str = "", python: str = sys.executable) -> tuple[str, str]:
    """Run a line with the site folder on the path and return what it printed, and what it said on standard error."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environ |= {env.REG_AUTOLOG: told, **env.with_site({"PYTHONPATH": path} if path else {})}
    done = subprocess.run([python, *flags, "-c", code], env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr.strip()


@pytest.fixture(scope="session")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python that has nothing installed, neither us nor what we need."""
    folder = tmp_path_factory.mktemp("foreign")
    venv.create(folder, with_pip=False, symlinks=True)
    return str(folder / "bin" / "python")


def test_it_waits_for_frameworks() -> None:
    assert run(LOOK) == ("1", "")


@pytest.mark.parametrize("told", ["", "0"])
def test_it_does_nothing_where_nobody_asked(told: str) -> None:
    code = f"{LOOK}; print(any(name.startswith('registry_cli') for name in sys.modules))"
    assert run(code, told=told) == ("0\nFalse", "")


def test_an_isolated_python_is_left_alone() -> None:
    assert run(LOOK, "-I") == ("0", "")


def test_its_folder_is_off_the_path() -> None:
    printed, _ = run("import sys, os; print(sys.path, os.environ['PYTHONPATH'])")
    assert printed.count(str(env.SITE)) == 1, "children find it, and this process does no more"


def test_a_start_loads_little(foreign: str) -> None:
    # in a Python of its own: an editable installation of ours loads modules at each start too
    loaded = set(run("import sys; print(*sys.modules)", python=foreign)[0].split())
    assert not loaded & {"json", "dataclasses", "pathlib", "threading"}
    ours = {name for name in loaded if name.startswith("registry_cli.")}
    assert ours == {"registry_cli.sdk", "registry_cli.sdk.autolog", "registry_cli.sdk.autolog.boot", "registry_cli.env",
                    "registry_cli.frameworks", "registry_cli.frameworks.catalogue"}  # fmt: skip


def test_the_next_one_runs_as_if_it_were_alone(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nvalue = 7\nprint(__name__, sys.modules[__name__].__file__)")
    printed, said = run(f"import sitecustomize; print(sitecustomize.value); {LOOK}", path=str(tmp_path))
    assert printed.splitlines() == [f"sitecustomize {tmp_path}/sitecustomize.py", "7", "1"]
    assert said == ""


def test_the_next_one_may_lie_behind_us_twice(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('next')")
    again = tmp_path / "again"
    again.symlink_to(env.SITE)
    assert run(LOOK, path=os.pathsep.join([str(again), str(tmp_path)]))[0] == "next\n1"


def test_the_next_one_that_raises_is_reported_as_ever(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("raise ValueError('boom')")
    alone = subprocess.run([sys.executable, "-c", "import sys; print('sitecustomize' in sys.modules)"],
                           env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True)  # fmt: skip
    printed, said = run(f"import sys; print('sitecustomize' in sys.modules); {LOOK}", path=str(tmp_path))
    assert (printed, said) == (f"{alone.stdout}1", alone.stderr.strip())
    assert "ValueError: boom" in said


def test_what_the_next_one_lacks_is_reported_too(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import not_there")
    assert "not_there" in run("pass", path=str(tmp_path))[1]


def test_an_exit_in_the_next_one_ends_python_as_ever(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.exit(0)")
    with pytest.raises(AssertionError, match="SystemExit: 0"):
        run("print('not reached')", path=str(tmp_path))


def test_a_foreign_python_finds_us_and_not_our_neighbours(foreign: str) -> None:
    code = "import registry_cli.tasks.attempt.folder, sys; print(registry_cli.__file__); import importlib.util as u; " \
           "print(u.find_spec('tests'), u.find_spec('typer'))"  # fmt: skip
    printed, said = run(code, python=foreign)
    assert printed.splitlines() == [registry_cli.__file__, "None None"]
    assert said == ""


def test_one_that_is_installed_there_comes_first(foreign: str, tmp_path: Path) -> None:
    (tmp_path / "registry_cli").mkdir()
    (tmp_path / "registry_cli" / "__init__.py").write_text("old = True")
    printed, said = run("import registry_cli; print(registry_cli.old)", python=foreign, path=str(tmp_path))
    assert printed == "True"
    assert said == "reg: automatic logging is off in this process: No module named 'registry_cli.sdk'"


def test_an_older_python_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.version_info = (3, 9)")
    printed, said = run(LOOK, path=str(tmp_path))
    assert printed == "0"
    assert said.startswith("reg: automatic logging is off in this process: it needs Python 3.11")
    assert len(said.splitlines()) == 1


def find_old() -> list[str]:
    """Return the Pythons of this machine that are too old for the syntax of today."""
    names = [name for version in ("2.7", "3.4", "3.5", "3.6") if (name := which(f"python{version}"))]
    kept = Path.home().glob(".pyenv/versions/[23].[4-7].*/bin/python")
    works = (
        one for one in (*names, *map(str, kept)) if not subprocess.run([one, "-c", ""], capture_output=True).returncode
    )
    return sorted(set(works))


OLD = find_old()  # now: a test has a home of its own


@pytest.mark.skipif(not OLD, reason="needs Python 2.7 to 3.7")
def test_an_old_python_gets_a_line_and_its_own_sitecustomize(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.stdout.write('mine\\n')")
    for python in OLD:
        printed, said = run("print('ran')", path=str(tmp_path), python=python)
        assert printed == "mine\nran"
        assert said.startswith("reg: automatic logging is off in this process: it needs Python 3.11, and this is ")
        assert len(said.splitlines()) == 1
        assert run("print('ran')", told="", python=python) == ("ran", "")


def test_its_syntax_is_that_of_an_old_python() -> None:
    tree = ast.parse((Path(env.SITE) / "sitecustomize.py").read_text())
    new = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.AsyncFunctionDef, ast.Match, ast.Nonlocal, ast.Starred)
    for node in ast.walk(tree):
        assert not isinstance(node, new), ast.unparse(node)
        assert not (isinstance(node, ast.ImportFrom) and node.module == "__future__")
        assert not (isinstance(node, ast.arg) and node.annotation)
        assert not (
            isinstance(node, ast.FunctionDef) and (node.returns or node.args.kwonlyargs or node.args.posonlyargs)
        )


def test_what_is_told_and_makes_no_sense_ends_nothing() -> None:
    assert run("import pickle; print('on')", told="{") == ("on", "")
