"""Designs as text: reads them from where they are stored, and compares two as a unified diff."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Final

from registry_cli.errors import NotFoundError
from registry_cli.store.hashing import digest_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.records.parts import Design
    from registry_cli.records.values import Value
    from registry_cli.registry.api import Registry

LONGEST: Final = 1 << 20
"""Most bytes of a design whose differences are shown; of a longer one, only that it differs."""


def read_design(registry: Registry, version: VersionRow) -> bytes:
    """Return a version's design byte for byte.

    Raises:
        NotFoundError: It has no design.
        CorruptError: The stored bytes have changed.
    """
    design = version.design
    if design is None:
        raise NotFoundError(f"{version.ref} has no design", hint="reg model edit --help")
    if design.sha256 is None:
        return (design.text or "").encode()
    registry.content.verify(design.sha256, design.xxh3, design.size)
    return registry.content.read(design.sha256)


def diff_designs(registry: Registry, versions: Sequence[VersionRow]) -> tuple[str, ...]:
    """Return the unified diff of each version's design against that of the first; empty where they are equal.

    Raises:
        CorruptError: The blob of a design is missing.
    """
    first = versions[0]
    return tuple("" if one.design == first.design else _diff(registry, first, one) for one in versions)


def identify_design(design: Design) -> dict[str, Value]:
    """Return a design's `media`, `size` in bytes and `sha256`, wherever it is stored."""
    if design.text is None:
        return {"media": design.media, "size": design.size or 0, "sha256": design.sha256 or ""}
    digests = digest_bytes(design.text.encode())
    return {"media": design.media, "size": digests.size, "sha256": digests.sha256}


def _diff(registry: Registry, old: VersionRow, new: VersionRow) -> str:
    texts = [_read_text(registry, version.design) for version in (old, new)]
    if None in texts:
        return f"designs of {old.ref} and {new.ref} differ\n"
    one, other = (text or "" for text in texts)
    lines = _unified(_indent_json(one), _indent_json(other), old.ref, new.ref)
    return (
        lines or _unified(one, other, old.ref, new.ref) or f"designs of {old.ref} and {new.ref} differ in media type\n"
    )


def _unified(one: str, other: str, old: str, new: str) -> str:
    lines = difflib.unified_diff(one.splitlines(), other.splitlines(), old, new, lineterm="")
    return "".join(f"{line}\n" for line in lines)


def _indent_json(text: str) -> str:
    """Return JSON on one line with a line for each value, so that a diff can show places in it; other text as it is."""
    if text.count("\n") > 1:
        return text
    try:
        indented = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
        indented.encode()  # JSON may hold a lone surrogate, which no output can encode
        return indented
    except (ValueError, RecursionError):
        return text


def _read_text(registry: Registry, design: Design | None) -> str | None:
    """Return a design as text, empty where there is no design; None where it is too long or not UTF-8."""
    if design is None:
        return ""
    if design.sha256 is None:
        return design.text
    if (design.size or 0) > LONGEST:
        return None
    try:
        return registry.content.read(design.sha256).decode()
    except UnicodeDecodeError:
        return None
