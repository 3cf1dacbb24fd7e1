"""Checks the files around the data: the format, the settings of this copy, and the folders themselves."""

from __future__ import annotations

import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from registry_cli.errors import CorruptError, RegError
from registry_cli.registry.abandoned_attempts import list_abandoned
from registry_cli.registry.fsck.context import count
from registry_cli.registry.fsck.report import Damage
from registry_cli.registry.settings import check_value, get_key
from registry_cli.store import files, trash
from registry_cli.store.attempt_folders import list_dead
from registry_cli.store.config import read_settings
from registry_cli.store.format import read_format

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from pathlib import Path

    from registry_cli.registry.fsck.context import Survey


def check_surroundings(survey: Survey) -> None:
    """Check `format.toml`, `config.toml`, `.gitignore`, `turn`, and that no file is in the place of a folder."""
    _check_format(survey)
    _check_config(survey)
    _check_ignored(survey)
    layout = survey.layout
    if not files.exists(layout.turn):
        survey.damages.append(Damage("layout", layout.turn, "is missing: writers cannot take turns"))
    for folder in layout.folders:
        status = files.find_status(folder)
        if status is not None and files.is_regular(status):
            survey.damages.append(Damage("layout", folder, "is no folder"))
    _note_abandoned(survey)


def check_kinds(survey: Survey) -> None:
    """Report entries that are neither files nor folders: a link from an archive may lead out of the registry.

    An entry that a repair has moved to the trash is no longer damage. An entry reported by another check is left out.
    """
    known = {damage.path for damage in survey.damages}
    for path, kind in _iter_odd(survey.layout.root):
        if path not in known and not trash.is_damaged(survey.layout, path):
            survey.damages.append(Damage("layout", path, f"is a {kind}"))


def _iter_odd(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield the entries at any depth that are neither files nor folders, with their kind; skip unreadable folders."""
    folders = []
    try:
        for entry in files.iter_entries(folder):
            if entry.is_dir(follow_symlinks=False):
                folders.append(folder / entry.name)
            elif not entry.is_file(follow_symlinks=False):
                with suppress(FileNotFoundError):  # removed meanwhile
                    yield folder / entry.name, _name_kind(entry.stat(follow_symlinks=False))
    except PermissionError:
        return
    for inner in folders:
        yield from _iter_odd(inner)


def _name_kind(status: os.stat_result) -> str:
    kinds = {stat.S_IFLNK: "link", stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket"}
    return kinds.get(stat.S_IFMT(status.st_mode), "device")


def _check_format(survey: Survey) -> None:
    path = survey.layout.format
    try:
        read_format(survey.layout)
    except (RegError, OSError) as error:
        survey.damages.append(Damage("format", path, _strip_path(path, error)))


def _check_config(survey: Survey) -> None:
    path = survey.layout.config
    if not files.exists(path):
        survey.notes.append("config.toml is missing: all settings of this copy are the defaults")
        return
    try:
        settings = read_settings(path)
        if not files.get_status(path).st_size:
            survey.notes.append("config.toml is empty: all settings of this copy are the defaults")
    except (RegError, OSError) as error:
        survey.damages.append(Damage("config", path, _strip_path(path, error)))
        return
    for name, value in settings.items():
        problem = _find_problem(name, value)
        if problem:
            survey.damages.append(Damage("config", path, problem))


def _find_problem(name: str, value: str) -> str | None:
    try:
        key = get_key(name)
        check_value(name, key, value)
    except RegError as error:
        return error.message
    return f"{name} is no setting of a copy" if key.scope != "copy" else None


def _check_ignored(survey: Survey) -> None:
    """Check that `.gitignore` keeps weights out of `git add .`: exceptions may follow its line `*`."""
    path = survey.layout.root / ".gitignore"
    try:
        ignored = b"*" in files.read_small(path).splitlines()
    except FileNotFoundError:
        survey.damages.append(Damage("layout", path, "is missing: `git add` would take the weights"))
    except (RegError, OSError) as error:
        survey.damages.append(Damage("layout", path, _strip_path(path, error)))
    else:
        if not ignored:
            survey.damages.append(Damage("layout", path, "has no line `*`: `git add` would take the weights"))


def _note_abandoned(survey: Survey) -> None:
    """Note the folders that dead runners left of attempts that are over, or that never reached the log."""
    try:
        dead = list_dead(survey.layout)
    except CorruptError:  # a link is in the place of tasks/: `check_kinds` reports it
        return
    survey.catch_up()  # dead runners write no more entries
    abandoned = survey.read(lambda db: list_abandoned(db, dead))
    if abandoned and not survey.lost:
        survey.notes.append(f"{count(len(abandoned), 'folder')} in tasks/ of attempts that are over: reg gc")


def _strip_path(path: Path, error: RegError | OSError) -> str:
    """Return an error's message without the path that it starts with."""
    if isinstance(error, RegError):
        return error.message.removeprefix(f"{path} ")
    return f"cannot be read: {error.strerror}"
