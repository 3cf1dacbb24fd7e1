"""Finds the path of a local file in the argument that a script passes to a save or a load. Touches no file."""

from __future__ import annotations

import os
from typing import Any
from weakref import ReferenceType, ref

_LOCAL = ("file://", "local://")


def find_path(value: Any) -> str | None:
    """Return the absolute, normalised path of a path or a file object; None for a buffer.

    A URL of another machine is returned unchanged; `is_remote` recognises it.
    """
    if not isinstance(value, str):
        if isinstance(value, os.PathLike | bytes):
            value = os.fsdecode(value)
        else:  # an open file, or fsspec's
            value = getattr(value, "name", None) or getattr(value, "path", None)
            if type(value) is int:  # that of `os.fdopen`
                value = _find_name(value)
            if not isinstance(value, str | bytes):
                return None
            value = os.fsdecode(value)
    if "://" in value:
        for scheme in _LOCAL:
            value = value.removeprefix(scheme)
        if "://" in value:
            return str(value)
    path = value if value.startswith("/") else f"{os.getcwd()}/{value}"
    return _tidy(path) if "/." in path or "//" in path else path


def _find_name(number: int) -> str | None:
    """Return the path of an open file by its descriptor; None where it has none, or was removed."""
    try:
        name = os.readlink(f"/proc/self/fd/{number}")
    except OSError:
        return None
    return name if name.startswith("/") and not name.endswith(" (deleted)") else None


def _tidy(path: str) -> str:
    """Return an absolute path in its normalised form, so that two paths of one file are equal."""
    if "/../" not in f"{path}/":
        return "/" + os.path.normpath(path).lstrip("/")
    folder, name = os.path.split(path)  # behind a link to a folder, `..` differs from what the text says
    return f"{os.path.realpath(folder).rstrip('/')}/{name}" if name != ".." else os.path.realpath(path)


def is_remote(path: str) -> bool:
    """Return whether a path from `find_path` lies on another machine."""
    return not path.startswith("/")


def find_stream(value: object) -> ReferenceType[Any] | None:
    """Return a weak reference to a file object; None for a path, and for an object that allows no weak reference."""
    if isinstance(value, str | bytes | os.PathLike):
        return None
    try:
        return ref(value)
    except TypeError:
        return None
