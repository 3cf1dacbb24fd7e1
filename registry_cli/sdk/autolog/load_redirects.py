"""What a script gets in place of a file that it loads by its path: that of a clone still asks for the old input.

It is asked for by content too: where the script has put something else under the path, that stays.
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
        """Return whether there are any."""
        return bool(self._by_path)

    def find(self, path: str) -> str | None:
        """Return what is to be loaded instead of an absolute path, or None.

        Raises:
            OSError: What lies there cannot be read.
        """
        found = self._by_path.get(os.path.normpath(path)) if self._by_path else None
        return found.target if found is not None and self._is_original(found) else None

    def _is_original(self, redirect: Redirect) -> bool:
        """Return whether nothing lies at a path, or what the input is there instead of; of many files the largest."""
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
