"""Reads the facts that a script's processes reported, while they are written or after a crash."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

from registry_cli.catalog.documents import load_doc
from registry_cli.dataclass import dataclass, field
from registry_cli.errors import RegError, UsageError
from registry_cli.ids import VersionId, parse_tag, parse_task_name
from registry_cli.records.parts import check_digests
from registry_cli.records.paths import check_path
from registry_cli.records.task import Data, Input
from registry_cli.records.values import check_value
from registry_cli.records.version import check_labels
from registry_cli.store import files
from registry_cli.tasks.attempt.fact_writer import check_reported

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from registry_cli.ids import TagName
    from registry_cli.records.values import Value


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that were reported; of several about one thing, the last.

    Attributes:
        awaited: Versions by the names of inputs that count only once they are among `inputs`.
        plots: Documents by their paths below `PLOTS`.
        files: Places in the attempt's folder of the files kept with the task, by their paths below `REPORTED`.
        outputs: Versions by the names that the script gave them.
        name: None if not reported, as `project`, `comment`, `lock` and `problem`; a removed comment is "".
        notes: Lines to add to the comment.
        tags: Tags to add.
        untags: Tags to remove.
        publish: True where its versions are to be published once it has completed.
        lock: The packages, as a file that pip can install.
        cut: Names of the parts of the code that are not stored.
        labels: Labels of outputs that have none of their own.
    """

    params: Mapping[str, Value] = field(default_factory=dict)
    options: Mapping[str, Value] = field(default_factory=dict)
    inputs: tuple[Input, ...] = ()
    awaited: Mapping[str, VersionId] = field(default_factory=dict)
    data: tuple[Data, ...] = ()
    plots: Mapping[str, bytes] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, VersionId] = field(default_factory=dict)
    name: str | None = None
    project: str | None = None
    comment: str | None = None
    notes: tuple[str, ...] = ()
    tags: tuple[TagName, ...] = ()
    untags: tuple[TagName, ...] = ()
    python: Mapping[str, Value] = field(default_factory=dict)
    lock: str | None = None
    host: Mapping[str, Value] = field(default_factory=dict)
    problem: str | None = None
    publish: bool = False
    cut: tuple[str, ...] = ()
    labels: Mapping[str, int] = field(default_factory=dict)

    def drop_unreached(self, inputs: Iterable[Input]) -> list[Input]:
        """Return the inputs that a task was given, without those that have not reached its script so far."""
        reached = {one.version for one in self.inputs}
        return [one for one in inputs if self.awaited.get(one.name) != one.version or one.version in reached]


def read_facts(paths: Iterable[Path], *, until: float = inf) -> Facts:
    """Return the facts in the files, applied in the order of their times; a missing file has none.

    A torn last line is left out, as are kinds that this program does not know and values that no record can hold.

    Args:
        paths: The files.
        until: Seconds since 1970; later facts are left out.
    """
    gathered = _Gathered()
    for fact in sorted(_iter_facts(paths), key=lambda fact: fact["t"]):
        if fact["t"] > until:
            break
        try:
            gathered.take(fact)
        except (KeyError, TypeError, ValueError, AttributeError, RegError):
            continue
    return gathered.facts()


def _iter_facts(paths: Iterable[Path]) -> Iterator[dict[str, Any]]:
    for path in paths:
        try:
            with files.open_own(path) as file:
                lines = file.read().split(b"\n")[:-1]
        except FileNotFoundError:
            continue
        for line in lines:
            try:
                fact = load_doc(line.decode())
            except (ValueError, RecursionError):
                continue
            if isinstance(fact, dict) and isinstance(fact.get("t"), int | float):
                yield fact


class _Gathered:
    """Gathers facts one by one; each is checked completely before it changes anything."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, Value]] = {"params": {}, "options": {}, "python": {}, "host": {}}
        self.texts: dict[str, str] = {}
        self.inputs: dict[str, Input] = {}
        self.data: dict[str, Data] = {}
        self.plots: dict[str, bytes] = {}
        self.files: dict[str, dict[str, str]] = {}
        self.outputs: dict[str, VersionId] = {}
        self.tags: dict[TagName, bool] = {}
        self.cut: dict[str, None] = {}
        self.awaited: dict[str, VersionId] = {}
        self.notes: list[str] = []
        self.publish = False
        self.labels: dict[str, int] = {}

    def take(self, fact: dict[str, Any]) -> None:
        match fact["kind"]:
            case "params" | "options" | "python" | "host" as kind:
                self._take_table(kind, fact)
            case "name":
                self.texts["name"] = parse_task_name(fact["text"])
            case "project" | "comment" | "problem" as kind:
                self.texts[kind] = _text(fact["text"])
            case "note":
                self.notes.append(_text(fact["text"]))
            case "publish":
                self.publish = fact["wanted"] is True
            case "cut":
                self.cut[_text(fact["name"])] = None
            case "labels":
                self.labels = check_labels(fact["values"])
            case "tags":
                self.tags |= {
                    **{parse_tag(tag): True for tag in fact["add"]},
                    **{parse_tag(tag): False for tag in fact["remove"]},
                }
            case "input":
                entry = Input(_text(fact["name"]), fact["version"], _text(fact["ref"]), fact.get("path"))
                self.inputs[entry.name] = entry
            case "awaited":
                check_digests(fact["version"])
                self.awaited[_text(fact["name"])] = fact["version"]
            case "data":
                data = Data(_text(fact["path"]), fact["size"], fact["sha256"])
                self.data[data.path] = data
            case "output":
                check_digests(fact["version"])
                self.outputs[_text(fact["name"])] = fact["version"]
            case "plot":
                check_reported(fact["path"], fact["path"])
                self.plots[fact["path"]] = fact["document"].encode()
            case "files":
                for path, place in fact["stored"].items():
                    check_reported(fact["path"], path)
                    check_path(place)
                self.files[fact["path"]] = dict(fact["stored"])

    def _take_table(self, kind: str, fact: dict[str, Any]) -> None:
        values = check_value(fact["values"], kind)
        if not isinstance(values, dict):
            raise UsageError(f"{kind} is not a table")
        if kind == "python" and fact.get("lock") is not None:
            self.texts["lock"] = _text(fact["lock"])
        table = self.tables[kind]
        for key in fact.get("unset", ()):
            table.pop(key, None)
        table.update(values)

    def facts(self) -> Facts:
        return Facts(
            **self.tables,  # type: ignore[arg-type]  # its keys are names of fields
            **self.texts,  # type: ignore[arg-type]
            inputs=tuple(self.inputs.values()),
            awaited=self.awaited,
            data=tuple(self.data.values()),
            plots=self.plots,
            files={path: place for stored in self.files.values() for path, place in stored.items()},
            outputs=self.outputs,
            notes=tuple(self.notes),
            publish=self.publish,
            cut=tuple(self.cut),
            labels=self.labels,
            tags=tuple(tag for tag, wanted in self.tags.items() if wanted),
            untags=tuple(tag for tag, wanted in self.tags.items() if not wanted),
        )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{value!r:.60} is not text")
    return value
