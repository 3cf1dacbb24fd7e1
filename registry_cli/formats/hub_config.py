"""Reads the JSON that Hugging Face's libraries write beside their weights: the architecture and the library.

Cap: files of `SIZE_LIMIT` bytes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from registry_cli.formats.facts import Facts, FieldValue, text

if TYPE_CHECKING:
    from registry_cli.formats.source import Source

SIZE_LIMIT = 64 << 10
NAMES = ("config.json", "model_index.json", "adapter_config.json")


def read(source: Source, name: str) -> Facts | None:
    """Return the facts of such a file, without a framework as it holds no weights; None for other files.

    Raises:
        ValueError: It is not JSON.
    """
    if name.rpartition("/")[2] not in NAMES or source.size > SIZE_LIMIT:
        return None
    config = json.loads(source.at(0, source.size))
    if not isinstance(config, dict):
        return None
    fields: dict[str, FieldValue] = {}
    for library in ("transformers", "diffusers", "peft"):
        version = config.get(f"{library}_version", config.get(f"_{library}_version"))
        if isinstance(version, str):
            fields["producer"] = text(f"{library} {version}")
    if "peft_type" in config:
        fields.setdefault("producer", "peft")
    architectures = config.get("architectures")
    listed = architectures[0] if isinstance(architectures, list) and architectures else None
    architecture = listed or config.get("_class_name") or config.get("model_type")
    if isinstance(architecture, str) and text(architecture):
        fields["architecture"] = text(architecture)
    return Facts(None, "application/json", {"format": "hub-config", **fields}) if fields else None
