"""Jobs for a script's companion, each a version to save: the job, the files that are held for it, and its answer.

Each job is a file in the attempt's `jobs` folder, so that nothing is lost however the script ends: `<name>.job` until a
process begins it, `<name>.done` once it has ended, and `<name>/` for files that are held. The process that renames the
first has the job; names sort by time. Knows no registry.
"""

from __future__ import annotations

import time
from binascii import a2b_base64, b2a_base64
from typing import TYPE_CHECKING, Any, Final

from registry_cli import errors
from registry_cli.catalog.documents import dump_doc, load_doc
from registry_cli.dataclass import asdict, dataclass, replace
from registry_cli.errors import RegError
from registry_cli.ids import VersionId, new_ulid
from registry_cli.registry.draft import DesignSource, Draft
from registry_cli.store import files
from registry_cli.store.new_file import NewFile
from registry_cli.tasks.attempt.bell import ring

if TYPE_CHECKING:
    from pathlib import Path

    from registry_cli.registry.moving import Mode
    from registry_cli.tasks.attempt.folder import Live

_ASKED: Final = ".job"
_BEGUN: Final = ".begun"
_DONE: Final = ".done"


@dataclass(frozen=True, slots=True)
class Job:
    """A version to save, or without a draft only a request to make versions of all earlier saves.

    Attributes:
        draft: Fields of the version.
        paths: Files and folders to save, absolute.
        entry: The output's name in the task.
        linked: Held files that share their writer's inode, with the size and modification time that they must have.
        held: True where the paths are held files.
        waited_for: True where the script waits for the answer; else a failure becomes a problem of the task.
        metrics_until: Time in seconds since 1970, UTC, up to which the files of metrics that the runner follows count
            among the version's metrics; 0 where it follows none. The script has marked the files at that time.
    """

    draft: Draft | None = None
    paths: tuple[str, ...] = ()
    entry: str = ""
    mode: Mode = "copy"
    message: str | None = None
    allow_same: bool = False
    linked: tuple[tuple[str, int, int], ...] = ()
    held: bool = False
    waited_for: bool = True
    metrics_until: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a job: a version, an error, or neither where there was nothing to save."""

    version: VersionId | None = None
    error: Exception | None = None


def new_job_name() -> str:
    """Return a name for a job; names of one process sort by time."""
    return f"{time.time_ns():020}-{new_ulid()}"


def make_folder(live: Live) -> None:
    """Make the folder of jobs; for its user alone, as the files in it are stored in the registry."""
    if files.make_dir(live.jobs):
        files.set_mode(live.jobs, 0o700)
        files.give_to_owner(live.jobs)


def ask(live: Live, name: str, job: Job) -> None:
    """Write a job and wake the companion.

    Raises:
        OSError: The job cannot be written.
    """
    make_folder(live)
    _write(live.jobs / f"{name}{_ASKED}", _dump(job))
    ring(live)


def list_asked(live: Live) -> list[str]:
    """Return the names of the jobs that no process has begun, oldest first."""
    try:
        names = files.list_names(live.jobs)
    except FileNotFoundError:
        return []
    # a file that is still being written has a dot before its name
    return sorted(name.removesuffix(_ASKED) for name in names if name.endswith(_ASKED) and not name.startswith("."))


def begin(live: Live, name: str) -> Job | None:
    """Claim a job and return it; None where another process was faster."""
    begun = live.jobs / f"{name}{_BEGUN}"
    try:
        files.rename(live.jobs / f"{name}{_ASKED}", begun)
        with files.open_own(begun) as file:
            return _load(file.read().decode())
    except FileNotFoundError:
        return None


def end(live: Live, name: str, answer: Answer) -> None:
    """Write the answer of a job and remove its held files."""
    files.remove_tree(live.jobs / name)
    fields: dict[str, object] = {"version": answer.version}
    if answer.error is not None:
        fields["error"] = describe_error(answer.error)
    begun = live.jobs / f"{name}{_BEGUN}"
    _write(begun, dump_doc(fields))
    files.rename(begun, live.jobs / f"{name}{_DONE}")


def find_answer(live: Live, name: str) -> Answer | None:
    """Return the answer of a job; None where it has not ended."""
    try:
        with files.open_own(live.jobs / f"{name}{_DONE}") as file:
            fields = load_doc(file.read().decode())
    except FileNotFoundError:
        return None
    error = fields.get("error")
    return Answer(fields.get("version"), make_error(error) if error else None)


def _dump(job: Job) -> str:
    doc: dict[str, Any] = {key: getattr(job, key) for key in job.__slots__ if key != "draft"}
    if job.draft is not None:
        doc["draft"] = {key: getattr(job.draft, key) for key in job.draft.__slots__ if key != "design"}
        design = job.draft.design
        if design is not None:
            doc["design"] = {"data": b2a_base64(design.data, newline=False).decode(), "media": design.media}
    return dump_doc(doc)


def _load(text: str) -> Job:
    doc = load_doc(text)
    draft, design = doc.pop("draft", None), doc.pop("design", None)
    job = Job(**{**doc, "paths": tuple(doc["paths"]), "linked": tuple(map(tuple, doc["linked"]))})
    if draft is None:
        return job
    pairs = tuple((role, ref) for role, ref in draft.pop("parents"))
    words: dict[str, Any] = {key: tuple(draft.pop(key)) for key in ("tags", "aliases")}
    source = DesignSource(a2b_base64(design["data"]), design["media"]) if design else None
    return replace(job, draft=Draft(**draft, **words, parents=pairs, design=source))


@dataclass(frozen=True, slots=True)
class _ErrorFields:
    """An error as data, from which the script can raise it again."""

    kind: str
    message: str
    hint: str | None = None
    number: int | None = None
    path: str | None = None


def describe_error(error: Exception) -> dict[str, object]:
    """Return the data from which the script can raise an error again."""
    if isinstance(error, RegError):
        return asdict(_ErrorFields(type(error).__name__, error.message, error.hint))
    if isinstance(error, OSError):
        return asdict(_ErrorFields("OSError", error.strerror or str(error), None, error.errno, error.filename))
    return asdict(_ErrorFields("RegError", f"{type(error).__name__}: {error}"))


def make_error(described: dict[str, Any]) -> Exception:
    """Return the error of a description by `describe_error`."""
    fields = _ErrorFields(**described)
    if fields.kind == "OSError":
        return OSError(fields.number, fields.message, *([fields.path] if fields.path else []))
    kind = getattr(errors, fields.kind, RegError)
    error: Exception = kind(fields.message, hint=fields.hint)
    return error


def _write(path: Path, text: str) -> None:
    """Write a file atomically: no reader ever sees a part of it."""
    file = NewFile(path.with_name(f".{path.name}"), 0o600)
    try:
        file.write(text.encode())
    finally:
        file.close()
    files.rename(file.path, path)
