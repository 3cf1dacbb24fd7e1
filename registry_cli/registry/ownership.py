"""Checks the owner of a registry that was found and not named: one found upward may be another user's trap.

A registry's contents are passed on to a user's programs, so a found one is used only if the folder is the user's own,
if it is a shared one of a group that the user is in, or if the user trusts it. The rule is git's
(https://git-scm.com/docs/git-config#Documentation/git-config.txt-safedirectory). `trust.py` stores the trust.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from registry_cli import env
from registry_cli.errors import RefusedError, RegError
from registry_cli.store.layout import DIRECTORY

if TYPE_CHECKING:
    from pathlib import Path


def check_owner(root: Path) -> None:
    """Check that a registry that was found, and not named, may be used.

    Args:
        root: The `.registry` folder; of a link, both the link and its target are checked.

    Raises:
        RefusedError: It belongs to another user.
    """
    stranger = find_stranger(root)
    if stranger is not None:
        from shlex import quote

        folder = quote(str(root.parent if root.name == DIRECTORY else root))
        raise RefusedError(
            f"{root} belongs to {stranger} and may hold anything: it is used where --registry or REG_DIR names it",
            hint=f"reg trust {folder}",
        )


def is_usable(root: Path) -> bool:
    """Return whether `check_owner` passes; if the file of trusted registries cannot be read, none is trusted."""
    try:
        return find_stranger(root) is None
    except RegError:
        return False


def find_stranger(root: Path) -> str | None:
    """Return the name of the other user who owns a registry, or None where it may be used."""
    named = root.lstat()
    real = root.stat() if stat.S_ISLNK(named.st_mode) else named
    ours = _own_users()
    strangers = [status.st_uid for status in (named, real) if status.st_uid not in ours]
    if not strangers:
        return None
    from registry_cli.registry.trust import find_format, is_trusted

    form = find_format(root)
    if form is not None:
        led_by_us = named is real or named.st_uid in ours
        if form.shared and led_by_us and real.st_gid in {os.getegid(), *os.getgroups()}:
            return None
        if is_trusted(root, form.id):
            return None
    return env.user_name(strangers[0])


def _own_users() -> set[int]:
    """Return the ids of users whose registries count as ours: this user, and for root the user who called sudo."""
    own = {os.geteuid()}
    caller = env.read(env.SUDO_UID) if own == {0} else None
    return own | ({int(caller)} if caller and caller.isdecimal() else set())
