"""Reads XGBoost's models: JSON, UBJSON, and the binary format before 2.1 (https://xgboost.readthedocs.io, "Model IO").

Caps: the head, and `TAIL` bytes at the end, where JSON and UBJSON have the version.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from registry_cli.formats.facts import Facts, FieldValue

if TYPE_CHECKING:
    from registry_cli.formats.source import Source

TAIL = 256
_JSON = re.compile(rb'\{\s*"learner"\s*:\s*\{\s*"(?:attributes|feature_names|gradient_booster|learner_)')
_UBJ = re.compile(rb"\{(?:L\0{7}|l\0{3}|I\0|[iU])\x07learner\{", re.DOTALL)
_VERSION = re.compile(rb'"version"\s*:\s*\[\s*(\d{1,4})\s*,\s*(\d{1,4})\s*,\s*(\d{1,4})\s*\]\s*\}\s*$')
_UBJ_VERSION = re.compile(rb"L\0{7}\x07version\[#L\0{7}\x03i([\0-\x7f])i([\0-\x7f])i([\0-\x7f])\}$", re.DOTALL)
_LEARNER = 136
"""Bytes of the binary's first struct, `LearnerModelParamLegacy`; the names of objective and booster follow it."""
_NAMES = re.compile(rb"[\x03-\x40]\0{7}[a-z]+:[a-z]+(?:\x06|\x04|\x08)\0{7}(?:gbtree|dart|gblinear)")


def read(source: Source, name: str) -> Facts | None:
    """Return the facts of an XGBoost model; None for other files."""
    media = "application/octet-stream"
    if _JSON.match(source.head):
        layout, media = "xgboost-json", "application/json"
    elif _UBJ.match(source.head):
        layout, media = "xgboost-ubj", "application/ubjson"
    elif _NAMES.match(source.head, _LEARNER + 4 * source.head.startswith(b"binf")):
        layout = "xgboost-binary"
    else:
        return None
    fields: dict[str, FieldValue] = {"format": layout}
    tail = min(TAIL, source.size)
    end = source.at(source.size - tail, tail)
    version, packed = _VERSION.search(end), _UBJ_VERSION.search(end)
    if version is not None:
        fields["producer"] = "xgboost " + b".".join(version.groups()).decode()
    elif packed is not None:
        fields["producer"] = "xgboost " + ".".join(str(part[0]) for part in packed.groups())
    return Facts("XGBoost", media, fields)
