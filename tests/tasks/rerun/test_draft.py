"""Clones, and drafts that are edited until they run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_cli.dataclass import replace
from registry_cli.errors import ConflictError, NotFoundError, RefusedError, UsageError
from registry_cli.ids import TagName
from registry_cli.records.task import CELLS, CONSOLE, DIFF, LOCK, Input, Recipe
from registry_cli.registry.api import Registry
from registry_cli.registry.lifecycle import remove_versions
from registry_cli.tasks.record import get_row, get_task, write_stage
from registry_cli.tasks.rerun import draft as drafts
from registry_cli.tasks.rerun.draft import clone_task, edit_task
from registry_cli.tasks.rerun.edits import Edits, apply_edits
from tests.builders import add, make_registry
from tests.registry.making_tasks import draft, end, row_of, run, start

FILES = {
    CONSOLE: b"said",
    DIFF: b"diff",
    LOCK: b"# lock",
    CELLS: b"# %% In[1]",
    "untracked/a.py": b"a",
    "plots/x.json": b"{}",
}


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with make_registry(tmp_path) as registry:
        yield registry


def test_a_clone_has_what_the_task_was_run_from(registry: Registry) -> None:
    version = add(registry, "iris/base")
    begun = start(registry, inputs=(Input("base", version.id, "iris/base"),), params={"lr": 0.1}, tags=("old",))
    source = end(registry, begun, files=FILES, metrics={"loss": 0.5}, comment="good")
    clone = clone_task(registry, "baseline")
    assert (clone.status, clone.attempt, clone.source, clone.name) == ("draft", 0, source.id, "baseline")
    assert clone.id != source.id
    assert (clone.recipe, clone.inputs, clone.params, clone.code) == (
        source.recipe, source.inputs, source.params, source.code
    )  # fmt: skip
    assert (clone.metrics, clone.exit_code, clone.started, clone.tags, clone.comment) == ({}, None, None, (), None)
    assert {file.path for file in clone.files} == {DIFF, LOCK, CELLS, "untracked/a.py"}
    assert get_task(registry, get_row(registry, clone.id)) == clone
    assert row_of(registry, clone).source == source.id


def test_a_clone_with_changes_is_one_entry(registry: Registry) -> None:
    run(registry)
    before = registry.index.head.seq
    clone = clone_task(registry, "baseline", Edits(args={"lr": 0.5}, name="hot"), message="hotter")
    assert registry.index.head.seq == before + 1
    assert (clone.name, clone.recipe.argv[-1]) == ("hot", "0.5")


def test_a_clone_that_cannot_be_made_leaves_nothing(registry: Registry) -> None:
    run(registry)
    before = registry.index.head
    with pytest.raises(NotFoundError):
        clone_task(registry, "baseline", Edits(inputs=(("base", "iris/none"),)))
    assert registry.index.head == before


def test_of_a_removed_task_there_is_no_clone(registry: Registry) -> None:
    from registry_cli.catalog.fold import changes
    from registry_cli.registry.transaction import transact

    task = run(registry)
    transact(registry, lambda: [changes.task(task.id, "remove")])
    with pytest.raises(RefusedError, match="was removed"):
        clone_task(registry, task.id)


def test_no_such_task(registry: Registry) -> None:
    with pytest.raises(NotFoundError):
        clone_task(registry, "none")


def test_a_draft_is_edited(registry: Registry) -> None:
    task = draft(registry)
    edited = edit_task(registry, "baseline", Edits(args={"lr": 0.5}, env={"SEED": "7"}), message="why")
    assert (edited.id, edited.status) == (task.id, "draft")
    now = get_task(registry, get_row(registry, task.id))
    assert now == edited
    assert now.recipe == Recipe(("python", "train.py", "--lr", "0.5"), env={"SEED": "7"})


def test_an_edit_that_changes_nothing_is_no_entry(registry: Registry) -> None:
    draft(registry)
    before = registry.index.head
    edit_task(registry, "baseline", Edits(args={"lr": 0.1}))
    assert registry.index.head == before


def test_of_a_task_that_ran_words_alone_can_be_changed(registry: Registry) -> None:
    task = run(registry)
    edited = edit_task(registry, "baseline", Edits(name="best", comment="in the paper", tags=(TagName("paper"),)))
    assert (edited.status, edited.attempt, edited.name) == ("completed", 1, "best")
    assert row_of(registry, task).tags == ("paper",)
    with pytest.raises(RefusedError, match="has run") as caught:
        edit_task(registry, "best", Edits(args={"lr": 1}))
    assert caught.value.hint == f"reg task clone {task.id}"


def test_a_running_task_is_left_alone(registry: Registry) -> None:
    start(registry)
    with pytest.raises(RefusedError, match="is running"):
        edit_task(registry, "baseline", Edits(comment="x"))


def test_somebody_was_faster(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    task = draft(registry)

    def interrupted(*given: object) -> object:
        row = row_of(registry, task)
        write_stage(registry, "edit", replace(task, comment="theirs"), old=row.record)
        return apply_edits(*given)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(drafts, "apply_edits", interrupted)
    with pytest.raises(ConflictError, match="was just changed by another process"):
        edit_task(registry, task.id, Edits(comment="ours"))
    assert row_of(registry, task).comment == "theirs"


def test_an_input_that_was_removed(registry: Registry) -> None:
    version = add(registry, "iris/base")
    run(registry)
    remove_versions(registry, [version.id])
    with pytest.raises(NotFoundError, match="iris/base:1 is removed") as caught:
        clone_task(registry, "baseline", Edits(inputs=(("base", "iris/base:1"),)))
    assert caught.value.hint == "reg model restore iris/base:1"


@pytest.mark.parametrize(
    "edits",
    [Edits(name="a\udcff"), Edits(args={"lr": "a\udcff"}), Edits(params={"a": ["a\udcff"]}),
     Edits(env={"A": "a\udcff"}), Edits(outputs=("a\udcff",)), Edits(inputs=(("base", "a\udcff"),))],
)  # fmt: skip
def test_what_is_no_text(registry: Registry, edits: Edits) -> None:
    run(registry)
    with pytest.raises(UsageError, match=r"`a\\xff` is not UTF-8"):
        clone_task(registry, "baseline", edits)
