"""`reg model get`: the bytes come out unchanged, and no file of the user is replaced unasked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Reg, run_process


def test_into_a_folder_or_here(iris: Reg, tmp_path: Path) -> None:
    assert iris("model", "get", "iris/softmax:1", "./here").lines == ["here/1.safetensors"]
    assert (tmp_path / "here/1.safetensors").read_bytes() == (tmp_path / "in/1.safetensors").read_bytes()
    assert iris("model", "get", "iris/tuned").lines == ["3.safetensors"]
    assert (tmp_path / "3.safetensors").exists()


def test_an_identical_file_is_left_alone_and_another_needs_force(iris: Reg, tmp_path: Path) -> None:
    iris("model", "get", "iris/tuned", "here")
    again = iris("model", "get", "iris/tuned", "here")
    assert (again.lines, again.err) == (["here/3.safetensors"], "unchanged: here/3.safetensors\n")
    (tmp_path / "here/3.safetensors").write_bytes(b"mine")
    assert "--force" in iris("model", "get", "iris/tuned", "here", code=13).err
    assert (tmp_path / "here/3.safetensors").read_bytes() == b"mine"
    iris("model", "get", "iris/tuned", "here", "--force")
    assert (tmp_path / "here/3.safetensors").read_bytes() == (tmp_path / "in/3.safetensors").read_bytes()


def test_several_each_into_a_folder_of_its_own(iris: Reg) -> None:
    got = iris("model", "get", "iris/softmax:1", "iris/tuned", "--to", "all")
    assert got.lines == ["all/iris/softmax-1/1.safetensors", "all/iris/tuned-1/3.safetensors"]
    refused = iris("model", "get", "iris/softmax:1", "iris/tuned", "x", code=2).err
    assert "hint: reg model get iris/softmax:1 iris/tuned x --to .\n" in refused
    ids = iris("model", "query", "-q").out
    assert len(iris("model", "get", "-", "--to", "more", stdin=ids).lines) == 3
    refused = iris("model", "get", "-", stdin=ids, code=2).err
    assert f"hint: reg model get {' '.join(ids.split())} --to .\n" in refused
    assert iris("model", "get", "-", "--to", "none", stdin="").out == ""


@pytest.mark.parametrize("second", ["iris/tuned:9", "iris/softmax@none", "gamma:1"])
def test_an_address_of_no_version_is_not_called_one(iris: Reg, tmp_path: Path, second: str) -> None:
    refused = iris("model", "get", "iris/softmax:1", second, code=2).err
    assert refused.startswith(f"error: `{second}` has the form of an address, but no version has it; ")
    assert f"hint: reg model get iris/softmax:1 ./{second}\n" in refused
    assert not (tmp_path / second).exists()
    assert iris("model", "get", "iris/softmax:1", f"./{second}").lines == [f"{second}/1.safetensors"]


@pytest.mark.parametrize("second", ["iris/tuned:1", "iris/softmax@best", "iris/tuned"])
def test_a_second_version_is_no_folder(iris: Reg, tmp_path: Path, second: str) -> None:
    refused = iris("model", "get", "iris/softmax:1", second, code=2).err
    assert f"hint: reg model get iris/softmax:1 {second} --to .\n" in refused
    assert not (tmp_path / second).exists()
    assert iris("model", "get", "iris/softmax:1", f"./{second}").lines == [f"{second}/1.safetensors"]
    assert iris("model", "get", "iris/softmax:1", second).lines == [f"{second}/1.safetensors"]
    assert iris("model", "get", "iris/softmax", "iris/softmax").lines == ["iris/softmax/2.safetensors"]


def test_one_file_by_another_name(iris: Reg, tmp_path: Path) -> None:
    assert iris("model", "get", "iris/tuned", "-o", "m.bin", "--json").json[0]["path"] == "m.bin"
    assert (tmp_path / "m.bin").read_bytes() == (tmp_path / "in/3.safetensors").read_bytes()
    iris("model", "add", "iris/all", "in")
    assert "3 files, not one" in iris("model", "get", "iris/all", "-o", "x", code=2).err
    assert "takes one version" in iris("model", "get", "iris/tuned", "iris/softmax", "-o", "x", code=2).err


@pytest.mark.sweep(2)
@pytest.mark.parametrize("output", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_raw_bytes_on_standard_output_and_nothing_else(output: str, iris: Reg, tmp_path: Path) -> None:
    done = run_process("model", "get", "iris/tuned", "-o", output)
    assert (done.stdout, done.stderr) == ((tmp_path / "in/3.safetensors").read_bytes(), b"")


def test_a_pipe_or_device_is_written_into_and_a_link_is_not(iris: Reg, tmp_path: Path) -> None:
    assert iris("model", "get", "iris/tuned", "-o", "/dev/null").lines == ["/dev/null"]
    (tmp_path / "link").symlink_to("elsewhere")
    for words in ([], ["--force"]):
        refused = iris("model", "get", "iris/tuned", "-o", "link", *words, code=13).err
        assert "link is a link to elsewhere" in refused
        assert ": name that file, or remove the link\nhint: rm " in refused
        assert "in is a folder" in iris("model", "get", "iris/tuned", "-o", "in", *words, code=13).err
    assert not (tmp_path / "elsewhere").exists()


def test_a_referenced_file_that_changed_is_refused(iris: Reg, tmp_path: Path) -> None:
    there = tmp_path / "there.bin"
    there.write_bytes(b"some bytes")
    iris("model", "add", "iris/there", there, "--reference")
    there.write_bytes(b"other bytes")
    assert "changed" in iris("model", "get", "iris/there", "here", code=14).err
