"""Redirects a script's loads: a clone's script still loads its old input by path, and gets the new one instead.

A redirect checks the content too: a different file that the script has put at the path is loaded as it is.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from registry_cli.store.stamps import Stamp
    from registry_cli.tasks.attempt.folder import Live
    from registry_cli.tasks.attempt.hints import Redirect


class Redirects:
    """The redirects of an attempt."""

    def __init__(self, live: Live) -> None:
        from registry_cli.tasks.attempt.hints import read_redirects

        self._by_path = {os.path.normpath(one.path): one for one in read_redirects(live)}
        self._seen: dict[tuple[str, Stamp], bool] = {}

    def __bool__(self) -> bool:
        """Return True where there are any."""
        return bool(self._by_path)

    def find(self, path: str) -> str | None:
        """Return the path to load instead of an absolute path, or None.

        Raises:
            OSError: The file at the path cannot be read.
        """
        found = self._by_path.get(os.path.normpath(path)) if self._by_path else None
        return found.target if found is not None and self._is_original(found) else None

    def _is_original(self, redirect: Redirect) -> bool:
        """Return True where a path is empty or has the replaced content; of many files the largest is checked."""
        from registry_cli.store.stamps import stamp_of
        from registry_cli.tasks.run.saved_files import list_files

        files = list_files(Path(redirect.path))
        if not files:
            return True
        largest = max(files, key=lambda file: file.stat().st_size)
        status = largest.stat()
        if status.st_size not in redirect.contents.values():
            return False
        key = (str(largest), stamp_of(status))
        if key not in self._seen:
            from registry_cli.store.hashing import sha256_of_file

            self._seen[key] = redirect.contents.get(sha256_of_file(largest)) == status.st_size
        return self._seen[key]
