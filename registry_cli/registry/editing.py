"""Edits versions: their tags and fields, and new drafts on the same bytes."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Any, Final

from registry_cli.catalog.fold import changes
from registry_cli.catalog.fold.edit_effect import locate
from registry_cli.dataclass import dataclass, field, replace
from registry_cli.errors import RefusedError, UsageError
from registry_cli.ids import ModelName, TagName, VersionId
from registry_cli.records.codec import dump_version
from registry_cli.records.parts import Parent
from registry_cli.records.tables import design_table
from registry_cli.records.values import Value, check_number
from registry_cli.records.version import check_labels
from registry_cli.registry.add import build_version, stage_design
from registry_cli.registry.draft import DesignSource, Draft, given
from registry_cli.registry.hold_bytes import need_version
from registry_cli.registry.transaction import transact
from registry_cli.registry.unchanged import holds
from registry_cli.store.staging import Staging

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from registry_cli.catalog.fold.changes import Change
    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.registry.api import Registry

GROUPS: Final = ("metadata", "metrics")
"""Tables that `--set` and `--unset` reach by `GROUP.KEY`."""


@dataclass(frozen=True, slots=True)
class Edit:
    """The changes of an edit; a field that is empty or None stays as it is.

    Attributes:
        put: New values of names such as `metadata.owner`, `metrics.auc`, `framework` or `comment`.
        unset: Names of the same kind, and `labels.NAME` and `design`, to remove.
    """

    put: Mapping[str, Value | None] = field(default_factory=dict)
    unset: tuple[str, ...] = ()
    labels: Mapping[str, int] = field(default_factory=dict)
    design: DesignSource | None = None
    framework: str | None = None
    comment: str | None = None


def tag_versions(
    registry: Registry, refs: Sequence[str], *, add: Sequence[TagName] = (), remove: Sequence[TagName] = (),
    message: str | None = None,
) -> list[VersionRow]:  # fmt: skip
    """Add tags to versions and remove tags from them; return the versions.

    Raises:
        UsageError: A tag is to be both added and removed.
    """
    both = set(add) & set(remove)
    if both:
        raise UsageError(f"tag {min(both)} cannot be both added and removed")
    rows = registry.list_rows(refs)

    def plan() -> list[Change]:
        wanted = []
        for row in registry.list_rows([row.id for row in rows]):
            new, old = set(add) - set(row.tags), set(remove) & set(row.tags)
            if new or old:
                wanted.append(changes.tag(row.id, add=new, remove=old))
        return wanted

    transact(registry, plan, message=message)
    return registry.list_rows([row.id for row in rows])


def edit_versions(
    registry: Registry, refs: Sequence[str], edit: Edit, *, message: str | None = None
) -> list[VersionRow]:
    """Change fields of versions; return the versions. Unsetting a field that is not set does nothing.

    Raises:
        UsageError: A name cannot be set, or a value does not fit it.
        RefusedError: The version is published and the field is sealed.
    """
    rows = registry.list_rows(refs)
    with Staging(registry.layout) as staging:
        put, unset = _put(edit), list(edit.unset)
        if edit.design:
            put["design"] = design_table(stage_design(staging, edit.design))
        for key, value in edit.put.items():
            if value is None:
                unset.append(key)
        _check_unset(unset)
        both = {*edit.put, *(f"labels.{name}" for name in edit.labels)} & set(edit.unset)
        if both:
            raise UsageError(f"{min(both)} is to be set and unset: one of them is possible")

        def plan() -> list[Change]:
            wanted = []
            for row in registry.list_rows([row.id for row in rows]):
                there = [name for name in unset if _is_set(row, name)]
                if not row.published:  # a published version's labels are sealed in any case
                    check_labels(_changed(row.labels, put, edit, "labels"))
                if there or not _has(row, put):
                    wanted.append(changes.edit(row.id, put=put, unset=there))
            return wanted

        transact(registry, plan, message=message, staging=staging)
    return registry.list_rows([row.id for row in rows])


def derive_version(
    registry: Registry, ref: str, edit: Edit, *, name: ModelName | None = None, message: str | None = None
) -> VersionRow:
    """Make a new draft on the bytes of a version, with other labels, design, framework or values.

    Args:
        registry: The registry.
        ref: The version to derive from; it becomes the draft's parent with the role `derive`.
        edit: The differences.
        name: The draft's model; the version's own by default.
        message: Reason, for the log.

    Raises:
        RefusedError: The version was removed, or its bytes are gone.
    """
    base = registry.get_row(ref)
    if base.removed:
        raise RefusedError(f"{base.ref} was removed", hint=f"reg model restore {quote(base.ref)}")
    put = _put(edit)
    _check_unset(list(edit.unset))
    draft = Draft(
        name=name or base.name,
        framework=str(put["framework"]) if "framework" in put else base.framework,
        step=base.step,
        labels=_changed(base.labels, put, edit, "labels"),
        design=edit.design,
        params=base.own_params,
        metrics=_changed(base.metrics, put, edit, "metrics"),
        metadata=_changed(base.metadata, put, edit, "metadata"),
        interface=base.interface,
    )
    with Staging(registry.layout) as staging:
        need_version(registry, staging, base)
        record = build_version(registry, staging, draft, base.files, edit.comment or message, {})
        record = replace(
            record,
            parents=(Parent(base.id, "derive"),),
            design=record.design or (None if "design" in edit.unset else base.design),
        )
        version = VersionId(staging.add_record(dump_version(record)))
        registry.index.expect(version, record)
        transact(registry, lambda: [changes.add_version(version, draft.name)], message=message, staging=staging)
    return registry.get_row(version)


def _put(edit: Edit) -> dict[str, Any]:
    """Return the values to set, in the form that `changes.edit` takes."""
    from registry_cli.secrets.check import check_value

    put: dict[str, Any] = {}
    check_value("the comment", edit.comment)
    for key, value in given(edit.put).items():
        check_value(key, value)
        group, _, name = key.partition(".")
        if group in GROUPS and name:
            put.setdefault(group, {})[name] = check_number(value, key) if group == "metrics" else value
        elif key in {"framework", "comment"}:
            put[key] = str(value)
        else:
            raise UsageError(f"{key!r} cannot be set: metadata.KEY, metrics.KEY, framework and comment can")
    if edit.labels:
        put["labels"] = dict(edit.labels)
    if edit.framework is not None:
        put["framework"] = edit.framework
    if edit.comment is not None:
        put["comment"] = edit.comment
    return put


def _has(row: VersionRow, put: Mapping[str, Any]) -> bool:
    """Return whether a version already has all values of `put`, so that nothing needs to be written."""
    tables = {*GROUPS, "labels"}
    now = {"framework": row.framework, "comment": row.comment, "design": design_table(row.design)}
    plain = {key: value for key, value in put.items() if key not in tables}
    return holds(now, plain) and all(holds(getattr(row, key), put[key]) for key in tables & put.keys())


def _is_set(row: VersionRow, name: str) -> bool:
    group, dot, key = name.partition(".")
    if not dot:
        return getattr(row, name) is not None
    place, last = locate(dict(getattr(row, group)), key)
    return last in place


def _check_unset(names: Sequence[str]) -> None:
    for name in names:
        group, _, key = name.partition(".")
        if not (group in {*GROUPS, "labels"} and key) and name not in {"framework", "comment", "design"}:
            raise UsageError(
                f"{name!r} cannot be unset: metadata.KEY, metrics.KEY, labels.NAME, framework, design and comment can"
            )


def _changed(table: Mapping[str, Any], put: Mapping[str, Any], edit: Edit, group: str) -> dict[str, Any]:
    gone = {name.partition(".")[2] for name in edit.unset if name.startswith(f"{group}.")}
    return {key: value for key, value in {**table, **put.get(group, {})}.items() if key not in gone}
