"""`reg help clearml` lists what the classes have and every public name of ClearML's, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import registry_cli as reg
from registry_cli.cli.topics import find_topic
from registry_cli.errors import RefusedError
from registry_cli.sdk.clearml.absent import TABLES, Absent
from registry_cli.sdk.clearml.reports import Reports
from registry_cli.sdk.clearml.saved_model import SavedModel
from registry_cli.sdk.clearml.task_files import Artifact

CLASSES = {
    "Task": reg.Task, "Logger": reg.Logger, "All models": SavedModel, "Model": reg.Model, "InputModel": reg.InputModel,
    "OutputModel": reg.OutputModel, "Artifact": Artifact,
}  # fmt: skip
ABOVE = {"Logger": Reports, "Model": SavedModel, "InputModel": reg.Model, "OutputModel": SavedModel}
"""The classes whose names another table has."""
FIELDS = {"Artifact": {"name", "files", "metadata"}}
"""The public attributes that a class gives its objects."""
NAMES = {
    kind: names.split()
    for kind, names in re.findall(
        r"^(\w+):\n((?:  .*\n)+)", Path(__file__).with_name("clearml").joinpath("names.txt").read_text(), re.MULTILINE
    )
}
"""The public names of ClearML's classes."""
ROW = re.compile(r"^\| `(\w+)` \| (same|better|ours|ignored|refused) \| ?(.*?) ?\|$", re.MULTILINE)


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
    above = public(ABOVE[heading]) if heading in ABOVE else set()
    own = (public(CLASSES[heading]) | FIELDS.get(heading, set())) - above
    listed = rows(heading)
    names = [name for name, _, _ in listed]
    assert len(names) == len(set(names))
    assert own == set(names)
    assert all(why for _, word, why in listed if word in {"ignored", "refused"})


@pytest.mark.parametrize("name", NAMES)
def test_every_name_that_clearml_has_is_there(name: str) -> None:
    kind = getattr(reg, name)
    assert set(NAMES[name]) - public(kind) == set()
    ours = {one for heading in ("All models", name) for one, word, _ in rows(heading) if word == "ours"}
    assert not ours & set(NAMES[name])


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, table in TABLES.items() for name in table])
def test_what_has_no_place_here_answers_as_the_guide_says(kind: str, name: str) -> None:
    absent = TABLES[kind][name]
    assert (name, absent.word, absent.why) in rows(kind)
    assert vars(CLASSES[kind])[name] is absent
    if absent.word == "refused":
        with pytest.raises(RefusedError, match=f"{kind}.{name} is not available") as caught:
            getattr(CLASSES[kind], name)("anything", key=1)
        assert caught.value.hint == "reg help clearml"


def test_a_name_that_is_ignored_warns_once() -> None:
    class Kind:
        name = Absent("ignored", "nothing to do")
        value = Absent("refused", "no server", value=True)

    with pytest.warns(reg.RegWarning, match=r"Kind.name has no effect: nothing to do") as shown:
        returned = Kind().name("a", b=1), Kind.name()
    assert (returned, len(shown), shown[0].filename) == ((None, None), 1, __file__)
    with pytest.raises(RefusedError, match=r"Kind.value is not available"):
        _ = Kind().value
