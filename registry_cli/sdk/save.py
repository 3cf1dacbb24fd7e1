"""Saves a version that a script hands over: in this process outside of a task, by the task's companion within one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.errors import UsageError
from registry_cli.registry.add import add_files
from registry_cli.registry.version import Version
from registry_cli.sdk.join import is_silent
from registry_cli.store import files
from registry_cli.store.writer_name import new_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from registry_cli.registry.api import Registry
    from registry_cli.registry.draft import Draft
    from registry_cli.sdk.current import Current
    from registry_cli.sdk.pending import Pending
    from registry_cli.sdk.save_options import SaveOptions


def save(
    registry: Registry, current: Current | None, draft: Draft, paths: Sequence[Path], options: SaveOptions
) -> Version:
    """Save a version now; raises as `commit`."""
    if current is None or current.live is None:
        return _add(registry, draft, paths, options)
    from registry_cli.sdk import save_in_task  # a commit outside of a task does without

    return save_in_task.save(registry, current, draft, paths, options)


def save_later(
    registry: Registry,
    current: Current | None,
    draft: Draft,
    paths: Sequence[Path],
    options: SaveOptions,
    keep: str | None,
) -> Pending:
    """Take a snapshot of the files and have it saved later; outside of a task save them now.

    Raises:
        UsageError: Only copies can be saved later, or `keep` has another form.
        RegError: As `take_snapshot`.
    """
    from registry_cli.sdk.pending import Pending, parse_keep

    newest = parse_keep(keep)
    if options.mode != "copy":
        raise UsageError(f"mode {options.mode} cannot be combined with wait=False, which copies")
    if is_silent():
        return Pending()
    if current is None or current.live is None:
        return Pending.saved(_add(registry, draft, paths, options))
    from registry_cli.sdk import save_in_task

    return save_in_task.save_later(registry, current, draft, paths, options, newest)


def _add(registry: Registry, draft: Draft, paths: Sequence[Path], options: SaveOptions) -> Version:
    """Save a version in this process, outside of a task."""
    if options.rename is None:
        added = add_files(
            registry, draft, paths, mode=options.mode, message=options.message, allow_same=options.allow_same
        )
        return Version(registry, added.version)
    from registry_cli.sdk.snapshot import take_snapshot  # only a file that gets another name is held first

    folder = registry.layout.tmp / new_name()
    try:
        held = take_snapshot(folder, paths, options.rename)
        added = add_files(
            registry, draft, held.paths, message=options.message, allow_same=options.allow_same, held=True
        )
        return Version(registry, added.version)
    finally:
        files.remove_tree(folder)
