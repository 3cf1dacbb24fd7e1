"""A task's fields, parameters, results and end under ClearML's names."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import registry_cli as reg
from registry_cli.errors import NotFoundError, RefusedError, UsageError
from registry_cli.sdk.clearml import task_results

pytestmark = pytest.mark.usefixtures("registry")


@pytest.mark.slow
def test_parameters_by_clearml_s_names() -> None:
    with reg.task("job") as task:
        task.connect({"lr": 0.1, "optim": {"name": "sgd"}})
        task.set_parameter("General/lr", "0.2", value_type=float)
        task.set_parameters({"Args/epochs": 3, "optim/momentum": 0.9})
        task.update_parameters(extra=True)
        assert (task.get_parameter("General/lr"), task.get_parameter("none", 5)) == (0.2, 5)
        assert task.get_parameter("optim/name") == task.get_parameter("optim.name") == "sgd"
        assert task.delete_parameter("extra")
        assert not task.delete_parameter("extra")
        task.set_parameters_as_dict({"deep": {"x": 1}})
        task.set_user_properties({"owner": "me"}, [{"name": "stage", "value": 2}], team={"value": "t"}, gone=1)
        assert task.delete_user_properties(["gone"])
    again = reg.Task.get_by_name("job")
    assert again.get_parameters_as_dict() == {
        "lr": 0.2, "optim": {"name": "sgd", "momentum": 0.9}, "epochs": 3, "deep": {"x": 1},
        "properties": {"owner": "me", "stage": 2, "team": "t"}}  # fmt: skip
    assert again.get_user_properties(value_only=True) == {"owner": "me", "stage": 2, "team": "t"}
    assert again.get_user_properties()["owner"] == {"name": "owner", "value": "me"}
    draft = reg.Task.clone(again)
    draft.set_parameter("Args/epochs", 7)
    draft.set_parameter("General/lr", 1)
    assert draft.delete_parameter("General/lr")
    assert not draft.delete_parameter("General/lr")
    assert (draft.get_parameter("epochs"), draft.record.recipe.params) == (7, {"epochs": 7})


@pytest.mark.slow
def test_names_types_and_comments() -> None:
    with reg.Task.init("p", "job", task_type=reg.Task.TaskTypes.testing, tags=["a", "b"]) as task:
        task.remove_tags("a")
        assert task.rename("other")
        task.set_project(project_name="q")
        task.set_comment("why")
        assert (task.task_type, task.get_tags(), task.comment, task.project) == ("testing", ["b"], "why", "q")
        assert (task.is_current_task(), task.running_locally(), reg.Task.is_offline()) == (True, True, False)
        assert task.status == reg.Task.TaskStatusEnum.in_progress
        task.output_uri = None  # type: ignore[assignment]
        assert task.output_uri == task.storage_uri == task.registry.path.as_uri()
    assert (task.name, task.comment, task.status) == ("other", "why", reg.Task.TaskStatusEnum.completed)
    task.comment = None
    task.set_name("again")
    task.set_archived(True)
    assert (task.comment, task.name, task.get_system_tags(), task.parent) == (None, "again", [task.archived_tag], None)
    assert not task.is_main_task()


@pytest.mark.slow
def test_tasks_are_found() -> None:
    ids = []
    for name, tags in (("a", ["x"]), ("b", ["x", "y"]), ("b", [])):
        with reg.task(name, project="p", tags=tags) as task:
            ids.append(task.id)
    assert [task.id for task in reg.Task.get_tasks(project_name="p")] == ids[::-1]
    assert reg.Task.query_tasks(project_name="p", tags=["x"]) == [ids[1], ids[0]]
    assert reg.Task.query_tasks(tags=["x", "-y"]) == [ids[0]]
    assert reg.Task.get_task(project_name="p", task_name="b", tags=["x"]).id == ids[1]
    assert [task.id for task in reg.Task.get_tasks(task_ids=[ids[2], ids[0]])] == [ids[2], ids[0]]
    reg.Task.get_task(ids[0]).set_archived(True)
    assert reg.Task.query_tasks(task_name="a") == [ids[0]]
    assert reg.Task.get_tasks(task_name="a", allow_archived=False) == []
    with pytest.raises(NotFoundError):
        reg.Task.get_by_name("none")
    with pytest.raises(UsageError, match="task_filter"):
        reg.Task.get_tasks(task_filter={"status": ["completed"]})
    with pytest.raises(UsageError, match="additional_return_fields"):
        reg.Task.query_tasks(additional_return_fields=["id"])


@pytest.mark.slow
def test_scalars_are_read_back() -> None:
    def check(task: reg.Task) -> None:
        metrics = task.get_last_scalar_metrics()
        assert metrics["loss"]["train"] == {"last": 0.25, "min": 0.25, "max": 1.0}
        assert metrics["score"]["score"]["last"] == 3
        assert task.get_reported_scalars()["loss"]["train"] == {"name": "train", "x": [0, 1, 2], "y": [1.0, 0.5, 0.25]}
        assert task.get_reported_scalars(max_samples=2)["loss"]["train"]["x"] == [0, 2]
        times = task.get_all_reported_scalars(x_axis="timestamp")["loss"]["train"]["x"]
        assert abs(times[0] / 1000 - time.time()) < 86_400
        assert task.get_reported_scalars(x_axis="iso_time")["loss"]["train"]["x"][0].startswith("20")
        assert (task.get_reported_single_values(), task.get_reported_single_value("score")) == ({"score": 3}, 3)
        assert (task.get_last_iteration(), task.get_reported_single_value("none")) == (2, None)
        assert task.get_initial_iteration() == 0

    with reg.task("job") as task:
        for step in range(3):
            task.logger.report_scalar("loss", "train", 1 / 2**step, step)
        task.logger.report_single_value("score", 3)
        check(task)
    check(reg.Task.get_task(task.id))
    with pytest.raises(UsageError, match="is no axis"):
        task.get_reported_scalars(x_axis="x")  # type: ignore[arg-type]
    with reg.task("empty") as empty:
        assert (empty.get_last_scalar_metrics(), empty.get_last_iteration()) == ({}, 0)
    assert empty.get_last_scalar_metrics() == {}


@pytest.mark.sweep(5)
@pytest.mark.parametrize(("call", "status", "problem"), [
    ("mark_completed", "completed", None), ("completed", "completed", None), ("mark_failed", "failed", "why"),
    ("mark_stopped", "cancelled", "why"), ("stopped", "cancelled", "why"),
])  # fmt: skip
def test_a_script_ends_its_task(call: str, status: str, problem: str | None) -> None:
    task = reg.Task.init("p", "job")
    getattr(task, call)(**({"status_message": "why"} if problem else {}))
    assert (task.status, task.get_status_message(), reg.Task.current_task()) == (status, (None, problem), None)
    with pytest.raises(RefusedError, match="does not run in this process"):
        task.mark_completed()


@pytest.mark.slow
def test_a_model_of_a_task_that_has_ended_says_how_to_save_a_file(tmp_path: Path) -> None:
    task = reg.Task.init("p", "job")
    model = reg.OutputModel(task, name="m x")
    weights = tmp_path / "w 1.bin"
    weights.write_bytes(b"w")
    task.mark_completed()
    for save in (
        lambda: model.update_weights(str(weights), async_enable=False),
        lambda: model.update_weights(str(weights)),
        lambda: model.update_weights(str(weights), target_filename="v.bin"),
        lambda: model.update_weights_package([str(weights)]),
    ):
        with pytest.raises(RefusedError, match="task job has ended, and makes no version of p/m x any more") as caught:
            save()
        assert caught.value.hint == f"reg model add 'p/m x' '{weights}'"
    assert weights.exists()
    with pytest.raises(UsageError, match="the task has ended, and nothing more is recorded"):
        model.report_scalar("loss", "train", 0.5, 1)


@pytest.mark.slow
def test_waiting_for_a_status(monkeypatch: pytest.MonkeyPatch) -> None:
    task = reg.Task.init("p", "job")
    other = reg.Task.get_task(task.id)
    monkeypatch.setattr(task_results.time, "sleep", lambda seconds: task.close())
    other.wait_for_status(reg.Task.TaskStatusEnum.completed)
    with reg.task("bad") as bad:
        bad.mark_failed()
    with pytest.raises(RefusedError, match="is failed"):
        bad.wait_for_status()


@pytest.mark.slow
def test_the_logger_of_this_process() -> None:
    assert reg.Logger.current_logger() is None
    with reg.task("job"):
        logger = reg.Logger.current_logger()
        assert logger is not None
        logger.report_line_plot("lines", [logger.SeriesInfo("a", [[0, 1]])], "x", "y")
        with logger.capture_logging():
            assert logger.flush(wait=True)
        assert logger.get_default_upload_destination().startswith("file://")


def test_an_input_model_is_a_model(weights: object) -> None:
    version = reg.commit(str(weights), "zoo/net")
    model = reg.InputModel(version.id)
    assert isinstance(model, reg.Model)
    assert model.get_local_copy() == model.get_weights()
    assert [type(one) for one in reg.InputModel.query_models(project_name="zoo")] == [reg.Model]
    assert reg.InputModel.remove(model)
