"""Puts small good files in the place of damaged or missing ones, each in one step. Damaged files go to the trash.

A damaged file gets its name in the trash before it loses its own, so that one of the two always exists: a log whose
newest entry is gone for a moment would look as if it ended there. It does not know the meaning of the files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.store import files, trash
from registry_cli.store.new_file import NewFile
from registry_cli.store.writer_name import new_name

if TYPE_CHECKING:
    from pathlib import Path

    from registry_cli.store.layout import Layout


def put_file(layout: Layout, path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Write the bytes `data` to `path`, durably; an existing file goes to the trash.

    If the name is free and another process takes it meanwhile, that process's file stays.
    """
    files.make_dirs(path.parent, shared=layout.shared, inside=True)
    tmp = _write(layout, data, mode)
    try:
        status = files.find_status(path)
        if status is not None and files.is_regular(status):
            _keep(layout, path)
            files.rename(tmp, path)
        else:
            put_away(layout, path)
            files.link(tmp, path)
    except FileExistsError:
        pass
    finally:
        files.unlink(tmp)
    files.flush_dir(path.parent)


def put_away(layout: Layout, path: Path) -> None:
    """Move a damaged file to the trash, durably; do nothing if it is gone."""
    try:
        target = trash.set_aside(layout, path)
    except (FileNotFoundError, NotADirectoryError):
        return
    files.flush_dir(target.parent)
    files.flush_dir(path.parent)


def _write(layout: Layout, data: bytes, mode: int) -> Path:
    files.make_dirs(layout.tmp, shared=layout.shared, inside=True)
    path = layout.tmp / new_name()
    try:
        with NewFile(path, mode) as file:
            file.write(data)
            if layout.shared:  # whatever the user's umask is, other users must be able to read it
                file.set_mode(mode)
            file.flush()
    except BaseException:
        files.unlink(path)
        raise
    return path


def _keep(layout: Layout, path: Path) -> None:
    try:
        target = trash.keep_damaged(layout, path)
    except PermissionError:  # another user's file, which the kernel does not let us link
        target = trash.set_aside(layout, path)
    files.flush_dir(target.parent)
