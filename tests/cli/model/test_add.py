"""`reg model add`: files, folders, standard input and addresses become versions; nonsense is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from registry_cli.store import files
from tests.cli.conftest import Reg, run_process, write_weights
from tests.observers import Recorder


@pytest.fixture
def empty(reg: Reg, tmp_path: Path) -> Reg:
    reg("init")
    write_weights(tmp_path / "m.safetensors")
    return reg


def test_a_version_has_the_given_fields(iris: Reg) -> None:
    version = iris("model", "show", "iris/softmax:1", "--json").json
    assert version["metrics"] == {"acc": 0.91}
    assert version["tags"] == ["baseline"]
    assert version["aliases"] == ["best"]
    assert version["metadata"]["owner"] == "risk"
    assert version["labels"] == {"setosa": 0}
    assert version["message"] == version["comment"] == "first try"
    assert version["design"]["text"] == '{"units": 3}\n'
    assert version["files"][0]["path"] == "1.safetensors"
    assert version["author"] == "tester"


def test_it_prints_the_ref_and_the_id(empty: Reg) -> None:
    ref, made = empty("model", "add", "a/b", "m.safetensors").out.rstrip("\n").split("\t")
    assert (ref, len(made)) == ("a/b:1", 64)
    assert empty("model", "add", "a/b", "m.safetensors", "-q").out == f"{made}\n"


def test_an_unchanged_model_makes_no_new_version(iris: Reg) -> None:
    again = iris("model", "add", "iris/tuned", "in/3.safetensors")
    assert again.out.startswith("iris/tuned:1\t")
    assert again.err == "unchanged: iris/tuned:1 has the same files and fields\n"
    assert iris("model", "add", "iris/tuned", "in/3.safetensors", "--allow-same").out.startswith("iris/tuned:2\t")


def test_a_folder_is_one_version(iris: Reg, tmp_path: Path) -> None:
    write_weights(tmp_path / "in" / "deep" / "4.safetensors")
    iris("model", "add", "iris/all", "in")
    paths = [file["path"] for file in iris("model", "show", "iris/all", "--json").json["files"]]
    assert paths == ["1.safetensors", "2.safetensors", "3.safetensors", "deep/4.safetensors"]


@pytest.mark.parametrize("name", ["a:b.bin", "\\x.bin"])
def test_a_drive_letter_or_backslash_is_part_of_a_name(empty: Reg, tmp_path: Path, name: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(b"some bytes")
    os.link(tmp_path / "in" / name, tmp_path / name)
    empty("model", "add", "a/folder", "in")
    empty("model", "add", "a/file", name)
    assert "a/file:1\t" in empty("model", "find", name).out
    empty("model", "get", "a/folder", "got")
    assert (tmp_path / "got" / name).read_bytes() == b"some bytes"
    assert Path(empty("model", "path", "a/file").out.rstrip("\n")).read_bytes() == b"some bytes"
    assert "\tok\t" in empty("model", "verify", "a/folder").out
    assert empty("fsck").code == 0


@pytest.mark.slow
def test_standard_input_has_the_name_it_is_given(empty: Reg) -> None:
    done = run_process("model", "add", "x/y", "-", "--filename", "model.bin", data=b"some bytes")
    assert done.stdout.startswith(b"x/y:1\t"), done.stderr
    (file,) = empty("model", "show", "x/y", "--json").json["files"]
    assert (file["path"], file["size"]) == ("model.bin", 10)


def test_an_address_is_stored_and_not_fetched(empty: Reg) -> None:
    name = "My Project/Input Model with Network Design"
    empty("model", "add", name, "--url", "https://example.org/model.pth")
    version = empty("model", "show", name, "--json").json
    assert version["url"] == "https://example.org/model.pth"
    assert version["files"][0]["sha256"] is None


def test_a_snapshot_of_the_hub_keeps_its_repository_and_revision(empty: Reg, tmp_path: Path) -> None:
    blob = write_weights(tmp_path / "hub" / "models--org--bert" / "blobs" / "abc")
    snapshot = tmp_path / "hub" / "models--org--bert" / "snapshots" / "rev1"
    snapshot.mkdir(parents=True)
    (snapshot / "model.safetensors").symlink_to(blob)
    empty("model", "add", "hub/bert", snapshot, "--link")
    assert empty("model", "show", "hub/bert", "--columns", "metadata.hub").lines == [
        "metadata.hub.repo\torg/bert",
        "metadata.hub.revision\trev1",
    ]


def test_the_file_stays_or_goes(empty: Reg, tmp_path: Path) -> None:
    empty("model", "add", "a/ref", "m.safetensors", "--reference")
    assert empty("model", "show", "a/ref", "--json").json["url"] == (tmp_path / "m.safetensors").as_uri()
    empty("model", "add", "a/moved", "m.safetensors", "--move")
    assert not (tmp_path / "m.safetensors").exists()


def test_the_same_alias_in_another_case_is_no_change(empty: Reg) -> None:
    empty("model", "add", "a/b", "m.safetensors", "--alias", "prod")
    assert "unchanged: a/b:1" in empty("model", "add", "a/b", "m.safetensors", "--alias", "PROD").err


def test_numbers_of_metrics_and_text_of_metadata(empty: Reg) -> None:
    metrics = [word for pair in ("a=1.10", "b=1e-3", "c=nan", "d=-inf", "e=3") for word in ("--metric", pair)]
    empty("model", "add", "a/b", "m.safetensors", *metrics, "--meta", "v=1.10", "--meta", "l:=[1, 2]", "--param", "n=7")
    shown = empty("model", "show", "a/b", "--columns", "metrics,metadata.v,metadata.l,params").out
    assert shown.split() == ["metrics.a", "1.1", "metrics.b", "0.001", "metrics.c", "nan", "metrics.d", "-inf",
                             "metrics.e", "3", "metadata.v", "1.10", "metadata.l", "1,2", "params.n", "7"]  # fmt: skip


def test_a_parent_without_a_role_is_a_base(iris: Reg) -> None:
    iris("model", "add", "iris/both", "in/1.safetensors", "--parent", "iris/softmax:2", "--parent", "merge=iris/tuned")
    parents = iris("model", "show", "iris/both", "--json").json["parents"]
    assert [(parent["role"], parent["name"], parent["number"]) for parent in parents] == [
        ("base", "iris/softmax", 2),
        ("merge", "iris/tuned", 1),
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "missing argument `PATH`"),
        (["m.safetensors", "--metric", "auc"], "'auc' has no value"),
        (["m.safetensors", "--metric", "auc>=0.9"], "is a comparison"),
        (["m.safetensors", "--metric", "auc=high"], "a metric is a number"),
        (["m.safetensors", "--metric", "auc:=null"], "a metric is a number"),
        (["m.safetensors", "--metric", "auc=1", "--metric", "auc=2"], "--metric auc is given twice"),
        (["m.safetensors", "--metric", "auc=1", "--metric", "auc=1"], "--metric auc is given twice"),
        (["m.safetensors", "--meta", "a=1", "--meta", "a:=[2]"], "--meta a is given twice"),
        (["m.safetensors", "--param", "a=1", "--param", "a=2"], "--param a is given twice"),
        (["m.safetensors", "--label", "a=1", "--label", "a=2"], "--label a is given twice"),
        (["m.safetensors", "--metric", "auc=1e400"], "auc is 1e400: the largest number is about 1.8e308"),
        (["m.safetensors", "--metric", "auc:=-1e400"], "auc is -1e400: the largest number is about 1.8e308"),
        (["m.safetensors", "--meta", "a:=[1e999]"], "a is 1e999: the largest number is about 1.8e308"),
        (["m.safetensors", "--meta", "owner"], "'owner' has no value"),
        (["m.safetensors", "--meta", "x:=["], "--meta x:"),
        (["m.safetensors", "--label", "cat"], "not a label with its number"),
        (["m.safetensors", "--label", "cat=1.5"], "not a label with its number"),
        (["m.safetensors", "--label", "a=1", "--label", "b=1"], "have one id"),
        (["m.safetensors", "--parent", "bass=a/b"], "no role"),
        (["m.safetensors", "--tag", "a b"], "not a tag"),
        (["m.safetensors", "--alias", "12"], "not an alias"),
        (["m.safetensors", "--link", "--move"], "exclude each other"),
        (["m.safetensors", "--filename", "x"], "--filename names standard input"),
        (["m.safetensors", "--url", "https://example.org/x"], "--url says where"),
        (["-"], "one file without a name"),
        (["-", "m.safetensors", "--filename", "x"], "standard input is one file"),
        (["--url", "nonsense"], "names no file"),
    ],
)
def test_nonsense_is_refused_and_changes_nothing(empty: Reg, words: list[str], message: str) -> None:
    result = empty("model", "add", "a/b", *words, code=2)
    assert message in result.err
    assert empty("model", "list").out == ""


def test_a_missing_file_is_named(empty: Reg) -> None:
    assert "no file or folder nope.pt" in empty("model", "add", "a/b", "nope.pt", code=11).err
    assert "net.json" in empty("model", "add", "a/b", "m.safetensors", "--design", "net.json", code=11).err


@pytest.mark.parametrize("name", ["../x", "/x", "a//b", "a\tb", "x" * 201, "cafe", "a:b", "a@b", "a=b"])
def test_a_bad_name_is_refused(empty: Reg, name: str) -> None:
    assert "is not a model name" in empty("model", "add", name, "m.safetensors", code=2).err


def test_without_a_registry(reg: Reg) -> None:
    assert "hint: reg init" in reg("model", "add", "a/b", "x", code=10).err


def test_a_file_that_changed_while_it_was_moved_stays_with_a_warning(reg: Reg, tmp_path: Path) -> None:
    reg("init")
    source = tmp_path / "last.pt"
    source.write_bytes(b"first")
    os.link(source, tmp_path / "other name")

    class AtCommit(Recorder):
        def after(self, op: str, path: str, detail: object) -> None:
            if op == "link" and "/log/" in str(detail):
                source.unlink()
                source.write_bytes(b"next")

    with files.open_observer(AtCommit()):
        assert (
            "warning: last.pt stays: it was changed or replaced" in reg("model", "add", "a/b", "last.pt", "--move").err
        )
    assert source.read_bytes() == b"next"
