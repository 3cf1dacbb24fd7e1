"""Reads CatBoost's models: `.cbm` (`catboost/libs/model/model.cpp`: a magic number, a length, a flatbuffer) and JSON.

The JSON's keys are sorted (`catboost/libs/model/model_export/json_model_helpers.cpp`), so its beginning identifies it.
Cap: the head.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from registry_cli.formats.facts import Facts

if TYPE_CHECKING:
    from registry_cli.formats.source import Source

_JSON = re.compile(
    rb'\{\s*(?:"ctr_data"\s*:\s*\{\s*"\{\\"identifier\\"'
    rb'|"features_info"\s*:\s*\{\s*"(?:categorical|embedding|float|text)_features"\s*:\s*\[)'
)


def read(source: Source, name: str) -> Facts | None:
    """Return the facts of a CatBoost model; None for other files."""
    if source.head.startswith(b"CBM1") and 0 < int.from_bytes(source.head[4:8], "little") <= source.size - 8:
        return Facts("CatBoost", "application/x-catboost", {"format": "catboost-cbm"})
    if _JSON.match(source.head):
        return Facts("CatBoost", "application/json", {"format": "catboost-json"})
    return None
