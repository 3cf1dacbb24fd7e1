"""`import registry_cli`: what it offers, and that it costs nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import registry_cli


def _run(script: str) -> str:
    root = Path(registry_cli.__file__).parents[1]
    done = subprocess.run([sys.executable, "-S", "-c", f"import sys; sys.path.insert(0, {str(root)!r})\n{script}"],
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_import_loads_nothing_else() -> None:
    script = (
        "before = set(sys.modules)\nimport registry_cli\nprint(*sorted(set(sys.modules) - before - {'registry_cli'}))"
    )
    assert _run(script) == ""


def test_errors_and_the_version_cost_little() -> None:
    loaded = set(
        _run("import registry_cli; registry_cli.RegError; registry_cli.__version__; print(*sys.modules)").split()
    )
    assert not loaded & {"sqlite3", "rich", "typer", "xxhash", "registry_cli.sdk", "registry_cli.registry.api"}


def test_all_is_what_is_public() -> None:
    assert sorted(registry_cli.__all__) == registry_cli.__all__
    assert set(registry_cli.__all__) == set(registry_cli._EXPORTS)
    tree = ast.parse(Path(registry_cli.__file__).read_text())
    typed = {
        alias.asname
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("registry_cli")
        for alias in node.names
    }
    assert typed == set(registry_cli.__all__)


@pytest.mark.parametrize("name", registry_cli.__all__)
def test_each_name_is_there_and_is_what_it_says(name: str) -> None:
    found = getattr(registry_cli, name)
    if isinstance(found, type) or callable(found):
        assert (found.__module__, found.__name__) == (registry_cli._EXPORTS[name], name)
        assert found.__doc__
    else:
        assert isinstance(found, str)


def test_a_star_import_gives_just_these() -> None:
    names: dict[str, object] = {}
    exec("from registry_cli import *", names)
    assert set(names) - {"__builtins__"} == set(registry_cli.__all__)


def test_completion_and_help_show_the_public_names() -> None:
    assert dir(registry_cli) == sorted(registry_cli.__all__)
    shown = _run("import pydoc, registry_cli; print(pydoc.plain(pydoc.render_doc(registry_cli)))")
    assert all(f" {name}" in shown for name in registry_cli.__all__ if not name.startswith("_"))
    assert "commit(" in shown
    assert "class Task(" in shown


def test_what_is_not_there() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'frobnicate'"):
        _ = registry_cli.frobnicate


@pytest.mark.parametrize("name", ["Dataset", "StorageManager", "PipelineDecorator", "PipelineController"])
def test_a_name_of_clearml_s_that_is_not_there_names_the_guide(name: str) -> None:
    with pytest.raises(AttributeError, match=f"ClearML's {name} has no counterpart .*reg help clearml"):
        getattr(registry_cli, name)
    with pytest.raises(ImportError, match=f"ClearML's {name} has no counterpart .*reg help clearml"):
        exec(f"from registry_cli import Task, {name}")
    assert not hasattr(registry_cli, name)


def test_the_types_of_a_task_are_at_the_top_too() -> None:
    assert registry_cli.TaskTypes is registry_cli.Task.TaskTypes


def test_commit_loads_no_hooks_of_frameworks() -> None:
    """A commit outside of a task is a start-up of its own."""
    code = (
        "import sys, registry_cli\nregistry_cli.commit\nprint(*(name for name in sys.modules if '.frameworks' in name))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
