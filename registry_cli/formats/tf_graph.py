"""Reads TensorFlow's graphs: `saved_model.pb` (a `SavedModel`) and `PREFIX.meta` (a `MetaGraphDef`).

Both are protobuf without a magic number (`tensorflow/core/protobuf/saved_model.proto`, `meta_graph.proto`). A file
counts as one when the format knows every field on the way and a `MetaInfoDef` names TensorFlow's version. The graph
itself is skipped over. Cap: the source's budget.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from registry_cli.formats.facts import Facts, FieldValue, text, words
from registry_cli.formats.protobuf import BYTES, VARINT, Field, get_text, iter_fields

if TYPE_CHECKING:
    from registry_cli.formats.source import Source

MEDIA = "application/x-tensorflow"
FIELD_LIMIT = 4096
"""Most fields of one number in a message."""
_SAVED_MODEL = {1: VARINT, 2: BYTES}
_META_GRAPH = dict.fromkeys(range(1, 8), BYTES)
_META_INFO = dict.fromkeys((1, 2, 3, 4, 5, 6, 8), BYTES) | {7: VARINT}
_TAGS, _VERSION = 4, 5
_DOTTED = re.compile(r"\d{1,4}(\.\d{1,4}){1,2}\S{0,20}", re.ASCII)


def read(source: Source, name: str) -> Facts | None:
    """Return the facts of a graph; None for other files.

    Raises:
        ValueError: It starts like a graph but does not continue like one.
    """
    if source.head[:1] == b"\x0a":
        layout, start, end = "tf-meta-graph", 0, source.size
    elif source.head[:1] == b"\x08":
        graphs = _read_message(source, 0, source.size, _SAVED_MODEL)
        if 1 not in graphs or 2 not in graphs:
            return None
        layout, start, end = "tf-saved-model", graphs[2][0].start, graphs[2][0].end
    else:
        return None
    [info, *_] = _read_message(source, start, end, _META_GRAPH)[1]
    about = _read_message(source, info.start, info.end, _META_INFO)
    version = get_text(source, about[_VERSION][0])
    if not _DOTTED.fullmatch(version):
        return None
    fields: dict[str, FieldValue] = {"format": layout, "producer": text(f"tensorflow {version}")}
    if _TAGS in about:
        fields["tags"] = words(get_text(source, tag) for tag in about[_TAGS])
    return Facts("TensorFlow", MEDIA, fields)


def _read_message(source: Source, start: int, end: int, known: dict[int, int]) -> dict[int, list[Field]]:
    """Return a message's fields by number.

    Raises:
        ValueError: A field is unknown, or there are too many of one number.
    """
    fields: dict[int, list[Field]] = {}
    for found in iter_fields(source, start, end):
        if known.get(found.number) != found.wire or len(fields.setdefault(found.number, [])) >= FIELD_LIMIT:
            raise ValueError("not a message of TensorFlow's")
        fields[found.number].append(found)
    return fields
