"""Mends `format.toml`: takes the registry's id from its index, or from a copy that shares an entry of its log."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from registry_cli.errors import CorruptError, NoRegistryError
from registry_cli.registry.repair.index_memory import read_registry_id
from registry_cli.registry.repair.log_gaps import find_link
from registry_cli.registry.repair.outcome import Outcome
from registry_cli.registry.repair.put_back import put_file
from registry_cli.store import files
from registry_cli.store.format import Format, dump_format, read_format
from registry_cli.store.layout import Layout
from registry_cli.store.log import Log

if TYPE_CHECKING:
    from registry_cli.registry.repair.other_copy import Sibling


def mend_format(layout: Layout, sibling: Sibling | None, *, dry_run: bool) -> list[Outcome]:
    """Recreate `format.toml` where it is missing or damaged; return the outcome.

    Raises:
        NoRegistryError: The folder holds no registry.
        CorruptError: The registry's id cannot be found.
        RefusedError: A newer program made the registry.
    """
    try:
        read_format(layout)
    except (CorruptError, NoRegistryError):
        if not files.is_dir(layout.log) and not files.is_dir(layout.records):
            raise
    else:
        return []
    form, how = _find_format(layout, sibling)
    if not dry_run:
        put_file(Layout(layout.root, form.shared), layout.format, dump_format(form))
    return [Outcome("format", layout.format, how)]


def _find_format(layout: Layout, sibling: Sibling | None) -> tuple[Format, str]:
    mode = layout.root.stat().st_mode
    shared = bool(mode & stat.S_ISGID and mode & stat.S_IWGRP)
    known = read_registry_id(layout.index)
    if known:
        return Format(known, shared=shared), "made again with the id that the index knows"
    if sibling and sibling.format and _is_copy(layout, sibling):
        theirs = sibling.format
        return Format(theirs.id, theirs.layout, shared, theirs.features), f"made again as in {sibling.layout.root}"
    raise CorruptError(
        f"{layout.format} is damaged, and nothing here knows the registry's id: --from takes it from a copy",
        hint="reg repair --help",
    )


def _is_copy(layout: Layout, sibling: Sibling) -> bool:
    """Return whether the two logs share an entry; as ids of entries are random, that proves a copy."""
    log = Log(layout)
    last, _ = log.find_leap()
    return any((ours := find_link(log, seq)) and ours == find_link(sibling.log, seq) for seq in range(1, last + 1))
