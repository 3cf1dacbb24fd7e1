"""`reg fsck`: an intact registry gives a sentence, damage gives rows with the affected models."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Reg
from tests.cli.model.test_verify import rot

WHOLE = "checked 3 entries, 3 records, 300 B in 3 blobs: no damage found\n"


def test_an_intact_registry(iris: Reg) -> None:
    result = iris("fsck")
    assert (result.out, result.err) == ("", WHOLE)
    assert iris("fsck", terminal=True).out == ""
    assert iris("fsck", "--fast").err == WHOLE.replace("300 B", "names and sizes of 300 B")
    assert iris("fsck", "--strong").err == WHOLE.replace("300 B", "SHA-256 of 300 B")


def test_damage_is_printed_by_line(iris: Reg) -> None:
    rot(iris, "iris/softmax:2")
    result = iris("fsck", code=14)
    ((kind, path, problem, models),) = (line.split("\t") for line in result.lines)
    assert (kind, problem, models) == ("blob", "does not hold the bytes it was given", "iris/softmax:2")
    assert Path(path).is_file()
    assert result.err.endswith(
        "300 B in 3 blobs: 1 damaged file, 1 version affected\nerror: 1 file is damaged\nhint: reg repair\n"
    )


def test_damage_is_drawn_by_model(iris: Reg) -> None:
    rot(iris, "iris/softmax:2")
    Path(".registry/.gitignore").unlink()
    sha256 = iris("model", "show", "iris/softmax:2", "--json").json["files"][0]["sha256"]
    head, *rows = iris("fsck", terminal=True, code=14).shown
    assert head.split() == ["what", "problem", "models"]
    assert [row.split()[:2] for row in rows] == [["layout", ".gitignore"], ["blob", sha256[:12]]]
    assert [row.split()[-1] for row in rows] == ["-", "iris/softmax:2"]


def test_a_blob_of_many_models_names_some(reg: Reg, tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(b"weights")
    reg("init")
    for name in "abcde":
        reg("model", "add", f"p/{name}", path)
    rot(reg, "p/a:1")
    assert reg("fsck", code=14).lines[0].endswith("\tp/a:1,p/b:1,p/c:1,p/d:1,p/e:1")
    assert reg("fsck", terminal=True, code=14).shown[1].split("  ")[-1].startswith("p/a:1, p/b:1, p/c:")


def test_json_is_one_object(iris: Reg) -> None:
    whole = iris("fsck", "--json").json
    assert whole == {
        "ok": True,
        "level": "default",
        "checked": {"entries": 3, "records": 3, "blobs": 3, "views": 0, "bytes": 300, "read": 300},
        "damages": [],
        "notes": [],
    }
    Path(".registry/blobs/aa/foreign").write_bytes(b"")
    rot(iris, "iris/softmax:2")
    found = iris("fsck", "--json", code=14).json
    sha256 = iris("model", "show", "iris/softmax:2", "--json").json["files"][0]["sha256"]
    assert found["damages"] == [
        {
            "kind": "blob",
            "path": str(Path(".registry/blobs", sha256[:2], sha256[2:]).absolute()),
            "problem": "does not hold the bytes it was given",
            "models": ["iris/softmax:2"],
            "blob": sha256,
            "record": None,
            "seq": None,
        }
    ]
    assert found["notes"] == ["1 file in blobs/ that reg did not put there, such as .registry/blobs/aa/foreign"]


def test_a_damaged_format_ends_as_damage_does(iris: Reg) -> None:
    path = Path(".registry/format.toml")
    path.write_text(path.read_text().replace("shared = false", "shared = true"))
    assert "format.toml was changed after it was written" in iris("fsck", code=14).err


def test_two_levels_are_one_too_many(iris: Reg) -> None:
    assert "exclude each other" in iris("fsck", "--fast", "--strong", code=2).err


def test_what_is_damaged_has_a_short_name(iris: Reg) -> None:
    view = Path(iris("model", "path", "iris/softmax:1").lines[0])
    view.unlink()
    view.write_bytes(b"rot")
    record = iris("model", "show", "iris/tuned", "--json").json["id"]
    Path(".registry/records", record[:2], f"{record[2:]}.toml").unlink()
    Path(".registry/log/000000/000002.toml").unlink()
    shown = iris("fsck", terminal=True, code=14)
    text = "\n".join(shown.shown)
    assert f"record {record[:12]} " in text
    assert "log 000002 " in text
    assert f"view {view.parent.name[:12]} " in text
    assert "not shown at this width" not in shown.err
    assert all(len(line) <= 80 for line in shown.shown)


def test_nothing_is_advised_to_be_collected_while_an_entry_is_lost(iris: Reg) -> None:
    iris("model", "remove", "iris/tuned:1")
    Path(".registry/blobs/aa").mkdir(exist_ok=True)
    Path(".registry/blobs/aa", "b" * 62).write_bytes(b"junk")
    assert "1 blob that nothing names, 4 bytes: reg gc" in iris("fsck").err
    Path(".registry/log/000000/000002.toml").unlink()
    printed = iris("fsck", code=14).err
    assert "that nothing names" in printed
    assert "reg gc" not in printed
