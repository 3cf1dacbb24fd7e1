"""`commit`: saves a file or folder as the next version of a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack, cast, overload

from registry_cli import opening
from registry_cli.errors import NotFoundError, UsageError
from registry_cli.ids import parse_alias, parse_model_name, parse_tag
from registry_cli.records.values import Value, check_number, check_value
from registry_cli.records.version import check_labels
from registry_cli.registry.add import make_design
from registry_cli.registry.draft import DEFAULT_ROLE, DesignSource, Draft, given
from registry_cli.registry.version import Version
from registry_cli.sdk.join import find_current, is_silent
from registry_cli.sdk.save import save, save_later
from registry_cli.sdk.save_options import SaveOptions

if TYPE_CHECKING:
    from registry_cli.registry.api import Registry
    from registry_cli.registry.moving import Mode
    from registry_cli.sdk.current import Current
    from registry_cli.sdk.pending import Pending

Files = str | PathLike[str] | Sequence[str | PathLike[str]]
Parents = Sequence["str | Version"] | Mapping[str, "str | Version"]


class About(TypedDict, total=False):
    """The keyword arguments of `commit`, which explains them; for type checkers only."""

    metrics: Mapping[str, float] | None
    tags: Iterable[str]
    aliases: Iterable[str]
    parents: Parents
    metadata: Mapping[str, Value | None] | None
    params: Mapping[str, Value | None] | None
    labels: Mapping[str, int] | None
    interface: Mapping[str, Value] | None
    design: str | PathLike[str] | None
    framework: str | None
    step: int | None
    message: str | None
    mode: Mode
    allow_same: bool
    registry: Registry | None
    keep: str | None


@overload
def commit(path: Files, name: str | None = ..., *, wait: Literal[True] = ..., **about: Unpack[About]) -> Version: ...
@overload
def commit(path: Files, name: str | None = ..., *, wait: Literal[False], **about: Unpack[About]) -> Pending: ...
def commit(
    path: Files,
    name: str | None = None,
    *,
    metrics: Mapping[str, float] | None = None,
    tags: Iterable[str] = (),
    aliases: Iterable[str] = (),
    parents: Parents = (),
    metadata: Mapping[str, Value | None] | None = None,
    params: Mapping[str, Value | None] | None = None,
    labels: Mapping[str, int] | None = None,
    interface: Mapping[str, Value] | None = None,
    design: str | PathLike[str] | None = None,
    framework: str | None = None,
    step: int | None = None,
    message: str | None = None,
    mode: Mode = "copy",
    allow_same: bool = False,
    registry: Registry | None = None,
    wait: bool = True,
    keep: str | None = None,
) -> Version | Pending:
    """Save a model as the next version of `name` and return it.

    Within a task the version knows its task; the task's inputs are its parents with the role `input`, and the last
    value of each scalar at or before `step` is among its metrics.

    Args:
        path: A file, a folder, or several of them; they stay where they are.
        name: `project/name`. In a task it defaults to `<project>/<task>/<stem of the file>`, or to `reg log --model`.
        metrics: Numbers, NaN and infinities included; NumPy and torch scalars are taken.
        tags: Labels that many versions may carry.
        aliases: Names moved to this version.
        parents: Versions or addresses it was made from, as a list (role `base`) or by role, such as
            `{"continue": "vision/resnet:3"}`.
        metadata: Text, numbers, booleans, times, lists and tables; None is stored as null.
        params: Parameters of its training.
        labels: Label to integer id.
        interface: Its inputs and outputs.
        design: A file that describes the network, returned byte for byte.
        framework: Detected from the files where None.
        step: Training step.
        message: The reason; it becomes the version's first comment.
        mode: `copy`, `link` (share the bytes), `move` (remove the file), `reference` (only point to it).
        allow_same: Make a version although the newest has the same files and fields.
        registry: The registry; found as the command line finds it when None.
        wait: False returns a `Pending`: a snapshot of the files is taken, and the task's companion saves it later;
            outside of a task it is saved before the call returns. At most two versions wait; a third call blocks until
            there is room. A failure is reported on standard error; `Pending.result()` raises it.
        keep: `last N`: of this model's waiting snapshots, the newest N are saved and the others skipped, so that
            no call waits for room.

    Returns:
        The version, or a `Pending` where `wait` is False. On ranks other than 0 nothing is saved: it is None, or a
        `Pending` of None, although the annotation names no None, for the sake of scripts that are one process.

    Raises:
        NoRegistryError: There is no registry.
        NotFoundError: A file or a parent is missing.
        UsageError: A name or value cannot be stored.
        ConflictError: A file changed while it was read.
    """
    paths = [Path(each) for each in ([path] if isinstance(path, str | PathLike) else path)]
    current = find_task_for(registry)
    draft = Draft(
        name=parse_model_name(_name(current, name, paths)),
        framework=framework,
        step=_step(step),
        parents=_parents(parents),
        labels=check_labels(_table(labels, "labels")),
        design=_design(design),
        params=_table(params, "params"),
        metrics={key: check_number(value, f"metrics.{key}") for key, value in _table(metrics, "metrics").items()},
        metadata=_table(metadata, "metadata"),
        interface=given(_table(interface, "interface")),
        tags=tuple(parse_tag(tag) for tag in list_words(tags, "tags")),
        aliases=tuple(parse_alias(alias) for alias in list_words(aliases, "aliases")),
    )
    found = registry or (current.registry if current else opening.Registry.find())
    options = SaveOptions(mode=mode, message=message, allow_same=allow_same)
    if wait:
        if is_silent():
            return cast("Version", None)
        return save(found, current, draft, paths, options)
    return save_later(found, current, draft, paths, options, keep)


def find_task_for(registry: Registry | None) -> Current | None:
    """Return the task of this process, if it lies in that registry."""
    current = find_current()
    if current is None or registry is None or registry.path == current.registry.path:
        return current
    return None


def _name(current: Current | None, name: str | None, paths: Sequence[Path]) -> str:
    if name is not None:
        return name
    if current is None:
        raise UsageError("a model needs a name, project/name, where no task runs")
    if not paths:
        raise UsageError("no file to commit")
    from registry_cli.tasks.outputs import name_output

    return name_output(current.task, paths[0])


def _parents(parents: Parents) -> tuple[tuple[str, str], ...]:
    if isinstance(parents, str | Version):
        raise UsageError(f"parents is one version, {parents}, and must be a list", hint=f"parents={[str(parents)]!r}")
    pairs = list(parents.items()) if isinstance(parents, Mapping) else [(DEFAULT_ROLE, each) for each in parents]
    for _, each in pairs:
        if not isinstance(each, str | Version):
            raise UsageError(
                f'{each!r} is no parent: versions and addresses are, also by role, as in {{"continue": base}}'
            )
    return tuple((role, each.id if isinstance(each, Version) else each) for role, each in pairs)


def _design(path: str | PathLike[str] | None) -> DesignSource | None:
    if path is None:
        return None
    try:
        return make_design(Path(path).read_bytes(), Path(path).name)
    except FileNotFoundError:
        raise NotFoundError(f"no file {path}") from None


def _step(step: int | None) -> int | None:
    number = None if step is None else check_value(step, "step")
    if number is not None and (isinstance(number, bool) or not isinstance(number, int)):
        raise UsageError(f"step is {number!r}, a step is an integer")
    return number


def _table(table: Mapping[str, Value | None] | None, where: str) -> dict[str, Value | None]:
    values = check_value({key: value for key, value in (table or {}).items() if value is not None}, where)
    assert isinstance(values, Mapping)
    return {**values, **{key: None for key, value in (table or {}).items() if value is None}}


def list_words(words: Iterable[str], what: str) -> list[str]:
    """Return words as a list.

    Raises:
        UsageError: They are one string, which Python would split into letters.
    """
    if isinstance(words, str):
        raise UsageError(f"{what} is the text {words!r}, and must be a list", hint=f"{what}=[{words!r}]")
    return list(words)
