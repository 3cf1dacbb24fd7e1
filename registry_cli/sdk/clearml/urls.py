"""Reads the URLs and paths that scripts give for files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from registry_cli.errors import UsageError

if TYPE_CHECKING:
    from os import PathLike


def read_url(url: str | PathLike[str]) -> str:
    """Return a URL or path as text.

    Raises:
        UsageError: It is neither.
    """
    text = os.fspath(url) if isinstance(url, str | os.PathLike) else None
    if not isinstance(text, str) or not text:
        raise UsageError(f"{url!r:.60} is no URL and no path")
    return text


def find_path(url: str) -> Path | None:
    """Return the local path of a URL or path, or None for any other URL."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return None if "://" in url else Path(url)
