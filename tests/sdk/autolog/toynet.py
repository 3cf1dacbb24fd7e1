"""A framework for tests, and its table: every Python that a test starts has both by its `sitecustomize`."""

from __future__ import annotations

import os
from pathlib import Path

from tests.sdk import scripts

_FRAMEWORK = """
import json

def save(model, file):
    if hasattr(file, "write"):
        file.write(json.dumps(model))
        return
    with open(file, "w") as stream:
        stream.write(json.dumps(model))

def load(file):
    if hasattr(file, "read"):
        return json.load(file)
    with open(file) as stream:
        return json.load(stream)

def score(name, value, step=None):
    return None
"""

_TABLE = """
from registry_cli.frameworks import catalogue as table

table.TABLES.clear()
table.TABLES["toynet"] = ("toynet",)

def load_framework(name):
    from registry_cli.frameworks.patching.shapes import Argument, Framework, Load, Save, Score
    hooks = (Save("toynet:save", Argument(1, "file")), Load("toynet:load", Argument(0, "file")),
             Score("toynet:score", lambda call, sink: sink.score(*call.args)))
    return Framework("Toy", ("pytorch",), hooks)

table.load_framework = load_framework
"""


def prepare(folder: Path) -> dict[str, str]:
    """Lay the framework and its table into a folder; return the variables with which a script there has both."""
    (folder / "toynet.py").write_text(_FRAMEWORK)
    (folder / "sitecustomize.py").write_text(_TABLE)
    return {"PYTHONPATH": os.pathsep.join([str(scripts.ROOT), str(folder)])}
