"""What the tests of automatic logging ask a lab's registry."""

from __future__ import annotations

from collections import defaultdict
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.cli.lab import Lab

Rows = list[dict[str, Any]]


def need(*modules: str) -> None:
    """Skip the test where a framework is missing."""
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed")


def list_lines(lab: Lab, query: str = "size >= 0") -> dict[str, Rows]:
    """Return versions in their order by the last part of their model's name."""
    lines: dict[str, Rows] = defaultdict(list)
    for row in lab.json("model", "query", query, "--sort", "number"):
        lines[row["name"].rpartition("/")[2]].append(row)
    return dict(lines)


def count_lines(lab: Lab, query: str = "size >= 0") -> dict[str, int]:
    """Return how many versions each line has."""
    return {name: len(rows) for name, rows in list_lines(lab, query).items()}


def list_parents(row: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the ids and roles of a version's parents."""
    return [(parent["id"], parent["role"]) for parent in row["parents"]]


def find_path(lab: Lab, row: dict[str, Any]) -> Path:
    """Return the file or folder of a version, as a user loads it."""
    return Path(lab.reg("model", "path", row["ref"]).stdout.decode().strip())


def has_bytes(row: dict[str, Any], path: Path) -> bool:
    """Return whether a version holds what a file or folder holds, byte for byte."""
    files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
    digests = sorted(sha256(each.read_bytes()).hexdigest() for each in files)
    return digests == sorted(file["sha256"] for file in row["files"])


def clone_with(lab: Lab, task: str, name: str, row: dict[str, Any]) -> str:
    """Run a task again with another version as one of its inputs; return the new task's id."""
    draft = lab.reg("task", "clone", task, "--input", f"{name}={row['ref']}", "-q").stdout.decode().strip()
    lab.reg("task", "run", draft, "--here")
    return draft
