"""Modules that a command loads to read an up-to-date index: each costs every start, so a new one is added knowingly.

Such a command spends most of its time after Typer's start on loading this program's modules and their needs.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.cli.conftest import HERE, Reg
from tests.cli.test_group import paths

STARTED: Final = "import os, sys\nbefore = set(sys.modules)"
TYPER: Final = "import os, sys, typer\nbefore = set(sys.modules)"
RUN: Final = """
os._exit = lambda code: print(code, *set(sys.modules) - before, file=sys.stderr)
from registry_cli.cli.main import run_process
run_process()
"""

OPENED: Final = {
    "_version", "cli", "cli.commands", "cli.group", "cli.main", "cli.option_groups", "cli.options", "cli.output",
    "cli.session", "cli.signals", "cli.table", "cli.usage_errors", "dataclass", "env", "errors", "process", "ids",
    "catalog", "catalog.connection", "catalog.documents", "catalog.fold", "catalog.index", "catalog.index.admission",
    "catalog.index.index", "catalog.index.opener", "catalog.index.place", "catalog.index.sqlite_file",
    "catalog.read", "catalog.schema", "catalog.seals", "interrupts",
    "opening", "views", "views.text",
    "records", "records.toml", "registry", "registry.api", "registry.ownership", "sha256",
    "store", "store.beneath", "store.files", "store.format", "store.layout", "store.log", "store.mounts",
    "store.new_file", "store.observing",
}  # fmt: skip
"""Any command, and opening a registry and its index."""
ROWS: Final = {"catalog.read.versions", "catalog.read.rows", "records.parts", "records.paths"}
"""Versions as records."""
ADDRESSES: Final = {
    "catalog.read.address", "catalog.read.address_form", "catalog.read.models", "catalog.read.task_address",
}  # fmt: skip
QUERIES: Final = {
    f"catalog.query{module}" for module in (
        "", ".ast", ".fields", ".frozen", ".lexer", ".literals", ".normal_form", ".order", ".parse", ".predicates",
        ".sort", ".subject",
    )
} | {"records.status"}  # fmt: skip
VERSIONS: Final = QUERIES | {
    "catalog.query.compile", "catalog.query.index_choice", "catalog.query.run", "registry.query",
}  # fmt: skip
TASKS: Final = QUERIES | {
    "catalog.query.flags", "catalog.query.tasks", "catalog.read.tasks", "catalog.read.params",
    "catalog.read.rows", "records.values",
    "tasks", "tasks.crashes", "tasks.find", "views.tasks", "cli.commands.task",
}  # fmt: skip
MODEL: Final = {"cli.commands.model", "views.versions"}

MAY_LOAD: Final = {
    "model list": MODEL | {"catalog.read.models", "cli.commands.model.list"},
    "model list --json": MODEL | {"catalog.read.models", "cli.commands.model.list"},
    "model query": MODEL | VERSIONS | ROWS | {"cli.commands.model.query"},
    "model query metrics.acc>0.1 --sort -metrics.acc": MODEL | VERSIONS | ROWS | {"cli.commands.model.query"},
    "model show a/b": MODEL | ADDRESSES | ROWS | {
        "cli.commands.model.show", "registry.availability", "store.known_losses",
    },
    "task list": TASKS | ADDRESSES | ROWS | {"cli.commands.task.list", "clock"},
    "status": VERSIONS | ROWS | {
        "catalog.read.entries", "catalog.read.totals", "cli.commands.status", "views.versions", "records.values",
        "registry.retention", "registry.settings", "registry.status", "store.config", "store.writer_name",
        "store.known_losses", "store.trash", "store.file_locks",
    },
    "events --limit 2": ADDRESSES | ROWS | {
        "catalog.fold.changes", "catalog.read.journal", "catalog.read.tasks", "catalog.read.params",
        "catalog.read.rows", "cli.commands.events", "views.versions", "registry.events", "registry.history",
    },
}  # fmt: skip
"""The modules of `registry_cli` that a command may load, besides `OPENED`."""
FOREIGN: Final = {
    "asyncio", "csv", "concurrent.futures", "difflib", "hashlib", "_hashlib", "http", "logging", "multiprocessing",
    "numpy", "pickle", "platformdirs", "pydantic", "queue", "rich", "socket", "tempfile", "tomli_w", "urllib.request",
}  # fmt: skip
"""Modules that none of them needs, unless Typer has loaded them."""
EXCEPTED: Final = {"status": {"platformdirs", "tempfile"}}
"""Modules that find the author, whom the user's own settings may name."""


@pytest.fixture
def kept(reg: Reg, tmp_path: Path) -> Path:
    """A registry with a version and an ended task, whose index is up to date."""
    (tmp_path / "m.bin").write_bytes(b"weights")
    reg("init")
    reg("model", "add", "a/b", "m.bin", "--metric", "acc=0.5")
    reg("log", "--", sys.executable, "-c", "pass")
    reg("status")
    return tmp_path


@pytest.mark.sweep(3)
@pytest.mark.parametrize("words", MAY_LOAD)
def test_a_reading_command_loads_what_it_may(words: str, kept: Path) -> None:
    loaded = list_loaded(TYPER, words.split(), kept)
    own = {name.removeprefix("registry_cli.") for name in loaded if name.startswith("registry_cli.")}
    assert own - OPENED - MAY_LOAD[words] == set()
    assert loaded & FOREIGN <= EXCEPTED.get(words, set())


@pytest.mark.parametrize(
    "words", [*(f"__complete zsh model show {typed}" for typed in ("a/", "a/b:", "")), "--version"]
)
def test_completion_and_version_load_nearly_nothing(words: str, kept: Path) -> None:
    loaded = list_loaded(STARTED, words.split(" "), kept)
    own = {name.removeprefix("registry_cli.") for name in loaded if name.startswith("registry_cli.")}
    complete = {f"cli.complete{module}" for module in ("", ".answer", ".candidates", ".index", ".options", ".parse")}
    complete |= {"catalog", "catalog.index", "catalog.index.admission", "catalog.index.names"}  # whose index it opens
    assert own - (complete if "__complete" in words else {"_version"}) == {"cli", "cli.main", "process"}
    also = {"dataclasses", "inspect", "json", "pathlib", "re", "typer", "typing", "xxhash"}
    assert loaded & (FOREIGN | also) == set()


@pytest.mark.slow
def test_folding_is_loaded_where_there_is_something_to_fold(kept: Path) -> None:
    (kept / ".registry/cache/index.sqlite").unlink()
    assert "registry_cli.catalog.fold.replay" in list_loaded(TYPER, ["model", "list"], kept)


def list_loaded(before: str, words: list[str], folder: Path) -> set[str]:
    """Run `reg` with its output in a pipe and return the modules that it loaded."""
    code = f"{before}\nsys.path.insert(0, {str(HERE)!r})\nsys.argv[0] = 'reg'{RUN}"
    # -S: what the environment's own .pth files load is not ours
    done = subprocess.run([sys.executable, "-S", "-c", code, *words], cwd=folder, capture_output=True, text=True,
                          env=paths(), check=True)  # fmt: skip
    status, *loaded = done.stderr.split()
    assert status == "0", done.stderr
    return set(loaded)
