"""Checks that all stored files are unchanged. Changes nothing itself: `repair` mends the damage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from registry_cli.catalog.index.scratch import Fresh
from registry_cli.catalog.read.uses import read_refs
from registry_cli.registry.fsck.blobs import check_blobs
from registry_cli.registry.fsck.context import Survey, count
from registry_cli.registry.fsck.external import check_external
from registry_cli.registry.fsck.index import check_index
from registry_cli.registry.fsck.log import check_log, read_log
from registry_cli.registry.fsck.records import check_records
from registry_cli.registry.fsck.report import Counts, Kind, Level, Report
from registry_cli.registry.fsck.small_files import check_kinds, check_surroundings
from registry_cli.registry.fsck.views import check_views
from registry_cli.store.known_losses import read_partial
from registry_cli.store.progress import SILENT, Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from registry_cli.catalog.read.rows import UserId
    from registry_cli.registry.api import Registry
    from registry_cli.registry.fsck.report import Damage

CHECKS: Final[tuple[Callable[[Survey], None], ...]] = (
    check_surroundings,
    check_records,
    check_log,
    check_blobs,
    check_external,
    check_views,
    check_index,
    check_kinds,
)
"""The checks in their order: the log check uses orphan records, and the index is not blamed for other damage."""
_KINDS: Final = get_args(Kind)


def check_registry(registry: Registry, level: Level = "default", progress: Progress = SILENT) -> Report:
    """Check a registry and return a report.

    The catalog is folded afresh from the readable entries of the log; the index on disk is only compared with it. Other
    processes may read, write and collect meanwhile.

    Args:
        registry: The registry.
        level: Level of checking.
        progress: Reports the entries, then the bytes done.

    Raises:
        OSError: A folder cannot be read.
    """
    survey = Survey(registry, level, progress)
    with Fresh(registry.layout, registry.log, registry.id, read_log(survey)) as survey.fresh:
        for check in CHECKS:
            check(survey)
        _note_known(survey)
        damages = sorted(survey.damages, key=_place)
        return Report(level, tuple(damages), tuple(survey.notes), Counts(**survey.counts), _name_users(survey))


def _note_known(survey: Survey) -> None:
    """Note the damages that a repair has found before and could not mend."""
    partial = read_partial(survey.layout)
    known = [damage for damage in survey.damages if damage.blob in partial.blobs or damage.record in partial.records]
    if known:
        survey.notes.append(f"{count(len(known), 'file')} known to be lost in this copy: reg repair --from PATH")


def _place(damage: Damage) -> tuple[int, str]:
    return _KINDS.index(damage.kind), str(damage.path)


def _name_users(survey: Survey) -> dict[UserId, str]:
    """Return the addresses of the affected versions and tasks, in the order of the catalog."""
    affected = {user for damage in survey.damages for user in damage.users}
    if not affected:
        return {}
    known = survey.read(lambda db: read_refs(db, affected))
    return {**known, **{user: ref for user, ref in survey.refs.items() if user in affected}}
