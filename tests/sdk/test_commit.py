"""What a training script calls: `commit` and `use`."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import registry_cli as reg
from registry_cli import env
from registry_cli.errors import NoRegistryError, NotFoundError, UsageError
from registry_cli.registry.verify import list_faults


class Scalar:
    """As a scalar of NumPy or torch looks: no number, but `item()` is one."""

    ndim = 0

    def __init__(self, value: object) -> None:
        self.value = value

    def item(self) -> object:
        return self.value


class Array(Scalar):
    """An array of one dimension."""

    ndim = 1


class Loud(float):
    """A float that prints itself otherwise, as NumPy's does."""

    def __repr__(self) -> str:
        return f"loud({float(self)})"

    __str__ = __repr__


class Size(int, enum.Enum):
    """A number with a name."""

    SMALL = 3


@pytest.fixture(autouse=True)
def registry(tmp_path: Path) -> Iterator[reg.Registry]:
    with reg.Registry.init(tmp_path) as made:
        yield made


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "out" / "model.bin"
    path.parent.mkdir()
    path.write_bytes(b"weights")
    return path


def test_commit_and_use(model: Path) -> None:
    version = reg.commit(model, "vision/resnet", metrics={"acc": 0.93})
    assert isinstance(version, reg.Version)
    assert (version.ref, str(version), version.name, version.number) == ("vision/resnet:1",) * 2 + ("vision/resnet", 1)
    assert model.read_bytes() == b"weights"
    used = reg.use("vision/resnet")
    assert used == version
    assert used.path.read_bytes() == b"weights"
    assert used.metrics == {"acc": 0.93}


def test_every_parameter(model: Path, tmp_path: Path) -> None:
    design = tmp_path / "net.json"
    design.write_text('{"layers": 3}')
    when = datetime(2026, 1, 2, tzinfo=UTC)
    base = reg.commit(model, "vision/base")
    version = reg.commit(
        str(model),
        "vision/resnet",
        metrics={"acc": 0.93, "loss": math.inf, "n": 3, "nan": math.nan},
        tags=["candidate", "b"],
        aliases=("prod",),
        parents=[base],
        metadata={"owner": "risk", "when": when, "list": [1, "a"], "table": {"deep": True}, "none": None},
        params={"lr": 0.1, "none": None},
        labels={"cat": 1, "dog": 2},
        interface={"inputs": [{"name": "x", "shape": [1, 3]}]},
        design=design,
        framework="mine",
        step=7,
        message="first",
        mode="copy",
        allow_same=True,
        registry=reg.Registry.open(tmp_path),
    )
    row = version.row
    assert (row.metrics["acc"], row.metrics["loss"], row.metrics["n"]) == (0.93, math.inf, 3)
    assert math.isnan(float(str(row.metrics["nan"])))
    assert (version.tags, version.aliases, version.labels) == (("b", "candidate"), ("prod",), {"cat": 1, "dog": 2})
    assert [(parent.id, parent.role) for parent in row.parents] == [(base.id, "base")]
    assert {**row.metadata, "weights": 0} == {
        "owner": "risk", "when": when, "list": [1, "a"], "table": {"deep": True}, "weights": 0}  # fmt: skip
    assert row.params == {"lr": 0.1}
    assert row.interface == {"inputs": [{"name": "x", "shape": [1, 3]}]}
    assert row.design is not None
    assert (row.design.media, row.design.text) == ("application/json", '{"layers": 3}')
    assert (row.framework, row.step, row.message, row.comment) == ("mine", 7, "first", "first")
    assert reg.use("vision/resnet@prod").id == version.id


def test_scalars_of_numpy_and_torch(model: Path) -> None:
    version = reg.commit(
        model, "a/m", metrics={"acc": Scalar(0.5), "loud": Loud(0.25)}, step=Scalar(7), labels={"cat": Scalar(1)},  # type: ignore[dict-item,arg-type]
        metadata={"list": [Scalar(1), Loud(0.5)], "size": Size.SMALL}, params={"lr": Scalar(0.1)},  # type: ignore[list-item,dict-item]
    )  # fmt: skip
    assert version.metrics == {"acc": 0.5, "loud": 0.25}
    assert {key: version.metadata[key] for key in ("list", "size")} == {"list": [1, 0.5], "size": 3}
    assert (version.row.params, version.row.step, version.labels) == ({"lr": 0.1}, 7, {"cat": 1})
    assert list_faults(version.registry, version.row) == []


def test_parents_by_role(model: Path) -> None:
    base, adapter = reg.commit(model, "a/base"), reg.commit(model, "a/adapter")
    by_role = reg.commit(model, "a/m", parents={"continue": "a/base:1", "adapter": adapter})
    assert [(parent.role, parent.name) for parent in by_role.row.parents] == [
        ("continue", "a/base"), ("adapter", "a/adapter")]  # fmt: skip
    by_list = reg.commit(model, "a/n", parents=["a/base", adapter, base.id[:12]])
    assert [parent.role for parent in by_list.row.parents] == ["base"] * 3
    with pytest.raises(UsageError, match="'friend' is no role"):
        reg.commit(model, "a/m", parents={"friend": base})
    with pytest.raises(NotFoundError):
        reg.commit(model, "a/m", parents=["no/body"])
    for one in ("a/base:1", base):
        with pytest.raises(UsageError, match="parents is one version") as refused:
            reg.commit(model, "a/m", parents=one)  # type: ignore[arg-type]
        assert refused.value.hint == "parents=['a/base:1']"


def test_what_is_no_parent(model: Path) -> None:
    base = reg.commit(model, "a/base")
    wrong: Any = [("continue", base)]
    with pytest.raises(UsageError, match="is no parent") as refused:
        reg.commit(model, "a/m", parents=wrong)
    assert '{"continue": base}' in refused.value.message


def test_a_text_is_no_list(model: Path) -> None:
    with pytest.raises(UsageError, match="tags is the text 'prod'") as refused:
        reg.commit(model, "a/m", tags="prod")
    assert refused.value.hint == "tags=['prod']"
    with pytest.raises(UsageError, match="aliases is the text"):
        reg.commit(model, "a/m", aliases="prod")


@pytest.mark.parametrize("given", [
    {"metrics": {"acc": "high"}},
    {"metrics": {"acc": True}},
    {"metrics": {"acc": Array([1.0])}},
    {"metrics": {"": 1}},
    {"metrics": {1: 1}},
    {"metadata": {"x": object()}},
    {"metadata": {"x": 1 << 64}},
    {"metadata": {"x": {"y": None}}},
    {"metadata": {"x": datetime(2026, 1, 1)}},
    {"metadata": {"a\nb": 1}},
    {"params": {"x": b"bytes"}},
    {"interface": {"x": {1}}},
    {"labels": {"a": 1, "b": 1}},
    {"labels": {"a": True}},
    {"labels": {"a": 1.5}},
    {"labels": {1: 1}},
    {"labels": {"a": None}},
    {"step": "seven"},
    {"step": True},
    {"step": 1 << 64},
    {"tags": ["a b"]},
    {"aliases": ["12"]},
], ids="-".join)  # fmt: skip
def test_what_cannot_be_kept_is_a_usage_error_and_nothing_is_written(
    model: Path, registry: reg.Registry, given: dict[str, Any]
) -> None:
    with pytest.raises(UsageError):
        reg.commit(model, "a/m", **given)
    assert not registry.log.exists(1)
    assert list(registry.layout.tmp.iterdir()) == []


def test_what_is_not_there(model: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        reg.commit(tmp_path / "none.bin", "a/m")
    with pytest.raises(UsageError, match="is not a model name"):
        reg.commit(model, "../up")
    for ref in ("a/m", "a/m:1", "deadbeef"):
        with pytest.raises(NotFoundError):
            reg.use(ref)
    with pytest.raises(UsageError):
        reg.use("a/m:x")


def test_a_missing_design_is_not_found(model: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"no file .*none\.json"):
        reg.commit(model, "a/m", design=tmp_path / "none.json")


def test_several_files_and_folders(model: Path, tmp_path: Path) -> None:
    (model.parent / "config.json").write_text("{}")
    folder = reg.commit(model.parent, "a/folder")
    assert [file.path for file in folder.row.files] == ["config.json", "model.bin"]
    assert sorted(path.name for path in folder.path.iterdir()) == ["config.json", "model.bin"]
    several = reg.commit([model, str(model.parent / "config.json")], "a/several")
    assert [file.path for file in several.row.files] == ["config.json", "model.bin"]


def test_modes(model: Path, tmp_path: Path) -> None:
    linked = reg.commit(model, "a/link", mode="link")
    assert linked.row.files[0].sha256 is not None
    assert linked.registry.layout.blob(linked.row.files[0].sha256).stat().st_ino == model.stat().st_ino
    other = tmp_path / "other.bin"
    other.write_bytes(b"moved")
    assert reg.commit(other, "a/move", mode="move").path.read_bytes() == b"moved"
    assert not other.exists()
    third = tmp_path / "third.bin"
    third.write_bytes(b"referred")
    referred = reg.commit(third, "a/reference", mode="reference")
    assert referred.row.files[0].url == third.as_uri()
    assert referred.path == third


def test_the_same_again_makes_no_new_version(model: Path) -> None:
    first = reg.commit(model, "a/m", metrics={"acc": 0.5})
    assert reg.commit(model, "a/m", metrics={"acc": 0.5}) == first
    assert reg.commit(model, "a/m", metrics={"acc": 0.5}, allow_same=True).number == 2
    assert reg.commit(model, "a/m", metrics={"acc": 0.6}).number == 3


def test_the_registry_is_found_as_the_command_line_finds_it(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = reg.Registry.init(tmp_path / "named")
    monkeypatch.setenv(env.REG_DIR, str(tmp_path / "named"))
    assert reg.commit(model, "a/m").registry.id == named.id
    assert reg.use("a/m").registry.id == named.id
    monkeypatch.setenv(env.REG_DIR, str(tmp_path / "gone"))
    with pytest.raises(NoRegistryError):
        reg.commit(model, "a/m")
    with pytest.raises(NoRegistryError):
        reg.use("a/m")


def test_a_version_remembers_and_compares_by_what_it_is(model: Path) -> None:
    version = reg.commit(model, "a/m", labels={"cat": 1}, metadata={"k": "v"})
    assert version.labels == {"cat": 1}
    assert version.metadata["k"] == "v"
    assert repr(version) == f"<Version {version.ref} {version.id[:12]}>"
    assert {version, reg.use(version.ref)} == {version}
    assert version != reg.commit(model, "b/n")
