"""`python -m tests.golden.make FOLDER`: write a golden registry of today's format, and what it means beside it.

Run once per format; a registry that stands here is never written again.
"""

from __future__ import annotations

import json
import math
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from registry_cli.dataclass import replace
from registry_cli.ids import TaskId, new_ulid, parse_alias, parse_model_name, parse_tag
from registry_cli.records.status import Status
from registry_cli.records.task import CONSOLE, SCALARS, UNTRACKED, Auto, Code, Curve, Data, Input, Recipe, Task
from registry_cli.registry.add import add_files, add_url, make_design
from registry_cli.registry.aliases import set_alias, undo_alias
from registry_cli.registry.api import Registry
from registry_cli.registry.draft import Draft
from registry_cli.registry.editing import Edit, derive_version, edit_versions, tag_versions
from registry_cli.registry.gc.collect import run_collection
from registry_cli.registry.lifecycle import archive_versions, publish_versions, remove_versions, rename_model
from registry_cli.registry.query import Question
from registry_cli.registry.repair.repair import repair_registry
from registry_cli.registry.saved_queries import save_question
from registry_cli.registry.task_lifecycle import archive_tasks, remove_tasks
from registry_cli.registry.undo import undo_entry
from registry_cli.store.hashing import digest_bytes
from registry_cli.store.staging import Staging
from registry_cli.tasks.record import stage_file, write_stage
from tests.golden.describe import describe


def main(folder: Path) -> None:
    """Make the registry `folder/registry` and `folder/expected.json`."""
    folder.mkdir(parents=True)
    registry = Registry.init(folder)
    _fill(registry, folder / "files")
    fill_tasks(registry, folder / "files")
    fill_auto(registry, folder / "files")
    fill_attempts(registry, folder / "files")
    _collect(registry, folder / "files")
    write_meaning(registry, folder)
    registry.close()
    shutil.rmtree(folder / "files")
    shutil.rmtree(registry.layout.cache)
    shutil.rmtree(registry.layout.views)
    shutil.rmtree(registry.layout.spares, ignore_errors=True)
    for name in (".gitignore", "reserve"):
        (registry.path / name).unlink()
    registry.path.rename(folder / "registry")


def write_meaning(registry: Registry, folder: Path) -> None:
    """Write what a registry means to `folder/expected.json`."""
    text = json.dumps(describe(registry), indent=1, ensure_ascii=False, allow_nan=False)
    (folder / "expected.json").write_text(f"{text}\n", encoding="utf-8")


def fill_tasks(registry: Registry, files: Path) -> None:
    """Use every stage of a task there is, and every part of its record."""
    base = registry.get_row("iris/linear:2")
    made = run_task(registry, "Baseline Run", "completed", files, inputs=(Input("base", base.id, "iris/linear:2"),))
    run_task(registry, "broken", "failed", files, exit_code=3, problem="zwölf")
    add_files(registry, Draft(parse_model_name("iris/child"), task=made.id, step=7,
                              parents=(("input", "iris/linear:2"),)), [files / "model.bin"])  # fmt: skip
    draft = replace(make_draft("a clone"), source=made.id, tags=("wip",), comment="lr higher")
    old = write_stage(registry, "draft", draft)
    write_stage(registry, "edit", replace(draft, name="tuned", recipe=replace(draft.recipe, argv=("true",))), old=old)
    archive_tasks(registry, [draft.id])
    removed = run_task(registry, "a mistake", "cancelled", files, exit_code=None, signal="SIGTERM")
    remove_tasks(registry, [removed.id], message="nobody needs it")


def fill_auto(registry: Registry, files: Path) -> None:
    """Use all that automatic logging adds to the record of a task, and a clone of that."""
    base = registry.get_row("iris/linear:2")
    auto = Auto({"pytorch": ("final*.pt", "größe/**"), "scikit": False, "pickle": True}, "all", "last 3")
    recipe = replace(make_draft("it").recipe, auto=auto)
    inputs = (Input("net", base.id, base.ref, "in/größe.pt"), Input("base", base.id, "iris/linear@prod"))
    heard = run_task(registry, "heard", "completed", files, recipe=recipe, inputs=inputs)
    plain = replace(make_draft("heard again"), recipe=replace(recipe, auto=Auto()), inputs=inputs, source=heard.id)
    write_stage(registry, "draft", plain)


def fill_attempts(registry: Registry, files: Path) -> None:
    """Use a second attempt at a task, the options of its parameters, an executable file and an undone alias."""
    first = run_task(registry, "twice", "completed", files, options={"lr": "--learning-rate"})
    begun = replace(first, status="running", attempt=2, started=datetime.now(UTC), ended=None, exit_code=None, files=())
    write_stage(registry, "start", begun)
    write_stage(registry, "end", replace(begun, status="failed", ended=datetime.now(UTC), exit_code=1))
    script = files / "run.sh"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    add_files(registry, Draft(parse_model_name("iris/script"), task=first.id), [script])
    add_files(registry, Draft(parse_model_name("iris/script")), [files / "model.bin"])
    for number in (1, 2):
        set_alias(registry, f"iris/script:{number}", parse_alias("live"))
    undo_alias(registry, "iris/script@live")


def make_draft(name: str) -> Task:
    """Return a draft that says all that a draft can say."""
    recipe = Recipe(
        argv=("python", "train.py", "--name", "größe two"), cwd="src", env={"SEED": "7"}, params={"lr": 0.5},
        outputs=("out/*.bin",), data=("data/**",), metrics=("metrics.json",), model="iris/child", keep_failed=False,
    )  # fmt: skip
    code = Code("/home/tester/iris", commit="3f9c2a1" + "0" * 33, remote="https://example.org/iris.git", branch="main",
                dirty=True, cut=("big.bin",))  # fmt: skip
    now = datetime.now(UTC)
    return Task(TaskId(new_ulid()), name, "iris", "draft", 0, now, "tester", recipe, code=code)


def run_task(registry: Registry, name: str, status: Status, files: Path, **fields: Any) -> Task:
    """Start a task and end it with blobs, data, values of every kind and a curve."""
    begun = replace(make_draft(name), status="running", attempt=1, started=datetime.now(UTC))
    write_stage(registry, "start", begun)
    with Staging(registry.layout) as staging:
        given: dict[str, Any] = {
            "exit_code": 0,
            "ended": datetime.now(UTC),
            "environment": {"LANG": "de_DE.UTF-8"},
            "python": {"version": "3.11.4", "executable": "/usr/bin/python"},
            "host": {"cpus": 2, "memory": 1 << 33, "gpus": []},
            "seeds": {"numpy": 7},
            "data": (Data("data/iris.csv", 3, digest_bytes(b"a,b").sha256),),
            "files": (
                stage_file(staging, CONSOLE, f"{name}\n".encode(), "text/plain"),
                stage_file(staging, SCALARS, b"loss\t1\t0.5\n"),
                stage_file(staging, f"{UNTRACKED}größe.txt", files / "größe.txt"),
            ),
            "params": {"lr": 0.5, "deep": {"er": [1, "two"]}, "when": datetime(2026, 1, 1, tzinfo=UTC)},
            "metrics": {"loss": 0.25, "nan": math.nan, "inf": -math.inf, "count": 9_223_372_036_854_775_807},
            "curves": {"loss": Curve(2, 0.25, 0.25, 0.5, 2)},
            **fields,
        }
        ended = replace(begun, status=status, **given)
        write_stage(registry, "end", ended, staging=staging, message="as the runner says")
    return ended


def _collect(registry: Registry, files: Path) -> None:
    """Leave what a collector and a repair leave: all their entries, and one that stands for another."""
    (files / "unused.bin").write_bytes(b"nobody needs it")
    add_files(registry, Draft(parse_model_name("iris/mistake")), [files / "unused.bin"])
    remove_versions(registry, ["iris/mistake:1"])
    run_collection(registry, instant=True)
    tag_versions(registry, ["iris/linear:2"], add=[parse_tag("forgotten")])
    tag_versions(registry, ["iris/linear:2"], add=[parse_tag("last")])
    slot = registry.layout.slot(registry.index.head.seq - 1)
    registry.close()
    slot.unlink()
    registry.layout.index.unlink()
    repair_registry(registry.path)


def _fill(registry: Registry, files: Path) -> None:
    """Use every change there is, and values of every kind."""
    files.mkdir()
    first, second = files / "model.bin", files / "größe.txt"
    first.write_bytes(bytes(range(256)) * 8)
    second.write_text("zwölf\n")
    iris, tuned = parse_model_name("iris/softmax"), parse_model_name("My Project/Tuned Net")
    draft = Draft(
        iris,
        framework="PyTorch",
        step=7,
        labels={"setosa": 0, "versicolor": 1},
        design=make_design(b'{"layers": [4, 3]}\r\n', "net.json"),
        params={"lr": 0.1, "deep": {"er": [1, "two"]}},
        metrics={"acc": 0.93, "loss": math.nan, "worst": math.inf, "count": 9_223_372_036_854_775_807},
        metadata={"owner": "risk", "none": None, "on": True, "version": "1.10"},
        interface={"inputs": ["x"]},
        tags=(parse_tag("baseline"),),
        aliases=(parse_alias("best"),),
    )
    add_files(registry, draft, [first], message="first try")
    add_files(registry, Draft(iris, metrics={"acc": 0.95}, parents=(("continue", "iris/softmax:1"),)), [files])
    add_files(registry, Draft(tuned, parents=(("base", "iris/softmax:1"), ("distill", "iris/softmax:2"))), [second])
    add_url(registry, Draft(parse_model_name("far/away")), "https://example.org/model.onnx")
    tag_versions(registry, ["iris/softmax:2"], add=[parse_tag("prod")], message="why not")
    set_alias(registry, "iris/softmax:2", parse_alias("prod"))
    edit_versions(
        registry, ["iris/softmax:2"], Edit(put={"metadata.threshold": 0.42}, labels={"virginica": 2}, comment="pilot")
    )
    publish_versions(registry, ["iris/softmax:2"], message="beats the champion")
    derive_version(registry, "iris/softmax:2", Edit(labels={"other": 3}))
    archive_versions(registry, ["iris/softmax:1"])
    undo_entry(registry)
    rename_model(registry, "iris/softmax", "iris/linear")
    remove_versions(registry, ["My Project/Tuned Net:1"], message="a mistake")
    save_question(registry, "top", Question("metrics.acc > 0.9", sort="-metrics.acc", limit=3))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
