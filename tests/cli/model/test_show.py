"""`reg model show`: everything about one version, for people and for programs."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Reg, run_process

KEYS = {
    "id", "name", "project", "number", "framework", "author", "created", "message", "step", "task", "size", "tags",
    "aliases", "metadata", "metrics", "params", "labels", "published", "archived", "files", "parents", "url", "design",
    "number_provisional", "publication",
}  # fmt: skip


def picture(reg: Reg, ref: str) -> str:
    return "\n".join(reg("model", "show", ref, terminal=True).shown)


def test_the_keys_of_a_version_stay(iris: Reg) -> None:
    version = iris("model", "show", "iris/tuned", "--json").json
    assert version.keys() >= KEYS
    assert version["files"][0].keys() >= {"path", "size", "xxh3", "sha256"}
    (parent,) = version["parents"]
    assert {key: parent[key] for key in ("role", "name", "number")} == {
        "role": "base",
        "name": "iris/softmax",
        "number": 1,
    }


def test_a_pipe_gets_a_line_a_field(iris: Reg) -> None:
    fields = dict(line.split("\t") for line in iris("model", "show", "iris/softmax@best").lines)
    assert fields["ref"] == "iris/softmax:1"
    assert fields["metrics.acc"] == "0.91"
    assert fields["metadata.owner"] == "risk"
    assert fields["tags"] == "baseline"
    assert "step" not in fields or fields["step"] == ""
    assert "no column `metric`" in iris("model", "show", "iris/softmax:2", "--columns", "metric", code=2).err
    assert iris("model", "show", "iris/softmax:2", "--columns", "metrics").lines == [
        "metrics.acc\t0.95",
        "metrics.loss\tnan",
    ]


def test_a_person_sees_groups(iris: Reg) -> None:
    lines = picture(iris, "iris/softmax:1").splitlines()
    assert lines[0].split() == ["iris/softmax:1", "@best", "#baseline"]
    assert lines[2].startswith("draft · Safetensors · ")
    groups = [line.split()[0] for line in lines[4:] if line[:1].strip()]
    assert groups == ["comment", "metrics", "metadata", "labels", "files", "design"]
    assert max(map(len, lines)) <= 80


def test_a_sealed_version_is_marked(iris: Reg) -> None:
    iris("model", "publish", "iris/tuned:1")
    shown = picture(iris, "iris/tuned")
    assert "published · " in shown
    assert "sealed by" in shown
    assert "base  iris/softmax:1" in shown


def test_a_metric_that_was_edited_after_publishing_shows_the_sealed_value(iris: Reg) -> None:
    assert iris("model", "show", "iris/softmax:2", "--json").json["sealed"] is None
    iris("model", "publish", "iris/softmax:1", "iris/softmax:2")
    assert iris("model", "show", "iris/softmax:2", "--json").json["sealed"] == {"metrics": {}}
    assert "sealed:" not in picture(iris, "iris/softmax:2")
    iris("model", "edit", "iris/softmax:2", "--set", "metrics.acc=0.99", "--set", "metrics.auc=0.5")
    iris("model", "edit", "iris/softmax:1", "--unset", "metrics.acc")
    shown = iris("model", "show", "iris/softmax:2", "--json").json
    assert (shown["metrics"]["acc"], shown["sealed"]) == (0.99, {"metrics": {"acc": 0.95, "auc": None}})
    assert "sealed.metrics.acc\t0.95" in iris("model", "show", "iris/softmax:2").lines
    lines = [line.removeprefix("metrics").split() for line in picture(iris, "iris/softmax:2").splitlines()]
    assert ["acc", "0.99", "sealed:", "0.95"] in lines
    assert ["auc", "0.5", "sealed:", "none"] in lines
    assert ["loss", "nan"] in lines
    assert "acc  -  sealed: 0.91" in picture(iris, "iris/softmax:1")


def test_a_long_design_is_cut_and_whole_when_asked_for(iris: Reg, tmp_path: Path) -> None:
    text = "".join(f"layer {n}: {'wide ' * 40}\n" for n in range(60))
    (tmp_path / "net.txt").write_text(text)
    iris("model", "edit", "iris/tuned:1", "--design", "net.txt")
    assert "--design" in picture(iris, "iris/tuned")
    assert iris("model", "show", "iris/tuned", "--design").out == text
    (tmp_path / "net.txt").write_text(text[:3000])
    iris("model", "edit", "iris/tuned:1", "--design", "net.txt")
    assert picture(iris, "iris/tuned").count("layer") == 8
    assert run_process("model", "show", "iris/tuned", "--design").stdout.decode() == text[:3000]
    assert "no design" in iris("model", "show", "iris/softmax:2", "--design", code=11).err


def test_a_hostile_comment_cannot_command_the_terminal(iris: Reg) -> None:
    iris("model", "edit", "iris/tuned:1", "--comment", "a\x1b[2Jb", "--set", "metadata.x=\x1b]0;t")
    assert "\x1b[2J" not in iris("model", "show", "iris/tuned", terminal=True).out
    assert "\x1b]0" not in iris("model", "show", "iris/tuned", terminal=True).out


def test_a_miss_names_near_ones(iris: Reg) -> None:
    assert (
        "error: no model named `iris/sofmax`: did you mean iris/softmax?\nhint: reg model list\n"
        in iris("model", "show", "iris/sofmax", code=11).err
    )
    assert iris("model", "show", "iris/softmax:9", code=11).err
    assert iris("model", "show", "iris/softmax@prod", code=11).err
    assert '"kind": "not-found"' in iris("model", "show", "nope/x", "--json", code=11).err
