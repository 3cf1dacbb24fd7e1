"""The tables agree with what is said of them, and can be read without their frameworks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from registry_cli.frameworks.catalogue import KEYS, SILENT, TABLES, load_framework, load_frameworks
from registry_cli.frameworks.patching.shapes import Load, Save

HERE = Path(__file__).parents[2]


@pytest.mark.parametrize("name", TABLES)
def test_a_table_names_its_keys_and_hooks_into_its_packages(name: str) -> None:
    table = load_framework(name)
    assert set(table.keys) <= KEYS.keys()
    assert table.hooks
    assert table.title
    targets = [hook.target.partition(":") for hook in table.hooks]
    assert all(path for _, _, path in targets)
    assert {module.partition(".")[0] for module, _, _ in targets} == set(TABLES[name])


def test_every_key_has_a_table_that_stands_under_it() -> None:
    used = {key for table in load_frameworks() for key in table.keys}
    assert used | {"scikit"} == KEYS.keys()
    assert not SILENT & KEYS.keys()


def test_what_saves_loads() -> None:
    for table in load_frameworks():
        kinds = {type(hook) for hook in table.hooks}
        assert (Save in kinds) == (Load in kinds), table.title


def test_no_table_imports_its_framework() -> None:
    code = """if True:
        import sys
        from registry_cli.frameworks.catalogue import TABLES, load_frameworks
        load_frameworks()
        heavy = {package for packages in TABLES.values() for package in packages} - {"pickle"}
        assert not heavy & sys.modules.keys(), heavy & sys.modules.keys()
    """
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": str(HERE)})
