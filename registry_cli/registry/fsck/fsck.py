"""Checks that all that is kept is what it was. Changes nothing: what to do about a damage is `repair`'s."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from registry_cli.catalog.index.scratch import open_fresh
from registry_cli.catalog.read.uses import read_refs
from registry_cli.registry.fsck.blobs import check_blobs
from registry_cli.registry.fsck.context import Survey, count
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
    check_views,
    check_index,
    check_kinds,
)
"""In this order: what the log lost is guessed from records, and an index is not blamed for what else is damaged."""
_KINDS: Final = get_args(Kind)


def check_registry(registry: Registry, level: Level = "default", progress: Progress = SILENT) -> Report:
    """Check a registry and return what is wrong.

    The catalog is folded anew from the log, as far as that can be read; the index on disk is only compared with it.
    Others may read, write and collect meanwhile.

    Args:
        registry: The registry.
        level: How bytes are checked.
        progress: Told of entries, then of bytes.

    Raises:
        OSError: A folder cannot be read.
    """
    survey = Survey(registry, level, progress)
    with open_fresh(registry.layout, registry.log, registry.id, read_log(survey)) as survey.fresh:
        for check in CHECKS:
            check(survey)
        _note_known(survey)
        damages = sorted(survey.damages, key=_place)
        return Report(level, tuple(damages), tuple(survey.notes), Counts(**survey.counts), _name_users(survey))


def _note_known(survey: Survey) -> None:
    """Tell which damages a repair has found before, and could not mend."""
    partial = read_partial(survey.layout)
    known = [damage for damage in survey.damages if damage.blob in partial.blobs or damage.record in partial.records]
    if known:
        survey.notes.append(f"{count(len(known), 'file')} known to be lost in this copy: reg repair --from PATH")


def _place(damage: Damage) -> tuple[int, str]:
    return _KINDS.index(damage.kind), str(damage.path)


def _name_users(survey: Survey) -> dict[UserId, str]:
    """Return what the touched versions and tasks are called, in the order of the catalog."""
    touched = {user for damage in survey.damages for user in damage.users}
    if not touched:
        return {}
    known = survey.read(lambda db: read_refs(db, touched))
    return {**known, **{user: ref for user, ref in survey.refs.items() if user in touched}}
