"""`reg log --auto`: saves and loads of frameworks. `pickle` stands for them, since it is always there."""

from __future__ import annotations

import os
import pickle
import shlex
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from registry_cli import env
from registry_cli.records.task import Auto, Input, Recipe
from registry_cli.registry.api import Registry
from tests.cli.conftest import Reg
from tests.cli.lab import Lab
from tests.registry.making import add
from tests.tasks.making import draft

SCRIPT = """
import os, pickle
with open("base.pkl", "rb") as file:
    weight = pickle.load(file)["weight"]
for step in range(3):
    with open(f"net-step{step}.pkl", "wb") as file:
        pickle.dump({"weight": weight + step}, file)
print("weight", weight)
"""


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    lab = Lab(tmp_path / "work")
    lab.write("train.py", SCRIPT)
    lab.git("commit", "-qam", "pickles")
    for name, weight in (("base", 1), ("other", 10)):
        (lab.root / f"{name}.pkl").write_bytes(pickle.dumps({"weight": weight}))
        lab.reg("model", "add", "toy/base", f"{name}.pkl")
    return lab


# --- options ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (
            "--auto-off piclke",
            "`piclke` is not a framework that is logged automatically: did you mean pickle?",
            "hint: reg help autolog",
        ),
        (
            "--auto-only torch=*.pt",
            "`torch` is not a framework that is logged automatically: did you mean pytorch?",
            "hint: reg help autolog",
        ),
        ("--auto-only pytorch", "--auto-only pytorch names no files: write pytorch=GLOB", "hint: reg help autolog\n"),
        ("--auto-only pytorch=", "pytorch is", "a glob of files"),
        (
            "--auto-only xgboost=a* --auto-off xgboost",
            "xgboost is both filtered and off: give one of --auto",
            "hint: reg help autolog\n",
        ),
        ("--keep 'last 3, best two'", "best two", ""),
        ("--auto-loads some", "`some` is not one of `known`, `all`, `none`", ""),
    ],
    ids=lambda value: value.partition(" ")[0] if value.startswith("--") else "",
)
def test_mistakes(reg: Reg, tmp_path: Path, words: str, message: str, hint: str) -> None:
    Registry.init(tmp_path).close()
    result = reg("log", *shlex.split(words), "--", "true", code=2)
    assert message in result.err
    assert hint in result.err
    assert reg("task", "list", "-q").out == ""


def test_a_bad_rule_shows_its_place(reg: Reg, tmp_path: Path) -> None:
    Registry.init(tmp_path).close()
    shown = reg("log", "--keep", "last 3, best two max(metrics.a)", "--", "true", code=2).err.splitlines()
    rule, mark = next((one, two) for one, two in pairwise(shown) if two.strip(" ^") == "")
    assert rule[mark.index("^") :].startswith("two")


@pytest.mark.slow
def test_the_flag_takes_no_word(lab: Lab) -> None:
    assert lab.log("--auto", "--", "echo", "--auto", "--").stdout == b"--auto --\n"
    assert lab.task().recipe.argv == ("echo", "--auto", "--")
    assert lab.task().recipe.auto == Auto()


@pytest.mark.sweep(6)
@pytest.mark.parametrize(
    ("words", "auto"),
    [
        ((), None),
        (("--auto",), Auto()),
        (("--auto-loads", "none"), Auto(loads="none")),
        (("--keep", "last 3"), Auto(keep="last 3")),
        (("--auto-off", "scikit", "--auto-off", "hydra"), Auto({"scikit": False})),
        (("--auto-off", "scikit", "--auto-off", "scikit"), Auto({"scikit": False})),
        (("--auto-only", "pytorch=a=*.pt", "--auto-only", "pytorch=x/*.pt"), Auto({"pytorch": ("a=*.pt", "x/*.pt")})),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_an_option_implies_it(lab: Lab, words: tuple[str, ...], auto: Auto | None) -> None:
    lab.log(*words, "--", "true")
    assert lab.task().recipe.auto == auto


# --- display ----------------------------------------------------------------------------------------------------------


def test_how_it_is_shown(reg: Reg, tmp_path: Path) -> None:
    auto = Auto({"pytorch": ("final*.pt", "x/\x1b.pt"), "scikit": False, "onnx": True}, keep="last 3")
    with Registry.init(tmp_path) as registry:
        base = add(registry, "toy/base", b"base")
        inputs = (Input("base", base.id, base.ref, "in/\x1bbase.pt"), Input("plain", base.id, base.ref))
        draft(registry, "logged", recipe=Recipe(("true",), auto=auto), inputs=inputs)
        draft(registry, "plain")
        draft(registry, "all", recipe=Recipe(("true",), auto=Auto()))
    lines = reg("task", "show", "logged", terminal=True).shown
    printed = next(" ".join([*line.split()[1:], *after.split()]) for line, after in pairwise(lines)
                if line.startswith("auto "))  # fmt: skip
    assert printed == "onnx on, pytorch=final*.pt or x/\\x1b.pt, scikit off, loads known, keep last 3"
    assert ["inputs", "base", "toy/base:1", "from", "in/\\x1bbase.pt"] in [line.split() for line in lines]
    assert ["plain", "toy/base:1"] in [line.split() for line in lines]
    assert max(map(len, lines)) <= 80
    assert ["auto", "loads", "known"] in [line.split() for line in reg("task", "show", "all", terminal=True).shown]
    shown = reg("task", "show", "logged", "--json").json
    assert [one["path"] for one in shown["inputs"]] == ["in/\x1bbase.pt", None]
    assert shown["auto"] == {
        "frameworks": {"pytorch": ["final*.pt", "x/\x1b.pt"], "scikit": False, "onnx": True},
        "loads": "known",
        "keep": "last 3",
    }
    assert "auto.frameworks.scikit\tfalse" in reg("task", "show", "logged").lines
    assert reg("task", "show", "plain", "--json").json["auto"] is None
    assert not [line for line in reg("task", "show", "plain").lines if line.startswith("auto")]
    assert not [line for line in reg("task", "show", "plain", terminal=True).shown if line.startswith("auto")]


def test_completion(reg: Reg) -> None:
    def offered(*words: str) -> list[str]:
        return [line.partition("\t")[0] for line in reg("__complete", "fish", "log", *words).lines]

    assert offered("--auto-off", "sc") == ["words", "scikit"]
    assert offered("--auto-only", "py") == ["nospace", "pytorch="]
    assert offered("--auto-loads", "") == ["words", "known", "all", "none"]
    assert reg("__complete", "fish", "config", "get", "auth").lines[1].startswith("author\t")


# --- a run from end to end --------------------------------------------------------------------------------------------


def test_a_run_its_clone_and_its_redirect(lab: Lab) -> None:
    done = lab.log("--auto", "--name", "first", "--project", "toy", "--", "python", "train.py")
    assert done.stdout == b"weight 1\n"
    assert done.stderr.endswith(b"; kept toy/first/net-step:3 and 2 before it\n")
    shown = lab.json("task", "show", "first")
    made = [f"toy/first/net-step:{number}" for number in (1, 2, 3)]
    assert [one["ref"] for one in shown["outputs"]] == made
    assert [(one["name"], one["ref"], one["path"]) for one in shown["inputs"]] == [("base", "toy/base:1", "base.pkl")]
    assert [lab.json("model", "show", ref)["step"] for ref in made] == [0, 1, 2]
    version = lab.json("model", "show", made[2])
    assert [(one["role"], one["name"], one["number"]) for one in version["parents"]] == [("input", "toy/base", 1)]
    kept = lab.reg("model", "get", made[2], "got").stdout.decode().strip()
    assert pickle.loads((lab.root / kept).read_bytes()) == {"weight": 3}

    lab.reg("task", "clone", "first", "--name", "second", "--input", "base=toy/base:2")
    assert lab.reg("task", "run", "second", "--here").stdout == b"weight 10\n"
    [given] = lab.task("second").inputs
    assert (given.name, given.ref, given.path) == ("base", "toy/base:2", "base.pkl")
    parents = lab.json("model", "show", "toy/second/net-step:3")["parents"]
    assert [(one["name"], one["number"]) for one in parents] == [("toy/base", 2)]
    assert pickle.loads((lab.root / "base.pkl").read_bytes()) == {"weight": 1}


@pytest.mark.slow
def test_filters_and_retention(lab: Lab) -> None:
    lab.log("--auto-only", "pickle=net-step[01].pkl", "--keep", "last 1", "--name", "few", "--", "python", "train.py")
    assert [one["ref"] for one in lab.json("task", "show", "few")["outputs"]] == ["work/few/net-step:2"]
    lab.log("--auto-off", "pickle", "--name", "none", "--", "python", "train.py")
    task = lab.json("task", "show", "none")
    assert (task["outputs"], task["inputs"]) == ([], [])
    lab.log("--auto-loads", "none", "--name", "blind", "--", "python", "train.py")
    assert lab.json("task", "show", "blind")["inputs"] == []


@pytest.mark.slow
def test_loads_of_unknown_content(lab: Lab) -> None:
    (lab.root / "base.pkl").write_bytes(pickle.dumps({"weight": 5}))
    lab.log("--auto-loads", "all", "--name", "all", "--", "python", "train.py")
    assert [one["ref"] for one in lab.json("task", "show", "all")["inputs"]] == ["work/inputs/base:1"]


@pytest.mark.slow
def test_a_variable_turns_it_off(lab: Lab) -> None:
    lab.run("env", f"{env.REG_AUTOLOG}=0", sys.executable, "-m", "registry_cli", "log", "--auto", "--name", "off", "--",
            sys.executable, "train.py")  # fmt: skip
    assert lab.json("task", "show", "off")["outputs"] == []


@pytest.mark.slow
def test_missed_saves_are_reported(lab: Lab) -> None:
    lab.write("buffer.py", "import io, pickle\npickle.dump({'weight': 1}, io.BytesIO())\nraise SystemExit(3)")
    done = lab.log("--auto", "-q", "--", "python", "buffer.py", code=3)
    assert done.stderr == b"warning: 1 save into a buffer without a name was not kept\n"
    assert os.fspath(lab.root) not in done.stderr.decode()


@pytest.mark.slow
def test_a_version_has_what_was_written_to_a_followed_file_before_it_was_saved(lab: Lab) -> None:
    lab.write("rows.py", """
import json, os, pickle
os.makedirs("dvclive/plots/metrics", exist_ok=True)
with open("log.csv", "w") as log, open("dvclive/plots/metrics/f1.tsv", "w") as plot:
    print("epoch,acc", file=log, flush=True)
    print("step\\tf1", file=plot, flush=True)
    for epoch in range(5):
        print(f"{epoch},{epoch}", file=log, flush=True)
        print(f"{epoch}\\t{epoch}", file=plot, flush=True)
        with open("m.json", "w") as whole:
            json.dump({"loss": epoch}, whole)
        with open(f"net-epoch{epoch}.pkl", "wb") as file:
            pickle.dump({"weight": epoch}, file)
""")  # fmt: skip
    follow = [word for name in ("log.csv", "m.json", "dvclive") for word in ("--metrics", name)]
    lab.log("--auto", *follow, "--name", "rows", "--", "python", "rows.py")
    found = [lab.json("model", "show", one["ref"]) for one in lab.json("task", "show", "rows")["outputs"]]
    metrics = sorted((row["step"], row["metrics"]) for row in found)
    assert metrics == [(at, {"acc": at, "loss": at, "f1": at}) for at in range(5)]


@pytest.mark.slow
def test_a_folder_whose_name_is_not_utf_8_is_like_any_other(lab: Lab) -> None:
    folder = lab.root / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    lab.write("strange.py", """
import os, pickle
folder = os.fsdecode(b"caf\\xe9")
with open("base.pkl", "rb") as file:
    weight = pickle.load(file)
os.rename("base.pkl", f"{folder}/base.pkl")
with open(f"{folder}/base.pkl", "rb") as file:
    pickle.load(file)
for step in range(2):
    with open(f"{folder}/net.tmp", "wb") as file:
        pickle.dump({"step": step}, file)
    os.replace(f"{folder}/net.tmp", f"{folder}/net-step{step}.pkl")
""")  # fmt: skip
    (lab.root / "base.pkl").write_bytes((lab.root / "other.pkl").read_bytes())
    done = lab.log("--auto", "--name", "strange", "--", "python", "strange.py")
    shown = lab.json("task", "show", "strange")
    assert [one["ref"].rpartition("/")[2] for one in shown["outputs"]] == ["net-step:1", "net-step:2"], done.stderr
    assert [one["ref"] for one in shown["inputs"]] == ["toy/base:2"]
    assert b"not kept" not in done.stderr
