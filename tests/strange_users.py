"""A registry of another user: really given to him where the test runs as root, else he is made out to be us."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

STRANGER: Final = 54321
"""A user without a name."""


def give_away(root: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let a folder belong to another user, whose name or number is returned; his group is not one of ours."""
    if os.geteuid() == 0:
        os.chown(root, STRANGER, STRANGER, follow_symlinks=False)
        return str(STRANGER)
    owner = root.lstat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: STRANGER)
    monkeypatch.setattr(os, "getegid", lambda: STRANGER)
    monkeypatch.setattr(os, "getgroups", lambda: [STRANGER])
    import pwd

    return pwd.getpwuid(owner).pw_name
