"""`reg model lineage`: a tree to read, and graphs that other programs read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from registry_cli import opening
from registry_cli.ids import BlobHash
from registry_cli.pictures.graph import format_dot, format_mermaid
from registry_cli.pictures.tree import format_line, iter_lines
from registry_cli.records.task import Code, Data, Input, Recipe, Task
from registry_cli.registry.api import Registry
from registry_cli.registry.lifecycle import archive_versions, remove_versions
from registry_cli.registry.lineage import read_lineage
from registry_cli.registry.version import Version
from registry_cli.tasks.attempt.fact_writer import FactWriter
from registry_cli.tasks.record import get_row
from tests.cli.conftest import Reg
from tests.registry import making_tasks
from tests.registry.making import add
from tests.registry.test_lineage import add_chain
from tests.tasks.making import crash, start

UP = """\
g/tiny:2
├─ made from
│  ├─ quantize g/tuned:1 @prod
│  │  ├─ base g/base:3
│  │  │  ← continue g/base:2 archived
│  │  │  ← continue g/base:1
│  │  └─ distill g/teacher:1
│  └─ base g/base:3 (see above)
└─ made into
   ├─ derive g/tiny:3 removed
   └─ continue g/tiny:4
      → continue g/tiny:5
        ├─ base g/x:1
        └─ base g/x:2
"""


@pytest.fixture(autouse=True)
def registry(tmp_path: Path) -> Registry:
    with Registry.init(tmp_path) as registry:
        add(registry, "g/base")
        add(registry, "g/base", parents=(("continue", "g/base:1"),))
        add(registry, "g/base", parents=(("continue", "g/base:2"),))
        add(registry, "g/teacher")
        add(registry, "g/tuned", parents=(("base", "g/base:3"), ("distill", "g/teacher")), aliases=("prod",))
        add(registry, "g/tiny")
        add(registry, "g/tiny", parents=(("quantize", "g/tuned"), ("base", "g/base:3")))
        add(registry, "g/tiny", parents=(("derive", "g/tiny:2"),))
        add(registry, "g/tiny", parents=(("continue", "g/tiny:2"),))
        add(registry, "g/tiny", parents=(("continue", "g/tiny:4"),))
        add(registry, "g/x", parents=(("base", "g/tiny:5"),))
        add(registry, "g/x", parents=(("base", "g/tiny:5"),))
        archive_versions(registry, ["g/base:2"])
        remove_versions(registry, ["g/tiny:3"])
        return registry


def test_a_pipe_gets_the_tree_as_text(reg: Reg) -> None:
    assert reg("model", "lineage", "g/tiny:2").out == UP
    assert reg("model", "lineage", "g/tiny:2", "--up", "--down").out == UP


def test_a_terminal_gets_the_same_in_colour(reg: Reg) -> None:
    drawn = reg("model", "lineage", "g/tiny:2", terminal=True).out
    assert "\x1b[" in drawn
    assert re.sub("\x1b\\[[0-9;]*m", "", drawn) == UP


def test_one_way_and_some_steps(reg: Reg) -> None:
    assert reg("model", "lineage", "g/base:3", "--up", "--depth", "1").lines == [
        "g/base:3",
        "└─ made from",
        "   └─ continue g/base:2 archived … (more, deeper)",
    ]
    assert reg("model", "lineage", "g/teacher", "--down", "--depth", "1").lines[1:] == [
        "└─ made into",
        "   └─ distill g/tuned:1 @prod … (more, deeper)",
    ]
    assert reg("model", "lineage", "g/base:1", "--depth", "0").lines == [
        "g/base:1",
        "├─ made from: nothing",
        "└─ made into … (more, deeper)",
    ]
    assert "deeper" not in reg("model", "lineage", "g/teacher", "--up", "--depth", "1").out
    assert "deeper" not in reg("model", "lineage", "g/base:3", "--up", "--depth", "2").out
    assert reg("model", "lineage", "g/base:1", "--up").lines == ["g/base:1", "└─ made from: nothing"]


def test_json(reg: Reg) -> None:
    found = reg("model", "lineage", "g/tuned", "--up", "--format", "json").json
    assert found == reg("model", "lineage", "g/tuned", "--up", "--json").json
    names = {node["id"]: f"{node['name']}:{node['number']}" for node in found["nodes"]}
    assert names[found["root"]] == "g/tuned:1"
    assert {(names[edge["parent"]], edge["role"], names[edge["child"]]) for edge in found["edges"]} == {
        ("g/base:3", "base", "g/tuned:1"),
        ("g/teacher:1", "distill", "g/tuned:1"),
        ("g/base:2", "continue", "g/base:3"),
        ("g/base:1", "continue", "g/base:2"),
    }
    assert found["cut"] == {"up": []}


def test_json_names_what_the_depth_cut(reg: Reg) -> None:
    found = reg("model", "lineage", "g/tuned", "--depth", "1", "--json").json
    names = {node["id"]: f"{node['name']}:{node['number']}" for node in found["nodes"]}
    assert {way: [names[one] for one in cut] for way, cut in found["cut"].items()} == {
        "up": ["g/base:3"],
        "down": ["g/tiny:2"],
    }


def test_dot(reg: Reg) -> None:
    assert reg("model", "lineage", "g/tuned", "--up", "--depth", "1", "--format", "dot").lines == [
        "digraph lineage {",
        "  rankdir=LR;",
        "  node [shape=box];",
        '  n0 [label="g/tuned:1\\n@prod", penwidth=2];',
        '  n1 [label="g/base:3"];',
        '  n2 [label="g/teacher:1"];',
        '  n1 -> n0 [label="base"];',
        '  n2 -> n0 [label="distill"];',
        '  un1 [label="…", shape=plaintext];',
        "  un1 -> n1 [style=dotted];",
        "}",
    ]


def test_mermaid(reg: Reg) -> None:
    assert reg("model", "lineage", "g/base:2", "--up", "--format", "mermaid").lines == [
        "flowchart LR",
        '  n0["g/base:2<br/>archived"]',
        '  n1["g/base:1"]',
        '  n1 -->|"continue"| n0',
        "  style n0 stroke-width:3px",
        "  style n0 stroke-dasharray:6 4",
    ]
    cut = reg("model", "lineage", "g/base:1", "--down", "--depth", "1", "--format", "mermaid").lines
    assert cut[4:6] == ['  dn1["…"]', "  n1 -.-> dn1"]


def test_syntax_of_a_graph_language_is_escaped(registry: Registry) -> None:
    add(registry, "g/odd", framework='x"]; evil <b>\\n#35;\n`', aliases=('q"',))
    lineage = read_lineage(registry, "g/odd")
    label = r'  n0 [label="g/odd:1\nx\"]; evil <b>\\n#35;\\n` @q\"", penwidth=2];'
    assert format_dot(lineage).splitlines()[3] == label
    safe = "x#34;#93;#59; evil #60;b#62;#92;n#35;35#59;#92;n#96; @q#34;"
    assert format_mermaid(lineage).splitlines()[1] == f'  n0["g/odd:1<br/>{safe}"]'


@pytest.mark.slow
def test_a_long_chain_stays_in_its_column(registry: Registry) -> None:
    add_chain(registry, "g/chain", 1500)
    lines = [format_line(line) for line in iter_lines(read_lineage(registry, "g/chain", directions=("up",)))]
    assert len(lines) == 1501
    assert lines[-1] == "      ← continue g/chain:1"
    assert format_dot(read_lineage(registry, "g/chain")).count("->") == 1499


@pytest.mark.slow
def test_a_very_deep_tree_is_cut_off_with_a_note(registry: Registry) -> None:
    add(registry, "g/comb")
    for number in range(1, 90):
        add(registry, "g/comb", parents=(("base", "g/teacher"), ("continue", f"g/comb:{number}")))
    lines = [format_line(line) for line in iter_lines(read_lineage(registry, "g/comb", directions=("up",)))]
    assert lines[-1].endswith("… (ask for this one)")
    assert max(map(len, lines)) < 300


def test_mistakes(reg: Reg) -> None:
    reg("model", "lineage", "g/nothing", code=11)
    reg("model", "lineage", "g/base", "--format", "svg", code=2)
    reg("model", "lineage", "g/base", "--depth", "-1", code=2)


@pytest.fixture
def trained(registry: Registry) -> Task:
    """A task with two input versions, one of them a parent of its output, and with six data files."""
    base, other = add(registry, "t/base"), add(registry, "t/other")
    task = making_tasks.run(
        registry, "fit", inputs=(Input("base", base.id, "t/base"), Input("aux", other.id, "t/other")),
        code=Code("/x", commit="3f9c2a1" + "0" * 33),
        data=tuple(Data(f"data/{at}.csv", 3000 * at, BlobHash(f"{at}b" * 32)) for at in range(6)),
    )  # fmt: skip
    add(registry, "t/made", task=task.id, parents=(("input", "t/base"),))
    add(registry, "t/made", task=task.id, parents=(("continue", "t/made:1"),))
    return task


def test_a_task_is_drawn_once_under_what_it_made(reg: Reg, registry: Registry, trained: Task) -> None:
    expected = f"""\
t/made:2
│  task fit {trained.id} · commit 3f9c2a1 · python train.py --lr 0.1
│  input aux t/other:1
│  data data/0.csv 0 B sha256 0b0b0b0b0b0b
│  data data/1.csv 3 kB sha256 1b1b1b1b1b1b
│  data data/2.csv 6 kB sha256 2b2b2b2b2b2b
│  data data/3.csv 9 kB sha256 3b3b3b3b3b3b
│  data +2 more
└─ made from
   └─ continue t/made:1 task fit
      ← input t/base:1
"""
    assert reg("model", "lineage", "t/made", "--up").out == expected
    drawn = reg("model", "lineage", "t/made", "--up", terminal=True).shown
    assert drawn[1].endswith("…")
    assert drawn[2:] == expected.splitlines()[2:]
    assert reg("model", "lineage", "t/base", "--down").lines[2:5] == [
        "   └─ input t/made:1",
        f"        task fit {trained.id} · commit 3f9c2a1 · python train.py --lr 0.1",
        "        input aux t/other:1",
    ]


def test_a_task_in_json(reg: Reg, registry: Registry, trained: Task) -> None:
    found = reg("model", "lineage", "t/made:1", "--up", "--json").json
    (task,) = found["tasks"]
    assert (task["id"], task["name"], task["commit"][:7]) == (trained.id, "fit", "3f9c2a1")
    assert found["data"][1] == {"sha256": "1b" * 32, "size": 3000, "path": "data/1.csv"}
    assert len(found["data"]) == 6
    base = registry.get_row("t/base").id
    links = [
        {"from": trained.id, "to": found["root"], "role": "task", "attempt": 1},
        {"from": base, "to": trained.id, "role": "input", "name": "base", "attempt": 1},
        {"from": "1b" * 32, "to": trained.id, "role": "data", "path": "data/1.csv", "attempt": 1},
    ]
    assert [link for link in links if link not in found["links"]] == []


def test_a_task_in_a_graph(reg: Reg, registry: Registry, trained: Task) -> None:
    dot = reg("model", "lineage", "t/made:1", "--up", "--format", "dot").lines
    assert '  d0 [label="data/0.csv\\nsha256 0b0b0b0b0b0b", shape=note];' in dot
    assert '  t0d [label="+2 more", shape=note];' in dot
    assert {'  t0 -> n0 [label="task"];', '  n1 -> t0 [label="input"];', '  d0 -> t0 [label="data"];'} <= {*dot}
    mermaid = reg("model", "lineage", "t/made:1", "--up", "--format", "mermaid").lines
    assert '  t0d[("+2 more")]' in mermaid
    assert {'  t0 -->|"task"| n0', '  n1 -->|"input"| t0', '  d0 -->|"data"| t0'} <= {*mermaid}


def test_show_names_the_task(reg: Reg, registry: Registry, trained: Task) -> None:
    assert reg("model", "show", "t/made", "--json").json["task_name"] == "fit"
    assert any(
        line.split() == ["task", "fit", trained.id] for line in reg("model", "show", "t/made", terminal=True).shown
    )
    assert reg("model", "show", "t/base", "--json").json["task_name"] is None


@pytest.mark.sweep(4)
@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize("form", [(), ("--json",), ("--format", "dot"), ("--format", "mermaid")])
def test_a_task_whose_runner_died_is_crashed(
    reg: Reg, registry: Registry, form: tuple[str, ...], recorded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = start(registry, "dies")
    add(registry, "t/made", task=attempt.task.id)
    crash(attempt)
    if not recorded:  # as where the registry cannot be written to
        monkeypatch.setattr("registry_cli.tasks.attempt.crashed.end_crashed", lambda _: [])
    shown = reg("model", "lineage", "t/made", *form).out
    assert ("crashed" in shown, "running" in shown) == (True, False)
    assert get_row(registry, attempt.task.id).status == ("crashed" if recorded else "running")
    assert Version(opening.Registry(registry.layout), registry.get_row("t/made")).lineage().tasks[
        attempt.task.id, 1
    ].status == "crashed"  # fmt: skip


@pytest.mark.parametrize("keep", [True, False])
def test_a_version_shows_what_its_task_reported_until_its_runner_died(reg: Reg, registry: Registry, keep: bool) -> None:
    attempt = start(registry, "dies", recipe=Recipe(("true",), keep_failed=keep))
    made = add(registry, "t/made", task=attempt.task.id)
    facts = FactWriter(attempt.live.facts("1"))
    facts.add_params({"lr": 0.5})
    facts.close()
    crash(attempt)
    shown = reg("model", "show", made.id, "--json").json
    assert (shown["params"], shown["removed"]) == ({"lr": 0.5}, not keep)
    assert get_row(registry, attempt.task.id).status == "crashed"
