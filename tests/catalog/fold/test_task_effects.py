"""A task in the fold: its stages, who may follow whom, and what of it is found."""

from __future__ import annotations

from typing import Any

import pytest

from registry_cli.catalog.fold import changes
from registry_cli.catalog.read.tasks import get_task_row
from registry_cli.ids import RecordId, TaskId, new_ulid
from registry_cli.records.parts import FileEntry
from registry_cli.records.task import Curve, Data, Input
from tests.catalog.builders import START, Catalog

BLOB = "ab" * 32


class Lab(Catalog):
    """A catalog with one task."""

    def __init__(self) -> None:
        super().__init__()
        self.task = TaskId(new_ulid())

    def stage(self, stage: changes.Stage, status: str = "draft", attempt: int = 0, **fields: Any) -> str | None:
        old = fields.pop("old", None)
        record = self.know_task(id=self.task, status=status, attempt=attempt, **fields)
        return self.apply(changes.task(self.task, stage, record=record, old=old))

    def flag(self, stage: changes.Stage) -> str | None:
        return self.apply(changes.task(self.task, stage))

    def now(self, column: str = "status") -> Any:
        return self.db.execute(f"SELECT {column} FROM tasks WHERE id = ?", (self.task,)).fetchone()[0]


@pytest.fixture
def lab() -> Lab:
    return Lab()


def test_from_draft_to_end(lab: Lab) -> None:
    assert lab.stage("draft") is None
    assert lab.stage("start", "running", 1, started=START) is None
    assert lab.stage("end", "completed", 1, exit_code=0) is None
    assert (lab.now(), lab.now("attempt"), lab.now("exit_code")) == ("completed", 1, 0)


def test_the_first_end_of_an_attempt_counts(lab: Lab) -> None:
    lab.stage("start", "running", 1)
    assert lab.stage("end", "crashed", 1) is None
    assert "too late" in str(lab.stage("end", "completed", 1))
    assert lab.now() == "crashed"


def test_a_new_attempt_follows_a_crash_and_the_old_one_cannot_end_it(lab: Lab) -> None:
    lab.stage("start", "running", 1)
    assert lab.stage("start", "running", 2) is None
    assert lab.stage("end", "completed", 1) is not None
    assert lab.stage("end", "failed", 2, exit_code=3) is None
    assert lab.now("exit_code") == 3


@pytest.mark.parametrize(
    ("stage", "status", "attempt"),
    [
        ("end", "completed", 1),
        ("edit", "draft", 0),
        ("start", "running", 2),
        ("start", "draft", 1),
        ("end", "running", 1),
    ],
)
def test_no_stage_comes_out_of_turn(lab: Lab, stage: changes.Stage, status: str, attempt: int) -> None:
    assert lab.stage(stage, status, attempt) is not None
    assert lab.db.execute("SELECT count(*) FROM tasks").fetchone() == (0,)


def test_of_two_starts_of_one_draft_one_is_void(lab: Lab) -> None:
    lab.stage("draft")
    assert lab.stage("start", "running", 1) is None
    assert lab.stage("start", "running", 1, comment="the other") is not None
    assert lab.now("comment") is None


def test_an_edit_counts_on_what_it_saw(lab: Lab) -> None:
    lab.stage("draft")
    before = lab.now("record")
    assert lab.stage("edit", old=before, name="renamed") is None
    assert lab.stage("edit", old=before, name="lost") is not None
    assert lab.now("name") == "renamed"


def test_a_record_of_another_task_is_void(lab: Lab) -> None:
    assert "is about" in str(lab.apply(changes.task(lab.task, "draft", record=lab.know_task())))


def test_a_stage_without_its_record_is_void(lab: Lab) -> None:
    assert "no record" in str(lab.flag("draft"))


def test_archive_remove_restore(lab: Lab) -> None:
    lab.stage("draft")
    assert lab.flag("restore") is not None
    assert lab.flag("archive") is None
    assert lab.flag("remove") is None
    assert lab.stage("start", "running", 1) is not None
    assert lab.flag("restore") is None
    assert (lab.now("removed"), lab.now("archived")) == (0, 1)
    assert lab.flag("restore") is None
    assert lab.now("archived") == 0


def test_fields_inputs_data_and_files_are_those_of_the_newest_record(lab: Lab) -> None:
    version = lab.know()
    lab.stage("start", "running", 1, params={"lr": 0.1, "old": 1}, inputs=(Input("base", version, "a/m"),))
    lab.stage(
        "end", "completed", 1, params={"lr": 0.1}, metrics={"loss": 0.2}, curves={"loss": Curve(2, 0.2, 0.1, 0.9)},
        data=(Data("d.csv", 3, BLOB),), files=(FileEntry("console.log", 1, BLOB, "0" * 32),),
    )  # fmt: skip
    found = dict(lab.db.execute("SELECT field, number FROM task_fields"))
    assert found == {"params.lr": 0.1, "metrics.loss": 0.2, "metrics.loss.min": 0.1, "metrics.loss.max": 0.9,
                     "metrics.loss.last": 0.2}  # fmt: skip
    assert lab.db.execute("SELECT count(*) FROM task_inputs").fetchone() == (0,)
    assert lab.db.execute("SELECT path, sha256 FROM task_data").fetchall() == [("d.csv", BLOB)]
    assert lab.db.execute("SELECT path FROM task_files").fetchall() == [("console.log",)]


def test_a_metric_that_is_called_like_a_bound_is_found_by_its_name(lab: Lab) -> None:
    lab.stage("start", "running", 1)
    lab.stage("end", "completed", 1, metrics={"loss": 0.2, "loss.min": 9.0}, curves={"loss": Curve(2, 0.2, 0.1, 0.9)})
    found = dict(lab.db.execute("SELECT field, number FROM task_fields WHERE field LIKE 'metrics.%'"))
    assert found == {"metrics.loss": 0.2, "metrics.loss.min": 9.0, "metrics.loss.max": 0.9, "metrics.loss.last": 0.2}
    row = get_task_row(lab.db, 1)
    assert row.metrics == {"loss": 0.2, "loss.min": 9.0}
    assert row.bounds == {"loss.max": 0.9, "loss.last": 0.2}


def test_versions_are_found_by_the_parameters_of_their_task_unless_they_have_their_own(lab: Lab) -> None:
    lab.stage("start", "running", 1, params={"lr": 0.1, "seed": 7})
    version = lab.know(task=lab.task, params={"lr": 0.5})
    lab.apply(changes.add_version(version, "a/m"))
    lab.stage("end", "completed", 1, params={"lr": 0.1, "seed": 7, "depth": 3})
    found = dict(lab.db.execute("SELECT field, number FROM fields WHERE field LIKE 'params.%'"))
    assert found == {"params.lr": 0.5, "params.seed": 7, "params.depth": 3}


def test_what_a_task_uses_is_not_collected(lab: Lab) -> None:
    lab.stage("start", "running", 1)
    lab.stage("end", "completed", 1, files=(FileEntry("console.log", 1, BLOB, "0" * 32),))
    assert "in use" in str(lab.apply(changes.collect(changes.CONDEMN, [BLOB])))
    lab.flag("remove")
    assert lab.apply(changes.collect(changes.CONDEMN, [BLOB])) is None
    lab.flag("restore")
    assert lab.db.execute("SELECT count(*) FROM garbage").fetchone() == (0,)


def test_of_a_damaged_record_what_the_one_before_said_stays(lab: Lab) -> None:
    lab.stage("start", "running", 1, name="baseline", files=(FileEntry("code.diff", 1, BLOB, "0" * 32),))
    lost = RecordId("cd" * 32)
    lab.lose(lost)
    assert lab.apply(changes.task(lab.task, "end", record=lost)) is None
    assert (lab.now(), lab.now("name"), lab.now("record")) == ("crashed", "baseline", lost)
    assert lab.now("broken")
    assert "in use" in str(lab.apply(changes.collect(changes.CONDEMN, [BLOB])))


def test_a_draft_that_was_cancelled_never_starts(lab: Lab) -> None:
    lab.stage("draft")
    assert lab.stage("end", "cancelled", 0) is None
    assert lab.stage("start", "running", 1) is not None
