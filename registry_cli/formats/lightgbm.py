"""Reads LightGBM's text models (`src/boosting/gbdt_model_text.cpp`): `tree`, `key=value` lines, then the trees.

Cap: the head.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.formats.facts import Facts, FieldValue, count, text

if TYPE_CHECKING:
    from registry_cli.formats.source import Source


def read(source: Source, name: str) -> Facts | None:
    """Return the facts of a LightGBM model; None for other files.

    Raises:
        ValueError: A number in its header is malformed.
    """
    if not source.head.startswith((b"tree\nversion=", b"tree\r\nversion=")):
        return None
    head = source.head.replace(b"\r\n", b"\n")
    lines = head.partition(b"\n\n")[0].decode(errors="replace").split("\n")[1:]
    values = dict(line.partition("=")[::2] for line in lines)
    fields: dict[str, FieldValue] = {"format": "lightgbm-text", "format_version": text(values["version"])}
    if "num_class" in values:
        fields["classes"] = count(int(values["num_class"][:20]))
    if values.get("objective"):
        fields["objective"] = text(values["objective"])
    return Facts("LightGBM", "text/plain", fields)
