"""Reads zip files that are models, by trying each zip-based format in turn."""

from __future__ import annotations

from registry_cli.formats import keras_zip, numpy_, skops_zip, torch_zip
from registry_cli.formats.archive import open_archive
from registry_cli.formats.facts import Facts
from registry_cli.formats.source import PastBudgetError, Source

_FIRST_NAME = 30
"""Offset of the name in a local header (APPNOTE.TXT 4.3.7)."""


def read(source: Source, name: str) -> Facts | None:
    """Return the facts of a zip file; None for other files.

    Raises:
        ValueError: It starts like a zip file but is damaged.
    """
    if not source.head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return None
    try:
        with open_archive(source) as archive:
            for describe in (torch_zip.describe, keras_zip.describe, skops_zip.describe, numpy_.describe):
                facts = describe(archive)
                if facts is not None:
                    return facts
    except PastBudgetError:
        return _describe_by_first_member(source.head)
    return Facts(None, "application/zip")


def _describe_by_first_member(head: bytes) -> Facts:
    """Return the facts of a zip file whose directory is too long to read; a torch file starts with `data.pkl`."""
    length = int.from_bytes(head[26:28], "little")
    if torch_zip.is_pickle_name(head[_FIRST_NAME : _FIRST_NAME + length].decode()):
        return Facts("PyTorch", torch_zip.MEDIA, {"format": "torch-zip", "pickle": True})
    return Facts(None, "application/zip")
