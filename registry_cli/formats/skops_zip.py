"""Reads skops' archives: arrays, and in `schema.json` a tree of nodes that name classes (`skops/io/_persist.py`).

The tree is not parsed: a pattern finds the modules at its beginning, the root's first. Cap: `MEMBER_LIMIT`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from registry_cli.formats.archive import MEMBER_LIMIT
from registry_cli.formats.facts import Facts, FieldValue, text, words
from registry_cli.formats.pickle_ import FRAMEWORKS

if TYPE_CHECKING:
    from registry_cli.formats.archive import Archive

_MODULE = re.compile(rb'"__module__": ?"([A-Za-z_]\w{0,63})')
_VERSION = re.compile(rb'"_skops_version": ?"([\w.+-]{1,40})"')


def describe(archive: Archive) -> Facts | None:
    """Return the facts of a skops archive; None for other archives."""
    if "schema.json" not in archive.names:
        return None
    schema = archive.head("schema.json", MEMBER_LIMIT)
    if not schema.startswith(b"{") or b'"__loader__"' not in schema:
        return None
    roots = list(dict.fromkeys(found.decode() for found in _MODULE.findall(schema)))
    fields: dict[str, FieldValue] = {"format": "skops", "imports": words(roots)}
    version = _VERSION.search(schema, max(0, len(schema) - 256))
    if version is not None:
        fields["producer"] = text(f"skops {version[1].decode()}")
    framework = next((FRAMEWORKS[root] for root in roots if root in FRAMEWORKS), None)
    return Facts(framework, "application/x-skops", fields)
