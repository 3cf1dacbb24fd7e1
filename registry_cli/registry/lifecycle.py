"""The life cycle of a version: publish, archive, restore, remove; and the renaming of a model."""

from __future__ import annotations

from shlex import join, quote
from typing import TYPE_CHECKING

from registry_cli import clock
from registry_cli.catalog.fold import changes
from registry_cli.catalog.read.address import get_line
from registry_cli.catalog.read.models import find_line, get_line_name
from registry_cli.errors import ConflictError, CorruptError, RefusedError, UsageError
from registry_cli.ids import ModelName, line_key, parse_model_name
from registry_cli.records.codec import dump_publication
from registry_cli.records.parts import Parent
from registry_cli.records.version import Publication
from registry_cli.registry.external import fetch_file
from registry_cli.registry.fetch import fetch_files
from registry_cli.registry.hold_bytes import need_version
from registry_cli.registry.transaction import transact
from registry_cli.store.disk_reserve import with_room
from registry_cli.store.progress import SILENT, Progress
from registry_cli.store.staging import Staging

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry_cli.catalog.fold.changes import Change
    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.registry.api import Registry


def publish_versions(
    registry: Registry, refs: Sequence[str], *, message: str | None = None, progress: Progress = SILENT
) -> list[VersionRow]:
    """Fix versions for ever: write the publication of each, and seal the version by it.

    The bytes are checked first, because sealed bytes must exist; bytes that are not here are fetched, also those of
    external files. A published version stays as it is.

    Raises:
        UsageError: An address is a bare name.
        RefusedError: A version is archived or removed.
        NotFoundError: An external file is gone.
        RemoteError: An external file's server cannot be reached.
        CorruptError: A version's bytes have changed.
    """
    rows = registry.list_exact(refs, "publish")
    for row in rows:
        if row.archived or row.removed:
            state = "removed" if row.removed else "archived"
            raise RefusedError(
                f"{row.ref} is {state}: it cannot be published", hint=f"reg model restore {quote(row.ref)}"
            )
        if not row.published:
            _check_bytes(registry, row, progress)
    with Staging(registry.layout) as staging:

        def plan() -> list[Change]:
            return [
                changes.publish(row.id, staging.add_record(dump_publication(_publication(registry, row))))
                for row in registry.list_rows([row.id for row in rows])
                if not row.published
            ]

        transact(registry, plan, message=message, staging=staging)
    return registry.list_rows([row.id for row in rows])


def archive_versions(registry: Registry, refs: Sequence[str], *, message: str | None = None) -> list[VersionRow]:
    """Hide versions; archived ones stay as they are."""
    rows = registry.list_exact(refs, "archive")

    def plan() -> list[Change]:
        return [changes.archive(row.id) for row in registry.list_rows([row.id for row in rows]) if not row.archived]

    transact(registry, plan, message=message)
    return registry.list_rows([row.id for row in rows])


def restore_versions(registry: Registry, refs: Sequence[str], *, message: str | None = None) -> list[VersionRow]:
    """Show archived versions again, and removed ones whose bytes still exist.

    Raises:
        RefusedError: A removed version's bytes are gone.
    """
    rows = registry.list_exact(refs, "restore")
    with Staging(registry.layout) as staging:

        def plan() -> list[Change]:
            found = registry.list_rows([row.id for row in rows])
            for row in found:
                if row.removed:
                    need_version(registry, staging, row)
            return [changes.restore(row.id) for row in found if row.archived or row.removed]

        transact(registry, plan, message=message, staging=staging)
    return registry.list_rows([row.id for row in rows])


def remove_versions(
    registry: Registry, refs: Sequence[str], *, force: bool = False, message: str | None = None
) -> list[VersionRow]:
    """Remove versions, including ones whose record is lost; record and number stay, a collection deletes the bytes.

    On a full disk the reserve makes room for the entry.

    Raises:
        UsageError: `force` without a reason.
        RefusedError: A version is published, holds an alias or is a parent, and `force` is not set.
    """
    if force and not message:
        raise UsageError(
            "--force takes a reason, stored in the log", hint=f"reg model remove {join(refs)} --force -m 'why'"
        )
    rows = registry.list_exact(refs, "remove", broken=True)
    ids = [row.id for row in rows]

    def plan() -> list[Change]:
        found = registry.list_exact(ids, "remove", broken=True)
        return [changes.remove(row.id, force=force) for row in found if not row.removed]

    with_room(registry.layout, lambda: transact(registry, plan, message=message))
    return registry.list_exact(ids, "remove", broken=True)


def rename_model(registry: Registry, name: str, to: str, *, message: str | None = None) -> ModelName:
    """Give a model another name and return it; the old name still resolves to the model for ever.

    Raises:
        NotFoundError: There is no such model.
        ConflictError: Another model has the new name, or once had it.
    """
    new = parse_model_name(to)

    def plan() -> list[Change]:
        line, there = registry.read(lambda db: (get_line(db, name), find_line(db, new)))
        if there not in {None, line}:
            raise ConflictError(
                f"{new} names another model, or once did, and stays with it", hint=f"reg model history {quote(new)}"
            )
        held = registry.read(lambda db: get_line_name(db, line))
        return [] if held == new and line_key(held) == line_key(new) else [changes.rename(held, new)]

    transact(registry, plan, message=message)
    return new


def _publication(registry: Registry, row: VersionRow) -> Publication:
    return Publication(
        version=row.id,
        created=clock.now(),
        author=registry.author,
        files=row.files,
        framework=row.framework,
        labels=row.labels,
        design=row.design,
        parents=tuple(Parent(parent.id, parent.role) for parent in row.parents),
        metrics={key: value for key, value in row.metrics.items() if isinstance(value, int | float)},
    )


def _check_bytes(registry: Registry, row: VersionRow, progress: Progress) -> None:
    fetch_files(registry, row.files, row.ref, progress=progress)
    for file in row.files:
        if file.url:
            fetch_file(registry, row, file, progress=progress)
        if file.sha256 and (not file.url or registry.content.has(file.sha256)):
            try:
                registry.content.verify(file.sha256, file.xxh3, file.size)
            except CorruptError as error:
                raise CorruptError(f"{row.ref}: {file.path}: {error.message}", hint=error.hint) from None
