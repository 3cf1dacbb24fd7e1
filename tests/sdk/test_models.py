"""`Model`, `InputModel` and `OutputModel`: what ClearML's documents promise, kept."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import registry_cli as reg
from registry_cli.errors import NotFoundError, RefusedError, UsageError
from registry_cli.registry.lifecycle import archive_versions
from registry_cli.sdk import pending
from tests.secrets.planted import PLANTED

pytestmark = pytest.mark.usefixtures("registry")
SIGNED = "https://bucket.s3.amazonaws.com/nets/resnet.pth?X-Amz-Signature=" + "0" * 64
S3 = "s3://bucket/nets/resnet.pth"


@pytest.fixture
def model(weights: Path) -> reg.Model:
    return reg.Model(reg.commit(weights, "vision/net/resnet", labels={"cat": 1}, tags=["a"], message="first").id)


def test_what_a_model_says(model: reg.Model, weights: Path) -> None:
    assert (model.name, model.project, model.ref) == ("resnet", "vision/net", "vision/net/resnet:1")
    assert (model.labels, model.tags, model.comment) == ({"cat": 1}, ["a"], "first")
    assert (model.framework, model.config_text, model.config_dict, model.task) == ("PyTorch", "", {}, None)
    assert (model.published, model.archived, model.system_tags) == (False, False, [])
    assert model.url.startswith("file://")
    assert Path(str(model.get_weights())).read_bytes() == b"weights"
    assert model.get_local_copy() == model.get_weights()
    assert repr(model) == "<Model vision/net/resnet:1>"
    assert model.version.path.name == weights.name


def test_setters_set_and_clear(model: reg.Model) -> None:
    model.tags, model.comment, model.framework = ["b", "c"], "second", "Mine"
    model.labels, model.config_dict = {"dog": 2}, {"layers": [4, 3]}
    again = reg.Model(model.ref)
    assert (again.tags, again.comment, again.framework) == (["b", "c"], "second", "Mine")
    assert (again.labels, again.config_dict) == ({"dog": 2}, {"layers": [4, 3]})
    model.tags, model.comment, model.framework, model.labels, model.config_text = [], "", None, {}, ""
    assert (again.tags, again.comment, again.framework, again.labels, again.config_text) == ([], "", None, {}, "")
    model.config_text = "net = 3"
    assert again.config_text == "net = 3"
    with pytest.raises(UsageError, match="is no JSON object"):
        _ = again.config_dict


def test_renaming_and_moving(model: reg.Model) -> None:
    model.name = "Res Net 50"
    assert (model.name, model.project) == ("Res Net 50", "vision/net")
    model.project = "old"
    assert model.ref == "old/Res Net 50:1"
    assert reg.use("vision/net/resnet").id == model.id


def test_publishing_seals(model: reg.Model) -> None:
    model.publish()
    model.publish()
    assert model.published
    for field, value in (("labels", {"x": 1}), ("framework", "X"), ("config_text", "x")):
        with pytest.raises(RefusedError, match="published"):
            setattr(model, field, value)
    model.tags, model.comment = ["late"], "late"
    model.set_metadata("late", 1)
    model.report_single_value("late", 1)
    model.report_vector("late", "", [1])
    assert (model.tags, model.get_metadata_casted("late"), model.row.metrics["late"]) == (["late"], 1, 1)


def test_archive_and_back(model: reg.Model) -> None:
    model.archive()
    assert (model.archived, model.system_tags) == (True, ["archived"])
    assert reg.Model.query_models() == []
    model.unarchive()
    assert not model.archived


def test_metadata_keeps_its_types(model: reg.Model) -> None:
    when = datetime(2026, 1, 2, tzinfo=UTC)
    given: list[tuple[str, Any, str | None, Any, str]] = [
        ("float", "0.5", "float", 0.5, "float"), ("int", "3", "int", 3, "int"), ("text", 3, "str", "3", "str"),
        ("flag", "False", "bool", False, "bool"), ("list", "[1, 2]", "list", [1, 2], "list"),
        ("as is", [1, "a"], None, [1, "a"], "list"), ("dict", '{"a": 1}', "dict", {"a": 1}, "dict"),
        ("dotted.key", 1, None, 1, "int"), ("when", when, None, when, "datetime"),
    ]  # fmt: skip
    for key, value, kind, _, _ in given:
        assert model.set_metadata(key, value, kind)
    assert {key: model.get_metadata_casted(key) for key, *_ in given} == {key: cast for key, _, _, cast, _ in given}
    assert {key: entry["type"] for key, entry in model.get_all_metadata().items()} == {
        key: kind for key, *_, kind in given}  # fmt: skip
    assert (model.get_metadata("int"), model.get_metadata("list"), model.get_metadata("none")) == ("3", "[1, 2]", None)
    assert model.get_all_metadata()["int"] == {"key": "int", "type": "int", "value": "3"}
    assert model.get_all_metadata_casted()["int"]["value"] == 3
    model.set_metadata("int", None)
    assert model.get_metadata("int") is None
    for kind, value in (("complex", 1), ("int", "many"), ("dict", "[")):
        with pytest.raises(UsageError):
            model.set_metadata("bad", value, kind)


def test_all_metadata_at_once(model: reg.Model) -> None:
    model.set_metadata("old", 1)
    model.report_vector("plot", "", [1])
    model.set_all_metadata({"a": {"value": "1", "type": "int"}}, replace=False)
    assert set(model.get_all_metadata()) == {"old", "a"}
    model.set_all_metadata({"b": {"value": "x", "type": "str"}})
    assert {key: entry["value"] for key, entry in model.get_all_metadata_casted().items()} == {"b": "x"}
    assert len(model.get_plots()) == 1


def test_packages(weights: Path) -> None:
    (weights.parent / "config.json").write_text("{}")
    model = reg.Model(reg.commit(weights.parent, "a/folder").id)
    folder = Path(str(model.get_weights_package(return_path=True)))
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.pt"]
    assert model.get_weights_package() == [str(folder / "config.json"), str(folder / "model.pt")]
    assert model.system_tags == ["package"]
    single = reg.Model(reg.commit(weights, "a/single").id)
    assert single.get_weights_package() == [single.get_weights()]


def test_weights_that_are_gone(tmp_path: Path) -> None:
    lost = tmp_path / "lost.pt"
    lost.write_bytes(b"x")
    model = reg.Model(reg.commit(lost, "a/lost", mode="reference").id)
    lost.unlink()
    with pytest.raises(NotFoundError):
        model.get_weights(raise_on_error=True)
    with pytest.warns(reg.RegWarning, match="is gone"):
        assert model.get_weights() is None
    with pytest.warns(reg.RegWarning, match="is gone"):
        assert model.get_weights_package() is None


def test_removing(model: reg.Model) -> None:
    child = reg.commit(str(model.get_weights()), "a/child", parents=[model.id])
    with pytest.warns(reg.RegWarning, match="parent"):
        assert reg.Model.remove(model) is False
    with pytest.raises(RefusedError):
        reg.Model.remove(model.id, raise_on_errors=True)
    assert reg.Model.remove(child.id)
    assert reg.Model.remove(model, force=True)
    assert reg.Model.query_models(include_archived=True) == []


def test_query_models(weights: Path) -> None:
    tables: dict[str, Any] = {"p/a": {"n": 1, "t": "1", "f": 0.5}, "p/b": {"n": "1", "t": "x"}, "p/q/a": {}, "net": {}}
    made = [reg.commit(weights, name, metadata=metadata) for name, metadata in tables.items()]
    reg.Model(made[1].id).publish()

    def found(**options: Any) -> list[str]:
        return [model.ref for model in reg.Model.query_models(**options)]

    assert found() == ["net:1", "p/q/a:1", "p/b:1", "p/a:1"]
    assert found(project_name="p") == ["p/b:1", "p/a:1"]
    assert found(project_name="P/Q") == ["p/q/a:1"]
    assert found(project_name="") == found(model_name="net") == ["net:1"]
    assert found(project_name="nowhere") == []
    assert found(model_name="a") == ["p/q/a:1", "p/a:1"]
    assert found(model_name="p/a") == found(project_name="p", model_name="a") == ["p/a:1"]
    assert found(project_name="p", model_name="q/a") == ["p/q/a:1"]
    assert found(only_published=True) == ["p/b:1"]
    assert found(max_results=1) == ["net:1"]
    assert found(metadata={"n": "1"}) == ["p/b:1", "p/a:1"]
    assert found(metadata={"n": 1}) == ["p/a:1"]
    assert found(metadata={"f": "0.5", "t": "1"}) == ["p/a:1"]


def test_an_input_model_is_found(weights: Path, registry: reg.Registry) -> None:
    first = reg.commit(weights, "p/net", tags=["good"])
    second = reg.commit(weights, "p/net", allow_same=True)
    assert reg.InputModel(model_id=first.id[:12]).id == first.id
    assert reg.InputModel("p/net:1").id == first.id
    assert reg.InputModel(name="net").id == reg.InputModel(project="p").id == second.id
    assert reg.InputModel(name="net", tags=["good"]).id == first.id
    for wrong in ({"name": "none"}, {"name": "net", "only_published": True}, {"model_id": "f" * 32}):
        with pytest.raises(NotFoundError):
            reg.InputModel(**wrong)
    with pytest.raises(UsageError, match="needs a model_id"):
        reg.InputModel()


def test_import_takes_bytes_in_at_once(weights: Path) -> None:
    model = reg.InputModel.import_model(str(weights), name="base", project="zoo", comment="from afar", tags=["x"])
    weights.unlink()
    assert model.ref == "zoo/base:1"
    assert (model.comment, model.tags, model.framework) == ("from afar", ["x"], "PyTorch")
    assert Path(str(model.get_weights())).read_bytes() == b"weights"
    same = reg.InputModel.import_model(Path(str(model.get_weights())).as_uri(), name="base", project="zoo")
    assert same.id == model.id


def test_import_by_reference_needs_no_network() -> None:
    model = reg.InputModel.import_model(S3, config_dict={"layers": 3}, label_enumeration={"cat": 1})
    assert (model.ref, model.url, model.framework) == ("resnet:1", S3, "PyTorch")
    assert (model.config_dict, model.labels) == ({"layers": 3}, {"cat": 1})


def test_import_ignores_no_argument() -> None:
    first = reg.InputModel.import_model(S3, name="net")
    assert reg.InputModel.import_model(S3, name="net").id == reg.InputModel.import_model(S3).id == first.id
    assert reg.InputModel.import_model(S3, label_enumeration={"cat": 1}).ref == "net:2"
    assert reg.InputModel.import_model(S3, name="other", framework="Mine").ref == "other:1"
    assert reg.InputModel.import_model(S3, name="net", comment="said later").comment == "said later"


def test_import_and_publish(weights: Path) -> None:
    assert reg.InputModel.import_model(str(weights), create_as_published=True).published


def test_load_model(weights: Path, tmp_path: Path, registry: reg.Registry) -> None:
    assert reg.InputModel.load_model(S3) is None
    assert reg.InputModel.load_model(str(weights)) is None
    by_url, by_bytes = reg.InputModel.import_model(S3), reg.InputModel.import_model(str(weights))
    twin = tmp_path / "twin.pt"
    twin.write_bytes(b"weights")
    found = [reg.InputModel.load_model(url) for url in (S3, str(twin), twin.as_uri())]
    assert [model and model.id for model in found] == [by_url.id, by_bytes.id, by_bytes.id]
    archive_versions(registry, [by_url.id])
    assert reg.InputModel.load_model(S3) is None
    assert reg.InputModel.load_model(S3, load_archived=True) is not None


@pytest.mark.slow
def test_connecting_names_an_input(weights: Path) -> None:
    base = reg.InputModel.import_model(str(weights), name="net", project="zoo", label_enumeration={"cat": 1})
    with reg.task("job") as task:
        base.connect(task)
        task.connect(base, name="teacher")
        out = reg.commit(weights, "a/out")
    assert set(task.models["input"].keys()) == {"net", "teacher"}
    assert {(parent.id, parent.role) for parent in out.row.parents} == {(base.id, "input")}
    assert out.labels == {"cat": 1}
    with pytest.raises(UsageError, match="no task runs"):
        base.connect()


@pytest.mark.slow
def test_an_empty_input_gives_labels_and_design(weights: Path) -> None:
    empty = reg.InputModel.empty(config_text="net", label_enumeration={"cat": 1})
    assert (empty.config_text, empty.labels, repr(empty)) == ("net", {"cat": 1}, "<InputModel without a version>")
    with reg.task("job") as task:
        task.connect(empty)
        assert reg.commit(weights, "a/out").labels == {"cat": 1}
    assert task.models["input"] == []
    with pytest.raises(UsageError, match="no version yet"):
        _ = empty.id


@pytest.mark.slow
def test_an_output_model_adds_versions(weights: Path) -> None:
    with reg.task("job", project="p") as task:
        model = reg.OutputModel(task, config_text="net", label_enumeration={"cat": 1}, name="out", tags=["t"],
                                comment="hello", framework="Mine")  # fmt: skip
        assert (model.name, model.project, model.labels, model.config_text) == ("out", "p", {"cat": 1}, "net")
        assert model.update_weights(str(weights), iteration=1, async_enable=False) == "p/out:1"
        assert model.update_weights(str(weights), iteration=2) == "p/out"
        assert (model.ref, model.row.step, model.task, model.tags) == ("p/out:2", 2, task.id, ["t"])
        assert (model.config_text, model.labels, model.comment, model.framework) == ("net", {"cat": 1}, "hello", "Mine")
        assert weights.exists()
        assert model.upload_storage_uri.startswith("file://")
    assert [one.ref for one in task.models.output] == ["p/out:2"]
    assert task.output_models_id == {"out": model.id}


@pytest.mark.slow
def test_what_is_said_of_it_holds_for_what_follows(weights: Path) -> None:
    with reg.task("job", project="p"):
        model = reg.OutputModel()
        with pytest.raises(UsageError, match="no version yet"):
            _ = model.id
        model.update_labels({"cat": 1})
        model.update_design(config_dict={"n": 1})
        model.set_metadata("owner", "risk")
        model.framework, model.comment = "Mine", "said before"
        model.tags = ["x", "y"]
        assert (model.labels, model.config_dict, model.tags) == ({"cat": 1}, {"n": 1}, ["x", "y"])
        assert (model.framework, model.comment, model.get_metadata("owner")) == ("Mine", "said before", "risk")
        first = model.update_weights(weights, async_enable=False)
        model.publish()
        model.tags = []
        model.set_metadata("owner", None)
        second = model.update_weights(weights, async_enable=False)
    assert (first, second) == ("p/job:1", "p/job:2")
    before, after = reg.Model("p/job:1"), reg.Model("p/job:2")
    assert (before.labels, after.labels) == ({"cat": 1}, {"cat": 1})
    assert (before.config_dict, after.config_dict) == ({"n": 1}, {"n": 1})
    assert (before.tags, after.tags) == ([], [])
    assert (before.get_metadata("owner"), after.get_metadata("owner")) == (None, None)
    assert (before.published, after.published) == (True, False)


@pytest.mark.slow
def test_an_output_that_is_published_refuses_what_is_sealed(weights: Path) -> None:
    with reg.task("job", project="p"):
        model = reg.OutputModel(label_enumeration={"cat": 1}, config_text="net")
        model.update_weights(weights, async_enable=False)
        model.publish()
        for change in (lambda: model.update_labels({"dog": 2}), lambda: model.update_design(config_text="other"),
                       lambda: setattr(model, "framework", "Mine")):  # fmt: skip
            with pytest.raises(RefusedError, match="published"):
                change()
        model.update_weights(weights, async_enable=False)
    assert (model.ref, model.labels, model.config_text) == ("p/job:2", {"cat": 1}, "net")


@pytest.mark.slow
def test_models_of_a_project_s_tasks(weights: Path) -> None:
    with reg.task("job", project="p"):
        by_name = reg.commit(weights, "p/net")
        elsewhere = reg.commit(weights, "zoo/net", step=1)
        below = reg.commit(weights, step=2)
        found = reg.Model.query_models(project_name="P")
    with reg.task("other", project="p/below"):
        reg.commit(weights, "zoo/other", step=3)
    everything = {by_name.id, elsewhere.id, below.id}
    assert {model.id for model in found} == everything
    assert {model.id for model in reg.Model.query_models(project_name="p")} == everything
    named = reg.Model.query_models(project_name="p", model_name="net")
    assert {model.id for model in named} == {by_name.id, elsewhere.id}
    assert reg.Model.query_models(project_name="p", model_name="none") == []


@pytest.mark.slow
def test_going_on_from_a_version(weights: Path) -> None:
    base = reg.commit(weights, "zoo/net", labels={"cat": 1}, framework="Mine")
    with reg.task("job"):
        model = reg.OutputModel(base_model_id=base.id)
        model.update_weights(weights, async_enable=False)
    assert (model.ref, model.labels, model.framework) == ("zoo/net:2", {"cat": 1}, "Mine")
    assert [(parent.id, parent.role) for parent in model.row.parents] == [(base.id, "continue")]


@pytest.mark.slow
def test_weights_elsewhere_and_under_another_name(weights: Path, tmp_path: Path) -> None:
    with reg.task("job", project="p"):
        model = reg.OutputModel(name="out")
        assert model.update_weights(register_uri=S3) == "p/out:1"
        assert model.url == S3
        model.update_weights(register_uri=weights.as_uri())
        assert model.url == weights.as_uri()
        for later in (False, True):
            model.update_weights(weights, target_filename="best.pt", async_enable=later)
            assert [file.path for file in model.row.files] == ["best.pt"]
        with pytest.warns(reg.RegWarning, match="go into the registry"):
            model.update_weights(weights, upload_uri="s3://bucket")
        pending.drain()
        with pytest.warns(reg.RegWarning, match="go into the registry"):
            model.set_upload_destination("s3://bucket")
        for wrong in ({}, {"weights_filename": weights, "register_uri": S3}):
            with pytest.raises(UsageError, match="either"):
                model.update_weights(**wrong)  # type: ignore[arg-type]
    assert model.task is not None


@pytest.mark.slow
def test_packages_are_folders(weights: Path) -> None:
    (weights.parent / "config.json").write_text("{}")
    with reg.task("job", project="p"):
        model = reg.OutputModel(name="out")
        model.update_weights_package(weights_path=weights.parent)
        assert [file.path for file in model.row.files] == ["config.json", "model.pt"]
        model.update_weights_package(weights_filenames=[weights], async_enable=False)
        assert [file.path for file in model.row.files] == ["model.pt"]
        with pytest.raises(UsageError, match="either"):
            model.update_weights_package()
    assert weights.exists()


@pytest.mark.slow
def test_files_go_only_when_asked(weights: Path) -> None:
    with reg.task("job", project="p") as task:
        model = reg.OutputModel(name="out")
        for path in (weights, weights.with_name("next.pt")):
            path.write_bytes(path.name.encode())
            model.update_weights(path)
        model.wait_for_uploads()
        assert weights.exists()
        assert model.update_weights(weights, auto_delete_file=True) == "p/out:3"
        assert not weights.exists()
        assert task.update_output_model(weights.with_name("next.pt"), auto_delete_file=True) == "p/job/next:1"
        assert not weights.with_name("next.pt").exists()


@pytest.mark.sweep(4)
@pytest.mark.parametrize("target", ["/abs.pt", "../x.pt", "..", "a/b.pt", "a\\b.pt", "", "x" * 201, 3])
def test_a_target_is_one_plain_name(weights: Path, registry: reg.Registry, target: Any) -> None:
    with reg.task("job"), pytest.raises(UsageError):
        reg.OutputModel().update_weights(weights, target_filename=target)
    assert not [*registry.layout.tmp.iterdir()]
    assert {path.name for path in weights.parent.iterdir()} == {"model.pt"}


@pytest.mark.sweep(3)
@pytest.mark.parametrize("step", ["5", 5.5, True])
def test_a_step_is_an_integer(weights: Path, step: Any) -> None:
    with reg.task("job"):
        for source in ({"weights_filename": weights}, {"register_uri": S3}):
            with pytest.raises(UsageError, match="a step is an integer"):
                reg.OutputModel().update_weights(**source, iteration=step)


class Number:
    """As NumPy's and torch's scalars look."""

    ndim = 0

    def item(self) -> int:
        return 5


@pytest.mark.slow
def test_numpy_scalars_are_numbers(weights: Path) -> None:
    with reg.task("job"):
        model = reg.OutputModel()
        model.update_labels({"cat": Number()})  # type: ignore[dict-item]
        model.update_weights(weights, iteration=Number())  # type: ignore[arg-type]
        assert (model.row.step, model.labels) == (5, {"cat": 5})


@pytest.mark.slow
def test_the_names_of_outputs(weights: Path) -> None:
    with reg.task("job", project="p") as task:
        model = reg.OutputModel(name="out")
        model.connect(task, name="my entry")
        model.update_weights(weights)
        task.update_output_model(weights, name="best entry")
        assert task.models["output"].keys() == ["my entry", "best entry"]
        late = reg.OutputModel(name="late")
        late.update_weights(weights)
        late.connect(task, name="late entry")
        assert late.get_all_metadata() == {}
    assert set(reg.Task.get_task(task.id).models["output"].keys()) == {"my entry", "best entry", "late entry"}


def test_ranks_that_tell_nothing(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = reg.InputModel.import_model(weights, name="net")
    monkeypatch.setenv("RANK", "1")
    with reg.task("job") as task:
        model = reg.OutputModel(task)
        model.update_weights(weights, iteration=1)
        model.report_scalar("loss", "loss", 1, 1)
        assert (model.id, model.ref, model.url, model.task, model.original_task) == ("", "", "", None, None)
        assert (model.published, model.archived, model.system_tags) == (False, False, [])
        assert (model.get_weights(), model.get_weights_package()) == (None, None)
        for one in (model, known):
            one.publish()
            one.archive()
            one.unarchive()
            assert reg.Model.remove(one)
    assert not known.published
    assert not known.row.removed


@pytest.mark.slow
def test_going_on_inherits_the_design(weights: Path) -> None:
    with reg.task("job"):
        first = reg.OutputModel(name="a/net", config_dict={"n": 1})
        first.update_weights(weights)
        second = reg.OutputModel(base_model_id=first.id)
        second.update_weights(weights)
        assert second.config_dict == {"n": 1}


def test_imports_without_a_name(weights: Path) -> None:
    other = reg.commit(weights, "other/net")
    assert reg.InputModel.import_model(weights).ref == "model:1"
    assert reg.InputModel.import_model(weights).ref == "model:1"
    refs = [reg.InputModel.import_model(url).ref for url in (
        "s3://a/m.onnx", "gs://b/m.pb", "s3://a/x/m.onnx", "gs://b/m.pb")]  # fmt: skip
    assert refs == ["m:1", "m-b:1", "m:2", "m-b:1"]
    assert reg.Model(other.id).ref == "other/net:1"


@pytest.mark.parametrize("wrong", [
    {"tags": {"a"}}, {"tags": "abc"}, {"max_results": -1}, {"metadata": {"l": [1]}}, {"model_name": "*"},
    {"project_name": "[a]"},
])  # fmt: skip
def test_what_a_query_refuses(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        reg.Model.query_models(**wrong)


@pytest.mark.parametrize("wrong", [{"weights_url": 3}, {"tags": "abc"}, {"framework": "a\nb"}, {"name": "n*t"}])
def test_what_an_import_refuses(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        reg.InputModel.import_model(**{"weights_url": S3, **wrong})
    with pytest.raises(UsageError, match="no exact name"):
        reg.InputModel(name="n?t")


@pytest.mark.slow
def test_what_an_output_refuses() -> None:
    with reg.task("job") as task:
        model = reg.OutputModel()
        for field, value in (("name", None), ("tags", "abc"), ("labels", [1]), ("framework", "a\nb"),
                             ("config_text", "\ud800"), ("config_text", 3)):  # fmt: skip
            with pytest.raises(UsageError):
                setattr(model, field, value)
        model.tags, model.labels = None, None
        given: list[dict[str, Any]] = [{"task": "x"}, {"tags": "abc"}, {"framework": "a\nb"}]
        for wrong in given:
            with pytest.raises(UsageError):
                reg.OutputModel(**wrong)
        with pytest.raises(UsageError, match="tags is the text"):
            task.set_tags("abc")


@pytest.mark.slow
def test_scalars_of_an_output_model_are_a_curve_and_end_on_its_last_version(weights: Path) -> None:
    with reg.task("job", project="p") as task:
        model = reg.OutputModel(name="out")
        model.report_scalar("loss", "train", 0.5, 1)
        model.update_weights(weights, iteration=1, async_enable=False)
        model.report_scalar("loss", "train", 0.25, 2)
        model.report_scalar("late", "late", 0.75, 1)
        model.report_single_value("loss", 3)
        assert model.row.metrics == {"loss/train": 0.5}
    assert reg.Model("p/out").row.metrics == {"loss/train": 0.5, "late": 0.75, "loss": 3}
    assert task.record.curves["loss/train"].count == 2


@pytest.mark.slow
def test_an_output_of_a_task_that_has_ended(weights: Path) -> None:
    with reg.task("job", project="p") as task:
        pass
    model = reg.OutputModel(reg.Task.get_task(task.id), name="late")
    model.update_weights(weights)
    model.report_scalar("acc", "acc", 0.5, 1)
    assert (model.task, model.row.metrics) == (task.id, {"acc": 0.5})
    with pytest.raises(UsageError, match="another task"), reg.task("other") as other:
        model.connect(other)
    with pytest.raises(UsageError, match="no task runs"):
        reg.OutputModel()


def test_without_a_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REG_DIR", str(tmp_path / "none"))
    for call in (lambda: reg.Model("a"), reg.Model.query_models, lambda: reg.InputModel(name="a")):
        with pytest.raises(reg.RegError, match="is not a registry"):
            call()


@pytest.mark.slow
def test_an_address_that_lets_one_in_is_refused() -> None:
    with pytest.raises(UsageError, match="holds a signature"):
        reg.InputModel.import_model(SIGNED, name="net")
    with reg.task("t"):
        with pytest.raises(UsageError, match="holds a signature"):
            reg.OutputModel(name="out").update_weights(register_uri=SIGNED)
        with pytest.raises(UsageError, match="the design holds a GitHub token"):
            reg.OutputModel(name="out", config_dict={"hub": {"token": PLANTED["github"]}})
    assert reg.Model.query_models() == []
