"""From what a script hands to a save or a load to the path of a file here. Touches no file."""

from __future__ import annotations

import os
from typing import Any
from weakref import ReferenceType, ref

_LOCAL = ("file://", "local://")


def find_path(value: Any) -> str | None:
    """Return the absolute path that a path or a file object names, in one spelling; None for a buffer.

    A URL of another machine is returned as it is: `is_remote` tells.
    """
    if not isinstance(value, str):
        if isinstance(value, os.PathLike | bytes):
            value = os.fsdecode(value)
        else:  # an open file, or fsspec's
            value = getattr(value, "name", None) or getattr(value, "path", None)
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


def _tidy(path: str) -> str:
    """Return an absolute path in the one spelling that it has, so that two of one file are the same."""
    if "/../" not in f"{path}/":
        return "/" + os.path.normpath(path).lstrip("/")
    folder, name = os.path.split(path)  # of a link's folder `..` is not what the text says
    return f"{os.path.realpath(folder).rstrip('/')}/{name}" if name != ".." else os.path.realpath(path)


def is_remote(path: str) -> bool:
    """Return whether a path that `find_path` returned lies on another machine."""
    return not path.startswith("/")


def find_stream(value: object) -> ReferenceType[Any] | None:
    """Return a weak reference to a file object; None for a path, and for one that cannot be referred to."""
    if isinstance(value, str | bytes | os.PathLike):
        return None
    try:
        return ref(value)
    except TypeError:
        return None
