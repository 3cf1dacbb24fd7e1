"""`Task` in the process that runs it and on record: inputs, clones, names, tags, and its models."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

import registry_cli as reg
from registry_cli.errors import NotFoundError, RefusedError, UsageError
from registry_cli.sdk import join
from registry_cli.tasks.find import TaskQuestion, find_tasks
from registry_cli.tasks.rerun.draft import clone_task
from registry_cli.tasks.rerun.edits import Edits
from tests.sdk import scripts

pytestmark = pytest.mark.usefixtures("registry")


@pytest.mark.slow
def test_names_and_tags() -> None:
    with reg.Task.init("My Project", "My Task", tags=["a"]) as task:
        assert (task.name, task.project, task.status, task.get_tags()) == ("My Task", "My Project", "running", ["a"])
        task.name = "Other"
        task.add_tags(["b", "c"])
        task.set_tags(["c"])
        assert (task.name, task.get_project_name(), task.get_status(), task.get_tags()) == (
            "Other", "My Project", "running", ["c"])  # fmt: skip
    assert (task.name, task.status, task.get_tags()) == ("Other", "completed", ["c"])
    task.add_tags("d")
    task.name = "Renamed"
    task.set_tags([])
    again = reg.Task.get_task(project_name="My Project", task_name="Renamed")
    assert (again.id, again.task_id, again.get_tags()) == (task.id, task.id, [])
    assert repr(again) == f"<Task My Project/Renamed {task.id}>"


@pytest.mark.slow
def test_the_running_task_is_found_as_it_is_now() -> None:
    def names(**wanted: Any) -> list[str]:
        return [one.name for one in reg.Task.get_tasks(**wanted)]

    with reg.Task.init("Q", "one", tags=["old"]) as task:
        assert names(project_name="Q") == ["one"]
        task.set_name("two")
        task.add_tags(["zz"])
        task.remove_tags("old")
        task.flush()
        assert reg.Task.get_task(project_name="Q", task_name="two").id == task.id
        assert names(tags=["zz", "-old"]) == names(task_name="T*") == names(task_name="TWO") == ["two"]
        assert names(task_name="one") == names(tags=["old"]) == names(tags=["-zz"]) == names(project_name="q") == []
        clone = reg.Task.clone(task)
        assert {one.id for one in reg.Task.get_tasks(project_name="Q")} == {clone.id, task.id}
        task.set_archived(True)
        assert [one.id for one in reg.Task.get_tasks(project_name="Q", allow_archived=False)] == [clone.id]


@pytest.mark.slow
def test_handles_of_one_task_are_equal() -> None:
    with reg.Task.init("p", "job") as task:
        assert task == reg.Task.current_task() == reg.Task.get_task(task_id=task.id)
        assert task.logger == task.get_logger() == reg.Logger.current_logger()
        assert len({task, reg.Task.current_task()}) == len({task.logger, task.get_logger()}) == 1
        first, logger = task, task.logger
    assert first == reg.Task.get_task(task_id=first.id)
    with reg.Task.init("p", "job") as task:
        assert task != first
        assert task.logger != logger
        assert (task == task.id, task.logger == task) == (False, False)


@pytest.mark.slow
def test_without_names_it_is_called_after_script_and_folder(tmp_path: Path) -> None:
    with reg.Task.init() as task:
        assert (task.name, task.project) == ("train", tmp_path.name)


@pytest.mark.slow
def test_one_task_at_a_time() -> None:
    task = reg.Task.init("p", "job")
    assert reg.Task.init("p", "job").id == reg.Task.init().id == task.id
    assert reg.Task.current_task() is not None
    with pytest.raises(UsageError, match="task p/job runs in this process"):
        reg.Task.init("p", "other")
    task.close()
    task.close()
    assert reg.Task.current_task() is None
    assert reg.Task.init("p", "job").id != task.id


@pytest.mark.slow
def test_arguments_that_are_refused_or_told() -> None:
    with pytest.raises(UsageError, match="cannot be continued"):
        reg.Task.init("p", "job", continue_last_task=True)
    with pytest.raises(UsageError):
        reg.Task.init("../p", "job")
    with pytest.warns(reg.RegWarning, match="go into the registry"):
        task = reg.Task.init("p", "job", task_type="training", output_uri="s3://bucket", reuse_last_task_id=False,
                             auto_connect_frameworks={"pytorch": "final*.pt"}, auto_resource_monitoring=False,
                             auto_connect_streams=False)  # fmt: skip
    assert task.get_parameters() == {"task_type": "training"}


@pytest.mark.slow
def test_streams_can_be_chosen(tmp_path: Path) -> None:
    for choice, kept in ((True, b"out\nerr\n"), ({"stderr": False}, b"out\n"), (False, None)):
        body = f"import registry_cli as reg, sys\ntask = reg.Task.init('p', 'job', auto_connect_streams={choice!r})\n"
        scripts.run(tmp_path, body + "print('out', flush=True)\nprint('err', file=sys.stderr)")
        task = scripts.newest(tmp_path)
        assert (task.find_file("console.log") is None) == (kept is None)
        assert kept is None or scripts.read_blob(tmp_path, task, "console.log") == kept


@pytest.mark.slow
def test_inputs_are_parents_of_what_follows(weights: Path) -> None:
    base, other = reg.commit(weights, "zoo/base"), reg.commit(weights, "lab/base")
    with reg.task("job", inputs=["zoo/base"], params={"lr": 0.1}, tags=["x"], project="p") as task:
        assert reg.use("zoo/base:1").id == base.id
        assert reg.use("lab/base").id == other.id
        assert reg.use(base.id[:12], name="again").id == base.id
        out = reg.commit(weights)
        with_own = reg.commit(weights, "p/own", parents={"continue": base})
    assert (out.ref, out.row.task) == ("p/job/model:1", task.id)
    assert {(parent.id, parent.role) for parent in out.row.parents} == {(base.id, "input"), (other.id, "input")}
    assert (base.id, "continue") in {(parent.id, parent.role) for parent in with_own.row.parents}
    assert [one.name for one in task.record.inputs] == ["base", "base-2", "again"]
    assert (task.get_parameters(), task.get_tags()) == ({"lr": 0.1}, ["x"])


@pytest.mark.slow
def test_a_failure_is_on_record() -> None:
    with pytest.raises(ZeroDivisionError), reg.task("job") as task:
        1 / 0  # noqa: B018
    assert (task.status, task.record.problem, task.record.exit_code) == (
        "failed", "ZeroDivisionError: division by zero", 1)  # fmt: skip


CLONED = """
import registry_cli as reg
task = reg.Task.init("p", "job")
config = task.connect({"lr": 0.1})
base = reg.use("zoo/base:1")
model = reg.InputModel("zoo/other:1")
task.connect(model, name="teacher")
open("m.bin", "wb").write(base.path.read_bytes() + open(model.get_weights(), "rb").read() + str(config["lr"]).encode())
reg.commit("m.bin")
"""


@pytest.mark.slow
def test_a_clone_gets_other_inputs_and_parameters(tmp_path: Path) -> None:
    for name, content in (("zoo/base", b"A"), ("zoo/base", b"B"), ("zoo/other", b"C"), ("zoo/other", b"D")):
        (tmp_path / "w.bin").write_bytes(content)
        reg.commit(tmp_path / "w.bin", name)
    (tmp_path / "w.bin").unlink()
    scripts.run(tmp_path, CLONED)
    with reg.Registry.open(tmp_path) as registry:
        inputs = (("base", "zoo/base:2"), ("teacher", "zoo/other:2"))
        clone = clone_task(registry, "job", Edits(inputs=inputs, params={"lr": 0.5}, name="again"))
    scripts.reg(tmp_path, "task", "run", clone.id, "--here")
    with reg.Registry.open(tmp_path) as registry:
        made = [version for version in registry.query(sort="created") if version.row.task]
    assert [version.path.read_bytes() for version in made] == [b"AC0.1", b"BD0.5"]
    assert {parent.number for parent in made[1].row.parents} == {2}


@pytest.mark.slow
def test_cloning_in_python(weights: Path) -> None:
    base, tuned = reg.commit(weights, "zoo/base"), reg.commit(weights, "zoo/tuned")
    with reg.task("job", inputs={"base": base.ref}, params={"lr": 0.1}):
        draft = reg.Task.clone(name="again", comment="why", project="q")
    assert (draft.name, draft.project, draft.comment, draft.status) == ("again", "q", "why", "draft")
    draft.set_input_model("zoo/tuned", name="base")
    draft.set_input_model("zoo/base", name="extra")
    draft.set_parameters({"optim": {"lr": 0.5}}, seed=7)
    assert draft.input_models_id == {"base": tuned.id, "extra": base.id}
    assert draft.get_parameters() == {"optim.lr": 0.5, "seed": 7}
    draft.remove_input_models(["extra", tuned.id])
    assert draft.models["input"] == []
    with pytest.raises(UsageError, match="parent of a clone"):
        reg.Task.clone(draft, parent="x")
    assert reg.Task.clone(draft.id).record.source == draft.id


@pytest.mark.slow
def test_a_draft_made_during_the_run_has_what_it_began_with(weights: Path) -> None:
    reg.commit(weights, "zoo/base")
    with reg.task("job", inputs=["zoo/base"]) as task:
        pass
    with pytest.raises(RefusedError, match="stays on record"):
        task.remove_input_models(["base"])
    with pytest.raises(RefusedError):
        task.set_parameters({"lr": 1})
    with pytest.raises(RefusedError):
        task.set_input_model("zoo/base")
    with pytest.raises(RefusedError, match="not reset"):
        task.reset()
    for call in (task.get_logger, lambda: task.connect({}), lambda: task.update_output_model(weights)):
        with pytest.raises(RefusedError, match="does not run in this process"):
            call()


@pytest.mark.slow
def test_input_models_of_a_running_task(weights: Path) -> None:
    base = reg.Model(reg.commit(weights, "zoo/base", labels={"cat": 1}).id)
    with reg.task("job") as task:
        with pytest.raises(UsageError, match="no published version"):
            task.set_input_model(model_name="base")
        base.publish()
        task.set_input_model(model_name="base")
        task.set_input_model(base.id, name="again")
        assert task.input_models_id == {"base": base.id, "again": base.id}
        assert reg.commit(weights, "p/out").labels == {"cat": 1}
        with pytest.raises(UsageError, match="either"):
            task.set_input_model()


@pytest.mark.slow
def test_a_connected_dict_is_live(weights: Path) -> None:
    with reg.task("job") as task:
        params: dict[str, Any] = {"lr": 0.1, "optim": {"name": "sgd"}, "gone": 1}
        assert task.connect(params, name="net") is params
        params["lr"] = 0.2
        assert task.get_parameters() == {"net.lr": 0.2, "net.optim.name": "sgd", "net.gone": 1}
        params["optim"]["name"] = "adam"
        reg.commit(weights, "p/out")
        task.set_parameters({"net.lr": 0.5})
        params["late"] = True
        del params["gone"]
    assert task.get_parameters() == {"net.lr": 0.5, "net.optim.name": "adam", "net.late": True}


@pytest.mark.slow
def test_a_connected_dict_that_cannot_be_stored_later() -> None:
    task = reg.Task.init("p", "job")
    params: dict[str, Any] = {"lr": 0.1}
    task.connect(params)
    params["a\nb"] = 1
    with pytest.warns(reg.RegWarning, match="later parameters are not recorded"):
        task.close()
    assert task.get_parameters() == {"lr": 0.1}


@pytest.mark.slow
def test_labels_of_all_outputs(weights: Path) -> None:
    with reg.task("job") as task:
        assert task.connect_label_enumeration({"cat": 1}) == {"cat": 1}
        assert reg.commit(weights, "p/out").labels == {"cat": 1}
        assert reg.commit(weights, "p/own", labels={"dog": 1}).labels == {"dog": 1}
        task.set_model_label_enumeration(None)
        assert reg.commit(weights, "p/none").labels == {}


@pytest.mark.slow
def test_models_in_order_and_by_name(weights: Path) -> None:
    with reg.task("job", project="p") as task:
        for name in ("a/one", "a/two", "a/one", "b/one"):
            reg.commit(weights, name, allow_same=True)
        models = task.get_models()["output"]
    assert [model.ref for model in models] == ["a/two:1", "a/one:2", "b/one:1"]
    assert (models["one"].ref, models["b/one"].ref, models[-1].ref) == ("a/one:2", "b/one:1", "b/one:1")
    assert (models.keys(), models.get("none"), [model.ref for model in models[:1]]) == (
        ["two", "one", "b/one"], None, ["a/two:1"])  # fmt: skip


@pytest.mark.slow
def test_publishing_and_archiving(weights: Path) -> None:
    with reg.task("job") as task:
        for number in range(2):
            reg.commit(weights, "a/m", step=number)
    assert task.publish()
    assert [reg.use(f"a/m:{number}").row.published for number in (1, 2)] == [False, True]
    task.set_archived(True)
    assert task.registry.index.db.execute("SELECT archived FROM tasks").fetchone() == (1,)
    task.set_archived(False)
    with reg.task("empty") as empty:
        pass
    assert not empty.publish()


@pytest.mark.slow
def test_deleting(weights: Path) -> None:
    with reg.task("job") as task:
        for name in ("a/free", "a/sealed", "a/used"):
            reg.commit(weights, name)
        with pytest.warns(reg.RegWarning, match="runs"):
            assert not task.delete()
        with pytest.raises(RefusedError):
            task.delete(raise_on_error=True)
    reg.Model("a/sealed").publish()
    with reg.task("other", inputs=["a/used"]):
        pass
    asked: list[tuple[str, str]] = []
    assert task.delete(callback=lambda *words: asked.append(words) or True)
    assert asked == [("model", "a/free:1")]
    assert [version.ref for version in task.registry.query(sort="name")] == ["a/sealed:1", "a/used:1"]


@pytest.mark.slow
def test_a_block_within_a_block_ends_nothing() -> None:
    with reg.task("job", tags=["a"]) as outer:
        with reg.task("job", tags=["b"], params={"lr": 0.1}) as inner:
            assert inner.id == outer.id
        assert outer.status == "running"
        reg.Task.init(task_name="job", tags=["c"], task_type="training")
        assert outer.get_tags() == ["a", "b", "c"]
        with pytest.raises(UsageError, match="tags is the text"):
            reg.Task.init(task_name="job", tags="abc")
    assert (outer.status, outer.get_parameters()) == ("completed", {"lr": 0.1, "task_type": "training"})


@pytest.mark.slow
def test_the_current_task_is_found_as_such() -> None:
    with reg.task("job") as task:
        for found in (reg.Task.get_task(task.id), reg.Task.get_task(task_name="job")):
            found.get_logger().report_single_value("a", 1.0)
            assert found.id == task.id


@pytest.mark.sweep(4)
@pytest.mark.parametrize("value", [5, [1], "x", None])
def test_what_has_no_names_is_not_connected(value: object) -> None:
    with reg.task("job") as task, pytest.raises(UsageError, match="no values by name"):
        task.connect(value)


@pytest.mark.slow
def test_other_ranks_change_nothing(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with reg.task("job") as task:
        reg.commit(weights, "a/m")
    monkeypatch.setenv("RANK", "1")
    assert not task.publish()
    assert reg.Task.clone(task) is task
    assert not reg.use("a/m").row.published


@pytest.mark.parametrize("call", [
    lambda: reg.log_metric("x", 1), lambda: reg.log_metrics({"x": 1}), lambda: reg.log_params({"x": 1}),
])  # fmt: skip
def test_without_a_task_there_is_nothing_to_log_to(call: Any) -> None:
    with pytest.raises(UsageError, match="no task runs in this process"):
        call()


def test_a_name_is_needed_outside_of_a_task(weights: Path) -> None:
    with pytest.raises(UsageError, match="a model needs a name"):
        reg.commit(weights)


def test_a_function_is_a_task() -> None:
    base = {"lr": 0.1}

    @reg.task("train", project="p", tags=["x"], params=base)
    def train(first: int, *, second: int) -> tuple[int, str]:
        """Train."""
        task = reg.Task.current_task()
        assert task is not None
        return first + second, task.id

    @reg.task(project="p")
    def fail() -> None:
        raise ZeroDivisionError("no")

    @reg.task("later")
    async def later(value: int) -> int:
        reg.log_metric("value", value)
        return value

    assert reg.Task.get_tasks(project_name="p") == []
    assert (train.__name__, train.__doc__) == ("train", "Train.")
    results = [train(1, second=number) for number in (2, 3)]
    tasks = reg.Task.get_tasks(task_name="train")
    assert [value for value, _ in results] == [3, 4]
    assert [task.id for task in tasks] == [found for _, found in results[::-1]]
    assert [(task.status, task.get_tags(), task.get_parameters()) for task in tasks] == [("completed", ["x"], base)] * 2
    with pytest.raises(ZeroDivisionError):
        fail()
    assert reg.Task.get_by_name("fail").record.problem == "ZeroDivisionError: no"
    assert asyncio.run(later(3)) == 3
    assert reg.Task.get_by_name("later").get_reported_single_value("value") == 3
    assert join.peek_current() is None


@pytest.mark.slow
def test_a_function_is_a_task_without_parentheses_too() -> None:
    @reg.task
    def train(first: int, *, second: int) -> int:
        reg.log_metric("sum", first + second)
        return first + second

    assert (train.__name__, train(1, second=2)) == ("train", 3)
    assert reg.Task.get_by_name("train").get_reported_single_value("sum") == 3


@pytest.mark.slow
def test_the_task_of_a_generator_lasts_as_long_as_it() -> None:
    @reg.task("gen")
    def count(most: int) -> Iterator[int]:
        for number in range(most):
            reg.log_metric("seen", number)
            yield number
        if most > 2:
            raise ZeroDivisionError("no")

    numbers = count(2)
    assert next(numbers) == 0
    assert reg.Task.get_by_name("gen").status == "running"
    assert list(numbers) == [1]
    task = reg.Task.get_by_name("gen")
    assert (task.status, task.get_reported_single_value("seen")) == ("completed", 1)
    for _ in (left := count(3)):
        break
    left.close()  # type: ignore[attr-defined]
    assert reg.Task.get_by_name("gen").status == "completed"
    with pytest.raises(ZeroDivisionError):
        list(count(3))
    assert reg.Task.get_by_name("gen").record.problem == "ZeroDivisionError: no"
    assert join.peek_current() is None


@pytest.mark.slow
def test_the_task_of_an_asynchronous_generator_lasts_as_long_as_it() -> None:
    @reg.task("gen")
    async def count() -> AsyncIterator[str]:
        for number in range(2):
            reg.log_metric("seen", number)
            yield reg.Task.get_by_name("gen").status

    async def collect() -> list[str]:
        return [status async for status in count()]

    assert asyncio.run(collect()) == ["running", "running"]
    task = reg.Task.get_by_name("gen")
    assert (task.status, task.get_reported_single_value("seen")) == ("completed", 1)
    assert join.peek_current() is None


@pytest.mark.slow
def test_a_block_that_cannot_begin_leaves_no_task_open() -> None:
    with pytest.raises(UsageError, match="is no name of a parameter"), reg.task("job", params={"a\nb": 1}):
        pass
    assert join.peek_current() is None
    assert reg.Task.get_by_name("job").status == "failed"


def test_what_is_not_there() -> None:
    with pytest.raises(NotFoundError):
        reg.Task.get_task("nothing")
    with pytest.raises(NotFoundError):
        reg.Task.get_task(project_name="p", task_name="nothing")
    with pytest.raises(NotFoundError), reg.task("job", inputs=["no/body"]):
        pass
    assert join.peek_current() is None


class Odd:
    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.slow
@pytest.mark.parametrize("given", [{"params": {"": 1}}, {"params": {"x": Odd()}}, {"params": {"x": "caf\udce9"}}])
def test_a_task_whose_block_is_never_entered_ends_as_failed(registry: reg.Registry, given: dict[str, Any]) -> None:
    with pytest.raises((RuntimeError, UsageError)), reg.task("first", **given):
        pass
    with reg.task("next"):
        pass
    registry.index.sync()
    assert [(task.name, task.status) for task in find_tasks(registry, TaskQuestion(sort="created"))] == [
        ("first", "failed"), ("next", "completed"),
    ]  # fmt: skip


@pytest.mark.slow
def test_a_block_within_a_task_that_is_never_entered_leaves_it_running(registry: reg.Registry) -> None:
    with reg.task("first") as task:
        with pytest.raises(UsageError), reg.task("first", params={"": 1}):
            pass
        assert reg.Task.current_task() is not None
        reg.log_metric("loss", 0.5)
    registry.index.sync()
    assert task.status == "completed"
