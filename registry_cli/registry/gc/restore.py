"""Lists the trash, and restores swept blobs from it by their digest."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from registry_cli.errors import AmbiguousError, CorruptError, NotFoundError, UsageError
from registry_cli.store import files, trash
from registry_cli.store.hashing import sha256_of_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry_cli.registry.api import Registry
    from registry_cli.store.trash import Trashed

SHORTEST: Final = 4
"""Fewest hex digits of a prefix of a blob's id."""


def list_trashed(registry: Registry) -> list[Trashed]:
    """Return the files in the trash, oldest first, without second names of files that are in their place."""
    return [trashed for trashed in trash.list_trash(registry.layout) if not _is_in_place(trashed)]


def restore_trashed(registry: Registry, prefixes: Sequence[str]) -> list[Trashed]:
    """Move swept blobs back to their place, where no version uses them; return their files in the trash.

    Raises:
        UsageError: A prefix is too short.
        NotFoundError: A prefix matches no blob in the trash.
        AmbiguousError: A prefix matches several blobs.
        CorruptError: The bytes in the trash have changed; no blob is restored.
    """
    registry.check_writable()
    found = [_find(trash.list_trash(registry.layout), prefix) for prefix in prefixes]
    for trashed in found:
        if sha256_of_file(trashed.path) != trashed.blob:
            raise CorruptError(
                f"blob {str(trashed.blob)[:12]} in the trash does not hold the bytes it was given",
                hint="reg repair",
            )
    for trashed in found:
        if trash.bring_back(registry.layout, trashed.home):
            files.flush_dir(trashed.home.parent)
            files.freshen(trashed.home)  # its grace starts again
    return found


def _find(listed: Sequence[Trashed], prefix: str) -> Trashed:
    if len(prefix) < SHORTEST:
        raise UsageError(f"`{prefix}` is too short: {SHORTEST} characters or more", hint="reg trash list")
    fits = {t.blob: t for t in listed if t.reason == "swept" and t.blob and t.blob.startswith(prefix.lower())}
    if not fits:
        raise NotFoundError(f"no blob `{prefix}` in the trash", hint="reg trash list")
    if len(fits) > 1:
        raise AmbiguousError(f"`{prefix}` matches {len(fits)} blobs in the trash", hint="reg trash list")
    return next(iter(fits.values()))


def _is_in_place(trashed: Trashed) -> bool:
    there, aside = files.find_status(trashed.home), files.find_status(trashed.path)
    return there is not None and aside is not None and os.path.samestat(there, aside)
