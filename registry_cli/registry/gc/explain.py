"""Explains in words why a collection keeps or deletes a version's bytes, and what happens to each of its files.

An explanation deletes nothing, so it reads the index and does not fold the log as a collection does.
"""

from __future__ import annotations

from datetime import UTC, datetime
from shlex import quote
from typing import TYPE_CHECKING, Final

from registry_cli.catalog.fold import changes
from registry_cli.catalog.read.garbage import find_stage_time
from registry_cli.catalog.read.uses import list_users
from registry_cli.catalog.read.versions import find_row, list_children
from registry_cli.dataclass import dataclass
from registry_cli.ids import KEEP_TAG
from registry_cli.registry.gc.mark import Mark
from registry_cli.registry.settings import read_policy
from registry_cli.store import files
from registry_cli.store.litter import read_clock
from registry_cli.store.trash import find_swept

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.ids import BlobHash
    from registry_cli.registry.api import Registry
    from registry_cli.registry.settings import Policy


_STAYS: Final = "stays"
_GONE: Final = "deleted"


@dataclass(frozen=True, slots=True)
class FileState:
    """The state of one file of a version in words; `size` in bytes."""

    path: str
    size: int
    blob: BlobHash
    state: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The explanation for one version.

    Attributes:
        version: The version.
        stays: True where a collection leaves the version's bytes alone.
        why: The reasons, in words.
        files: The states of its files.
        hint: The next command, or None.
    """

    version: VersionRow
    stays: bool
    why: tuple[str, ...]
    files: tuple[FileState, ...]
    hint: str | None


def explain_version(registry: Registry, ref: str) -> Explanation:
    """Return the reasons why a collection leaves a version's bytes alone or deletes them.

    Raises:
        NotFoundError: The address names nothing.
    """
    row = registry.get_row(ref)
    with Mark(registry, indexed=True) as mark:
        number = mark.read(lambda db: find_row(db, row.id))
        kept = mark.find_stay(number) if number is not None else None
        states = tuple(_iter_states(registry, mark, row, mark.read(read_policy)))
    if not any(file.state.startswith(_STAYS) for file in states):
        kept = None  # a collection with --forced released it
    gone = any(file.state.startswith(_GONE) for file in states)
    hint = "reg model add --help" if gone else _hint(registry, row, kept)
    return Explanation(row, not row.removed or kept is not None, _why(registry, row, kept), states, hint=hint)


def _why(registry: Registry, row: VersionRow, kept: str | None) -> tuple[str, ...]:
    if row.removed:
        return (f"it was removed, and its bytes stay all the same: {kept}" if kept else "it was removed",)
    reasons = ["it is not removed"]
    reasons += ["it is published"] if row.published else []
    reasons += ["it is archived"] if row.archived else []
    reasons += [f"it holds the alias {alias}" for alias in row.aliases]
    reasons += [f"it has the tag {KEEP_TAG}"] if KEEP_TAG in row.tags else []
    children = registry.read(lambda db: list_children(db, row.id))
    reasons += [f"{registry.get_row(child).ref} was made from it" for _, child in children[:3]]
    return tuple(reasons)


def _hint(registry: Registry, row: VersionRow, kept: str | None) -> str | None:
    if row.removed:
        return "reg gc --forced" if kept else f"reg model restore {quote(row.ref)}"
    held = row.published or row.aliases or registry.read(lambda db: list_children(db, row.id))
    force = " --force -m 'why'" if held else ""
    return f"reg model remove {quote(row.ref)}{force}"


def _iter_states(registry: Registry, mark: Mark, row: VersionRow, policy: Policy) -> Iterator[FileState]:
    stored = [(file.path, file.size or 0, file.sha256) for file in row.files if file.sha256]
    if row.design and row.design.sha256:
        stored.append(("design", row.design.size or 0, row.design.sha256))
    for path, size, blob in stored:
        yield FileState(path, size, blob, _find_state(registry, mark, row, blob, policy))


def _find_state(registry: Registry, mark: Mark, row: VersionRow, blob: BlobHash, policy: Policy) -> str:
    home = registry.layout.blob(blob)
    swept = find_swept(registry.layout, home)
    if not files.exists(home) and swept is None:
        return _absent(registry, mark, blob)
    if mark.list_used([blob]):
        users = mark.read(lambda db: list_users(db, blob)) if row.removed else []
        others = [user.ref for user in users if not user.removed]
        return f"{_STAYS}: {others[0]} holds the same bytes" if others else _STAYS
    if not files.exists(home) and swept is not None:
        return f"in the trash, deleted after {_day(files.get_status(swept).st_ctime + policy.trash)}"
    status, now = files.get_status(home), read_clock(registry.layout)
    stage = mark.read_stages().get(blob)
    if stage is not None:
        due = max(status.st_ctime, files.get_status(registry.layout.slot(stage.seq)).st_ctime) + policy.grace
        return f"announced, goes to the trash after {_day(due)}" if due > now else "goes to the trash with the next gc"
    return "is announced by the next gc"


def _absent(registry: Registry, mark: Mark, blob: BlobHash) -> str:
    if registry.content.find_elsewhere(blob) is not None:
        return f"{_STAYS} at the upstream" if mark.list_used([blob]) else "at the upstream alone"
    deleted = mark.read(lambda db: find_stage_time(db, blob, changes.PURGE))
    return f"{_GONE} on {_day(deleted / 1_000_000)}" if deleted else f"{_GONE}, by no collection"


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
