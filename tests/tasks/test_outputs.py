from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.dataclass import replace
from registry_cli.ids import line_key
from registry_cli.records.task import Recipe
from registry_cli.tasks.outputs import OutputNames, find_stem, name_output
from tests.tasks.making import describe

TASK = describe("fit")
CWD = Path("/w")


def named(patterns: list[str], *paths: str) -> list[str]:
    names = OutputNames(patterns, CWD)
    found = [names.name(TASK, CWD / path) for path in paths]
    assert found == [names.name(TASK, CWD / path) for path in paths]
    return [name.removeprefix("iris/fit/") for name in found]


@pytest.mark.parametrize(("name", "stem"), [
    ("model.pt", "model"), ("lr0.1.pt", "lr0.1"), ("lr0.1", "lr0.1"), ("m.tar.gz", "m"), ("m.tar.zst", "m"),
    ("model.safetensors.index.json", "model"), ("scan.nii.gz", "scan"), ("lr0.1.pkl.gz", "lr0.1"), ("v1.2.gz", "v1.2"),
    (".x", "x"), (".x.pt", "x"), ("a.7z", "a"), ("Qwen2.5-0.5B", "Qwen2.5-0.5B"), ("x.", "x."), ("...", "..."),
    ("epoch=1-loss=0.25.ckpt", "epoch=1-loss=0.25"), ("folder", "folder"), (".tar.gz", "tar"),
    ("checkpoint.pth.tar", "checkpoint"), ("model_best.pt.tar", "model_best"), ("data.tar", "data"), ("v.b.tar", "v.b"),
])  # fmt: skip
def test_stems(name: str, stem: str) -> None:
    assert find_stem(name) == stem


def test_the_name_of_an_output() -> None:
    assert name_output(TASK, Path("out/lr0.1.pt")) == "iris/fit/lr0.1"
    assert name_output(replace(TASK, project="a/b", name="x y:z"), Path(".m")) == "a/b/x y-z/m"
    assert name_output(replace(TASK, recipe=Recipe(("x",), model="p/q")), Path("m.pt")) == "p/q"


def test_a_wildcard_among_folders_tells_them() -> None:
    assert named(["out/*/m.pt"], "out/r1/m.pt", "out/r2/m.pt") == ["r1/m", "r2/m"]
    assert named(["out/**/*.pt"], "out/m.pt", "out/a/b/m.pt") == ["m", "a/b/m"]
    assert named(["out/*.pt"], "out/m.pt") == ["m"]
    assert named(["out/*/"], "out/step-1", "out/step-2") == ["step-1", "step-2"]


def test_two_paths_have_two_names() -> None:
    assert named(["*"], "m.pt", "m.onnx", "M.bin") == ["m", "m.onnx", "M.bin"]
    assert named(["a/*.pt", "b/*.pt"], "b/m.pt", "a/m.pt") == ["m", "a/m"]
    assert named(["*"], "/x/m.pt", "/y/m.pt", "/y/m,pt", "/y/m:pt") == ["m", "y/m", "m-pt", "y/m-pt"]


def test_paths_that_are_spelt_out_have_names_in_whatever_order_they_come() -> None:
    patterns = ["r1/m.pt", "r2/m.pt", "m.onnx", "*.bin"]
    paths = ["r1/m.pt", "r2/m.pt", "m.onnx", "m.bin"]
    assert named(patterns, *paths) == ["m", "r2/m", "m.onnx", "m.bin"]
    assert named(patterns, *reversed(paths)) == ["m.bin", "m.onnx", "r2/m", "m"]


def test_long_names_keep_their_end() -> None:
    long = replace(TASK, project="p" * 190, name="t" * 190)
    deep = "/".join(["d" * 50] * 5)
    names = OutputNames(["out/**/*.pt"], CWD)
    found = {names.name(long, CWD / "out" / deep / f"{'x' * 90}{at}.pt") for at in range(3)}
    assert len(found) == 3
    assert all(len(name) <= 200 and name.startswith("ppp") for name in found)


WORDS = st.text(min_size=1, max_size=8).filter(lambda text: not {"/", "\0"} & set(text) and text.strip("."))


@given(st.lists(st.lists(WORDS, min_size=1, max_size=3), max_size=8), st.sampled_from(["**", "*/*", "a", "*"]))
def test_whatever_files_are_called_no_two_share_a_name(files: list[list[str]], pattern: str) -> None:
    names = OutputNames([pattern], CWD)
    paths = {CWD.joinpath(*parts) for parts in files}
    assert len({line_key(names.name(TASK, path)) for path in paths}) == len(paths)


def test_names_that_are_no_text() -> None:
    assert named(["*"], os.fsdecode(b"b\xff.pt"), os.fsdecode(b"b\xfe.pt")) == ["b-", "b-.pt"]
