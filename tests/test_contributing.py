"""`reg help contributing` is true: its files are there, and are those that its examples touch."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from registry_cli.catalog.fold import change_shapes, changes
from registry_cli.catalog.fold.effects import HANDLERS

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "registry_cli" / "guides" / "contributing.md").read_text()
PATH = re.compile(r"`((?:registry_cli|tests)/[\w/.]*)`")
SECTIONS = {title: text for title, _, text in (part.partition("\n") for part in GUIDE.split("\n## ")[1:])}


def list_files(title: str) -> set[str]:
    return set(PATH.findall(SECTIONS[title]))


def holds(path: str, word: str) -> bool:
    """Return whether a module names a thing: as a name, an attribute, a keyword, a parameter or within a text."""
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        names = (getattr(node, field, None) for field in ("id", "attr", "arg", "name", "value"))
        if any(isinstance(name, str) and re.search(rf"\b{word}\b", name, re.IGNORECASE) for name in names):
            return True
    return False


@pytest.mark.parametrize("title", SECTIONS)
def test_listed_files_are_there(title: str) -> None:
    files = list_files(title)
    assert files
    assert not [path for path in files if not (ROOT / path).exists()]


@pytest.mark.parametrize(
    ("title", "word"),
    [
        ("A field of a version's record", "step"),
        ("A field that `edit` changes", "framework"),
        ("A change of the log", "archive"),
        ("A JSON key of a version", "number"),
    ],
)
def test_listed_files_name_the_example(title: str, word: str) -> None:
    modules = [path for path in list_files(title) if path.startswith("registry_cli") and path.endswith(".py")]
    assert not [path for path in modules if not holds(path, word) and Path(path).stem != word]
    guides = [path for path in list_files(title) if path.endswith(".md")]
    assert not [path for path in guides if not re.search(rf"\b{word}\b", (ROOT / path).read_text())]


def test_no_file_that_reads_or_writes_the_field_is_left_out() -> None:
    listed = list_files("A field of a version's record")
    for room in ("records", "catalog", "registry"):
        for path in sorted((ROOT / "registry_cli" / room).rglob("*.py")):
            reads = any(
                (isinstance(node, ast.Attribute) and node.attr == "step")
                or (isinstance(node, ast.keyword) and node.arg == "step")
                for node in ast.walk(ast.parse(path.read_text()))
            )
            assert not reads or path.relative_to(ROOT).as_posix() in listed, path


def test_no_file_that_draws_the_field_or_inserts_rows_is_left_out() -> None:
    listed = list_files("A field of a version's record")
    for path in sorted((ROOT / "registry_cli" / "cli").rglob("*.py")):
        nodes = ast.walk(ast.parse(path.read_text()))
        draws = any(isinstance(node, ast.Constant) and node.value == "step" for node in nodes)
        assert not draws or path.relative_to(ROOT).as_posix() in listed, path
    for path in sorted((ROOT / "tests").rglob("*.py")):
        inserts = path != Path(__file__) and "INSERT INTO versions VALUES" in path.read_text()
        assert not inserts or path.relative_to(ROOT).as_posix() in listed, path


def test_every_change_has_a_shape_and_an_effect() -> None:
    assert set(change_shapes._SHAPES) == set(HANDLERS) == set(changes.OPS)
