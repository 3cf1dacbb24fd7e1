"""`reg help clearml` lists what the classes have, all of it, and nothing else."""

from __future__ import annotations

import re
from typing import Any

import pytest

from registry_cli.cli.topics import find_topic
from registry_cli.sdk.clearml.input_model import InputModel
from registry_cli.sdk.clearml.model import Model
from registry_cli.sdk.clearml.output_model import OutputModel
from registry_cli.sdk.clearml.saved_model import SavedModel
from registry_cli.sdk.task import Task

CLASSES = {"Task": Task, "All models": SavedModel, "Model": Model, "InputModel": InputModel, "OutputModel": OutputModel}
ROW = re.compile(r"^\| `(\w+)` \| (same|better|refused|left out) \| ?(.*?) ?\|$", re.MULTILINE)


def rows(heading: str) -> list[tuple[str, str, str]]:
    guide = find_topic("clearml") or ""
    section = guide.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = ROW.findall(section)
    assert len(found) == section.count("\n| `"), "a row is not of the form | `name` | word | why |"
    return found


def public(kind: type[Any]) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


@pytest.mark.parametrize("heading", CLASSES)
def test_the_table_is_the_class(heading: str) -> None:
    own = public(CLASSES[heading])
    if issubclass(CLASSES[heading], SavedModel) and heading != "All models":
        own -= public(SavedModel)
    listed = rows(heading)
    names = [name for name, _, _ in listed]
    assert len(names) == len(set(names))
    assert own == {name for name, word, _ in listed if word != "left out"}
    assert all(why for _, word, why in listed if word in {"left out", "refused"})


def test_what_is_left_out_is_not_there() -> None:
    for heading, kind in CLASSES.items():
        assert not {name for name, word, _ in rows(heading) if word == "left out"} & public(kind)
