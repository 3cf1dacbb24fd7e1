"""Finds abandoned folders of attempts: their runner is dead, and the log waits for no end of theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.catalog.read.tasks import list_running

if TYPE_CHECKING:
    from collections.abc import Iterable

    from registry_cli.catalog.connection import Connection
    from registry_cli.store.attempt_folders import AttemptFolder


def list_abandoned(db: Connection, dead: Iterable[AttemptFolder]) -> list[AttemptFolder]:
    """Return those of the given folders that may be removed.

    The files of an attempt stay until its end is in the log: after a crash, its folder holds all there is.

    Args:
        db: The catalog, read after `dead` was listed, so that it has every entry of these runners.
        dead: Folders whose runner is dead.
    """
    open_attempts = {(one.task, one.attempt) for one in list_running(db)}
    return [folder for folder in dead if (folder.task, folder.number) not in open_attempts]
