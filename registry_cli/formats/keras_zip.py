"""Reads Keras 3's `.keras` archive: `config.json`, `metadata.json`, weights (`keras/src/saving/saving_lib.py`).

Cap: `METADATA_LIMIT` bytes of `metadata.json`; the configuration is not read.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from registry_cli.formats.facts import Facts, FieldValue, text

if TYPE_CHECKING:
    from registry_cli.formats.archive import Archive

METADATA_LIMIT = 4096


def describe(archive: Archive) -> Facts | None:
    """Return the facts of a Keras archive; None for other archives.

    Raises:
        ValueError: Its metadata is not JSON.
    """
    if not {"config.json", "metadata.json"} <= set(archive.names):
        return None
    metadata = json.loads(archive.head("metadata.json", METADATA_LIMIT))
    version = metadata.get("keras_version") if isinstance(metadata, dict) else None
    if not isinstance(version, str):
        return None
    fields: dict[str, FieldValue] = {"format": "keras", "producer": text(f"keras {version}")}
    return Facts("Keras", "application/x-keras", fields)
