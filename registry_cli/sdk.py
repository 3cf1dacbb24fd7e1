"""What a training script calls: commit an output, use an input. Two functions; everything else is on `Registry`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path

from registry_cli.errors import NotFoundError, UsageError
from registry_cli.ids import parse_alias, parse_model_name, parse_tag
from registry_cli.records.values import Value, check_number, check_value
from registry_cli.records.version import check_labels
from registry_cli.registry.add import Mode, add_files, make_design
from registry_cli.registry.api import Registry
from registry_cli.registry.draft import DEFAULT_ROLE, DesignSource, Draft, given
from registry_cli.registry.version import Version

Files = str | PathLike[str] | Sequence[str | PathLike[str]]
Parents = Sequence["str | Version"] | Mapping[str, "str | Version"]


def commit(
    path: Files,
    name: str,
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
) -> Version:
    """Save a model as the next version of `name` and return it.

    Args:
        path: A file, a folder, or several of them; they stay where they are.
        name: `project/name`.
        metrics: Numbers, NaN and infinities included; NumPy and torch scalars are taken.
        tags: Labels that many versions may carry.
        aliases: Names moved to this version.
        parents: Versions or addresses it was made from, as a list (role `base`) or by role, such as
            `{"continue": "vision/resnet:3"}`.
        metadata: Text, numbers, booleans, times, lists and tables; None is kept as null.
        params: What it was trained with.
        labels: Label to integer id.
        interface: Its inputs and outputs.
        design: A file that describes the network, given back byte for byte.
        framework: Told from the files where None.
        step: Training step.
        message: Why; the version's first comment.
        mode: `copy`, `link` (share the bytes), `move` (take the file away), `reference` (only point to it).
        allow_same: Make a version although the newest has the same files and fields.
        registry: Where; found as the command line finds it when None.

    Raises:
        NoRegistryError: There is no registry.
        NotFoundError: A file or a parent is missing.
        UsageError: A name or value cannot be kept.
        ConflictError: A file changed while it was read.
    """
    draft = Draft(
        name=parse_model_name(name),
        framework=framework,
        step=_step(step),
        parents=_parents(parents),
        labels=check_labels(_table(labels, "labels")),
        design=_design(design),
        params=_table(params, "params"),
        metrics={key: check_number(value, f"metrics.{key}") for key, value in _table(metrics, "metrics").items()},
        metadata=_table(metadata, "metadata"),
        interface=given(_table(interface, "interface")),
        tags=tuple(parse_tag(tag) for tag in _words(tags, "tags")),
        aliases=tuple(parse_alias(alias) for alias in _words(aliases, "aliases")),
    )
    paths = [path] if isinstance(path, str | PathLike) else path
    found = registry or Registry.find()
    added = add_files(found, draft, [Path(each) for each in paths], mode=mode, message=message, allow_same=allow_same)
    return Version(found, added.version)


def use(ref: str, *, registry: Registry | None = None) -> Version:
    """Return the version that an address names; `.path` is its file or folder.

    Raises:
        NoRegistryError: There is no registry.
        NotFoundError: The address names nothing.
    """
    found = registry or Registry.find()
    return Version(found, found.get_row(ref))


def _parents(parents: Parents) -> tuple[tuple[str, str], ...]:
    if isinstance(parents, str | Version):
        raise UsageError(f"parents is one version, {parents}", hint=f"give a list: parents=['{parents}']")
    pairs = list(parents.items()) if isinstance(parents, Mapping) else [(DEFAULT_ROLE, each) for each in parents]
    for _, each in pairs:
        if not isinstance(each, str | Version):
            raise UsageError(f"{each!r} is no parent", hint='give versions or addresses; by role: {"continue": base}')
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


def _words(words: Iterable[str], what: str) -> list[str]:
    if isinstance(words, str):
        raise UsageError(f"{what} is the text {words!r}", hint=f"give a list: {what}=[{words!r}]")
    return list(words)
