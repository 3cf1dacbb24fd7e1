"""`reg repair`: its output and its exit codes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Reg


def spoil(reg: Reg, ref: str) -> Path:
    """Corrupt the only blob of a version and return it."""
    sha256 = reg("model", "show", ref, "--json").json["files"][0]["sha256"]
    blob = Path(".registry", "blobs", sha256[:2], sha256[2:])
    blob.chmod(0o644)
    blob.write_bytes(bytes(blob.stat().st_size))
    return blob


@pytest.mark.slow
def test_nothing_to_repair(iris: Reg) -> None:
    done = iris("repair")
    assert done.out == ""
    assert done.err.startswith("nothing to repair: ")
    assert iris("repair", "--json").json == {"dry_run": False, "mended": [], "lost": [], "orphans": []}


@pytest.mark.slow
def test_lost_bytes_are_reported_until_they_are_back(iris: Reg, tmp_path: Path) -> None:
    shutil.copytree(".registry", "backup/.registry")
    blob = spoil(iris, "iris/softmax:1")
    planned = iris("repair", "--dry-run", code=14)
    assert planned.lines[0].split("\t")[0] == "lost"
    assert blob.exists()
    assert iris("repair", "--dry-run", "--from", "backup").lines[0].split("\t")[0] == "would mend"
    done = iris("repair", code=14)
    assert done.out.startswith("lost\tblob\t")
    assert done.out.endswith(f"\tiris/softmax:1\t{blob}\n")
    assert "1 file is lost in this copy; partial: iris/softmax:1" in done.err
    assert "; --from mends it from a copy of the registry\nhint: reg repair --help\n" in done.err
    assert iris("model", "show", "iris/softmax:1", "--json").json["partial"] == ["1.safetensors"]
    assert "partial" in "".join(iris("model", "show", "iris/softmax:1", terminal=True).shown)
    assert iris("model", "show", "iris/softmax:2", "--json").json["partial"] == []
    assert iris("model", "verify", "iris/softmax:1", code=14).out.split("\t")[1] == "partial"
    assert "iris/softmax:1 is partial" in iris("model", "get", "iris/softmax:1", "out", code=14).err
    assert "partial" not in iris("model", "query", "--json").json[0]
    assert "known to be lost" in iris("fsck", code=14).err
    status = iris("status", "--json")
    assert (status.json["lost"], "hint: reg repair\n" in status.err) == (1, True)
    assert "1 file of this copy" in "".join(iris("status", terminal=True).shown)
    (row,) = iris("repair", terminal=True, code=14).shown[1:]
    assert row.split()[:3] == ["lost", "blob", blob.parent.name + blob.name[:10]]
    mended = iris("repair", "--from", "backup", "--json").json
    assert [row["how"] for row in mended["mended"]] == ["copied from the other registry"]
    assert mended["mended"][0]["models"] == ["iris/softmax:1"]
    assert iris("model", "show", "iris/softmax:1", "--json").json["partial"] == []
    assert iris("status", "--json").json["lost"] == 0
    iris("fsck")


@pytest.mark.slow
def test_a_lost_entry_gives_a_warning(iris: Reg) -> None:
    slot = Path(".registry/log/000000/000002.toml")
    slot.unlink()
    Path(".registry/cache/index.sqlite").unlink()
    done = iris("repair", code=14)
    assert done.out.startswith("lost\tlog\t")
    assert done.out.endswith(f"\t{slot}\n")
    assert "have other numbers" in done.err
    assert "records that no entry names" in done.err
    assert iris("repair").out == ""
    assert [row["name"] for row in iris("model", "list", "--json").json] == ["iris/softmax", "iris/tuned"]


@pytest.mark.slow
def test_registry_that_cannot_be_opened(iris: Reg) -> None:
    Path(".registry/format.toml").write_text("layout = 1\n")
    iris("status", code=14)
    assert iris("repair", "--dry-run").out.startswith("would mend\tformat\tmade again with the id that the index knows")
    assert iris("repair", terminal=True).out
    iris("status")
    iris("--registry", ".registry", "repair")


def test_refusals(reg: Reg) -> None:
    reg("repair", code=10)
    reg("init")
    reg("repair", "--from", ".", code=2)
    reg("repair", "--from", "nowhere", code=10)
