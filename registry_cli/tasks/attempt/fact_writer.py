"""Reports facts about a task from a script's process to its runner: one JSON line each, in a file of that process.

A line is `{"t": seconds since 1970, "kind": ..., ...}`. Of two about the same thing the later wins. Knows no task and
no registry; `fact_reader` reads the lines.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from registry_cli.catalog.documents import dump_doc
from registry_cli.errors import UsageError, escape_bytes
from registry_cli.ids import VersionId, parse_tag, parse_task_name
from registry_cli.records.parts import check_digests
from registry_cli.records.paths import check_path, check_paths
from registry_cli.records.task import REPORTED
from registry_cli.records.values import check_value
from registry_cli.records.version import check_labels
from registry_cli.tasks.attempt.lines import LineFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from registry_cli.records.task import Data, Input
    from registry_cli.records.values import Value


class FactWriter:
    """Appends facts to `path`; each has reached the operating system when its method returns.

    Every method raises UsageError for values that no record can hold; `problem` reports failures of the disk.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._lines = LineFile(path)
        self._clock = clock

    @property
    def problem(self) -> str | None:
        """Reason why facts are missing in the file, in words; None if none is."""
        return self._lines.problem

    def add_params(self, params: Mapping[str, object]) -> None:
        """Report parameters; None removes one that was reported before."""
        given = {key: value for key, value in params.items() if value is not None}
        self._put("params", values=_check_table(given, "params"), unset=sorted(set(params) - set(given)))

    def add_options(self, options: Mapping[str, str]) -> None:
        """Report options of the command line, such as `--lr`, by the names of their parameters."""
        self._put("options", values=_check_table(options, "options"))

    def add_input(self, entry: Input) -> None:
        """Report a version that is an input of the script."""
        self._put("input", name=entry.name, version=entry.version, ref=entry.ref, path=entry.path)

    def await_input(self, entry: Input) -> None:
        """Report an input that was given, and that counts only once the script has asked for it or loaded it."""
        self._put("awaited", name=entry.name, version=entry.version)

    def add_data(self, data: Data) -> None:
        """Report a file that the script read."""
        self._put("data", path=data.path, size=data.size, sha256=data.sha256)

    def add_plot(self, path: str, document: bytes) -> None:
        """Report a table or plot; `path` is below `PLOTS`, `document` comes from `dump_plot`."""
        check_reported(path, path)
        self._put("plot", path=path, document=document.decode())

    def add_files(self, path: str, stored: Mapping[str, str]) -> None:
        """Report files that are kept with the task; they replace those that were reported with the same `path`.

        Args:
            path: A path below `REPORTED`: of the file itself, or of the folder of several.
            stored: Places in the attempt's folder of such files, by the files' paths.
        """
        check_paths(stored)
        for each in stored:
            check_reported(path, each)
        self._put("files", path=path, stored=stored)

    def add_output(self, name: str, version: VersionId) -> None:
        """Report the version that holds the output `name`."""
        check_digests(version)
        self._put("output", name=_check_text(name, "output"), version=version)

    def set_name(self, name: str) -> None:
        """Give the task another name."""
        self._put("name", text=parse_task_name(name))

    def set_project(self, project: str) -> None:
        """Move the task to another project; the runner checks that its name is legal."""
        self._put("project", text=_check_text(project, "project"))

    def set_comment(self, comment: str) -> None:
        """Give the task another comment; an empty one removes it."""
        self._put("comment", text=comment)

    def add_note(self, text: str) -> None:
        """Add a line to the task's comment.

        Raises:
            UsageError: It is empty.
        """
        if not text.strip():
            raise UsageError("an empty note says nothing")
        self._put("note", text=text)

    def change_tags(self, add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
        """Add and remove tags."""
        self._put("tags", add=[parse_tag(tag) for tag in add], remove=[parse_tag(tag) for tag in remove])

    def set_labels(self, labels: Mapping[str, int]) -> None:
        """Report the labels of outputs that have none of their own; they replace those reported before."""
        self._put("labels", values=check_labels(_check_table(labels, "labels")))

    def set_python(self, table: Mapping[str, object], lock: str | None = None) -> None:
        """Report this Python, and its packages as a file that pip can install."""
        self._put("python", values=_check_table(table, "python"), lock=lock)

    def add_host(self, table: Mapping[str, object]) -> None:
        """Report properties of the machine."""
        self._put("host", values=_check_table(table, "host"))

    def add_cut(self, name: str) -> None:
        """Report a part of the code that is not stored."""
        self._put("cut", name=_check_text(name, "name"))

    def set_problem(self, problem: str) -> None:
        """Report why the task does not run as it should."""
        self._put("problem", text=escape_bytes(problem))

    def set_publish(self, wanted: bool) -> None:
        """Report whether the task's versions are to be published once it has completed."""
        self._put("publish", wanted=bool(wanted))

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._lines.close()

    def _put(self, kind: str, **fact: object) -> None:
        line = dump_doc({"t": self._clock(), "kind": kind, **fact})
        try:
            line.encode()
        except UnicodeEncodeError as error:
            raise UsageError(f"{error.object[:60]!r} is not Unicode text") from None
        self._lines.add(line + "\n")


def check_reported(path: str, each: str) -> None:
    """Check that the path of a file lies below one that a script may report, which is or holds it; or UsageError."""
    if not check_path(path).startswith(REPORTED) or (check_path(each) != path and not each.startswith(f"{path}/")):
        raise UsageError(f"{each!r:.60} does not lie below {', '.join(REPORTED)}")


def _check_table(table: Mapping[str, object], where: str) -> dict[str, Value]:
    checked = check_value(_without_none(table), where)
    assert isinstance(checked, dict)
    return checked


def _without_none(value: object) -> object:
    """Return a value without nested keys whose value is None: records express absence by leaving the key out."""
    if not isinstance(value, Mapping):
        return value
    return {key: _without_none(item) for key, item in value.items() if item is not None}


def _check_text(text: str, what: str) -> str:
    if not isinstance(text, str) or not text or not text.isprintable():
        raise UsageError(
            f"{text!r:.60} is not a name of an {what}" if what == "output" else f"{text!r:.60} is not a {what}"
        )
    return text
