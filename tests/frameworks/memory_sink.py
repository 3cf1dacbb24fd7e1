"""A sink that remembers its reports, and a toy framework to be logged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from registry_cli.frameworks.patching.shapes import (
    Argument,
    Call,
    Details,
    Framework,
    Load,
    Save,
    Saved,
    Score,
    Sink,
    Train,
)

TOY = """
__version__ = "2.0"
from toynet.core import save, load, Net, train
from toynet.core import log as report
"""
CORE = '''
import functools
from pathlib import Path

def save(model, path, fail=False):
    """Save it."""
    if hasattr(path, "write"):
        path.write(model.encode())
        return
    Path(path).write_text(model)
    if fail:
        raise RuntimeError("disk on fire")

def bundle(model, path):
    save(model, path + ".part")
    Path(path).mkdir()
    Path(path, "model").write_text(model)

def load(path):
    return path.read().decode() if hasattr(path, "read") else Path(path).read_text()

def log(name, value):
    return value

def log_all(values):
    for name, value in values.items():
        log(name, value)

def train(rounds, callbacks=()):
    for at in range(rounds):
        for callback in callbacks:
            callback(at)
    return rounds

class Base:
    def store(self, path):
        Path(path).write_text("net")

class Net(Base):
    @staticmethod
    def read(path):
        return load(path)

    @classmethod
    def build(cls, path):
        return cls, load(path)
'''


@dataclass
class Memory(Sink):
    """Remembers; `others` says what is to be loaded instead of what, `unknown` which loads are of no interest."""

    saves: list[Saved] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    skips: list[str] = field(default_factory=list)
    scores: list[tuple[str, float, int | None]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    others: dict[str, str] = field(default_factory=dict)
    before: list[str] = field(default_factory=list)
    ends: list[bool] = field(default_factory=list)
    left: int = 0
    unknown: set[str] | None = None

    @property
    def may_ignore(self) -> bool:
        return self.unknown is not None

    def ignores(self, path: str) -> bool:
        return self.unknown is not None and path in self.unknown

    def saving(self, path: str, *, empties: bool) -> Callable[[bool], None] | None:
        self.before.append(path)
        return self.ends.append if empties else None

    def saved(self, saved: Saved) -> None:
        self.saves.append(saved)

    def redirect(self, path: str) -> str | None:
        return self.others.get(path)

    def loaded(self, path: str, size: int, mtime: int) -> None:
        self.loads.append(path)

    def leaving_group(self) -> None:
        self.left += 1

    def skipped(self, why: Any) -> None:
        self.skips.append(why)

    def score(self, name: str, value: float, step: int | None) -> None:
        self.scores.append((name, value, step))

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    @property
    def names(self) -> list[str]:
        """File names of what was saved."""
        return [Path(saved.path).name for saved in self.saves]


def write_toy(folder: Path) -> None:
    """Write the toy framework into a folder that is to be on the path."""
    (folder / "toynet").mkdir()
    (folder / "toynet" / "__init__.py").write_text(TOY)
    (folder / "toynet" / "core.py").write_text(CORE)


def report_toy(call: Call) -> Details | None:
    """Tell of a toy model; a table is none, and `?` makes a table's author look a fool."""
    model = call.args[0]
    if model == "?":
        raise ValueError("no idea")
    return None if model == "table" else Details(step=len(model) if isinstance(model, str) else None)


def _add_callback(call: Call, sink: Sink) -> None:
    call.kwargs["callbacks"] = [*call.kwargs.get("callbacks", ()), lambda at: sink.score("round", at, at)]


TABLE = Framework(
    name="Toy",
    title="ToyNet",
    keys=("pytorch",),
    hooks=(
        Save("toynet.core:save", Argument(1, "path"), report=report_toy, empties=True),
        Save("toynet.core:bundle", Argument(1, "path")),
        Save("toynet.core:Net.store", Argument(1, "path")),
        Load("toynet.core:load", Argument(0, "path")),
        Load("toynet.core:Net.read", Argument(0, "path")),
        Load("toynet.core:Net.build", Argument(1, "path")),
        Score("toynet.core:log", lambda call, sink: sink.score(call.args[0], call.args[1], None)),
        Score("toynet.core:log_all", lambda call, sink: sink.score("all", len(call.args[0]), None)),
        Train("toynet.core:train", _add_callback, lambda call, sink: sink.score("rounds", call.result, None)),
        Load("toynet.core:gone", Argument(0, "path"), optional=True),
    ),
)
