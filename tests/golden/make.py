"""`python -m tests.golden.make FOLDER`: write a golden registry of today's format, and what it means beside it.

Run once per format; a registry that stands here is never written again.
"""

from __future__ import annotations

import json
import math
import shutil
import sys
from pathlib import Path
from typing import Any

from registry_cli.catalog.journal import iter_changes
from registry_cli.cli.cells import dump_json
from registry_cli.cli.views import view_version
from registry_cli.ids import parse_alias, parse_model_name, parse_tag
from registry_cli.registry.add import add_files, add_url, make_design
from registry_cli.registry.aliases import set_alias
from registry_cli.registry.api import Registry
from registry_cli.registry.draft import Draft
from registry_cli.registry.editing import Edit, derive_version, edit_versions, tag_versions
from registry_cli.registry.gc.collect import run_collection
from registry_cli.registry.lifecycle import archive_versions, publish_versions, remove_versions, rename_model
from registry_cli.registry.query import Question, find_versions, save_question
from registry_cli.registry.repair import repair_registry
from registry_cli.registry.undo import undo_entry


def main(folder: Path) -> None:
    """Make the registry `folder/registry` and `folder/expected.json`."""
    folder.mkdir(parents=True)
    registry = Registry.init(folder)
    _fill(registry, folder / "files")
    _collect(registry, folder / "files")
    (folder / "expected.json").write_text(dump_json(describe(registry), indent=1) + "\n")
    registry.close()
    shutil.rmtree(folder / "files")
    shutil.rmtree(registry.layout.cache)
    shutil.rmtree(registry.layout.views)
    for name in (".gitignore", "reserve"):
        (registry.path / name).unlink()
    registry.path.rename(folder / "registry")


def describe(registry: Registry) -> dict[str, Any]:
    """Return what a registry means, as plain data that compares."""
    rows = find_versions(registry, sort="name,number", include_archived=True)
    return {
        "versions": json.loads(dump_json([view_version(row) for row in rows])),
        "changes": [
            f"{row.event} {row.op} {row.ref} {'void' if row.void else ''}".rstrip() for row in iter_changes(registry.db)
        ],
    }


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
