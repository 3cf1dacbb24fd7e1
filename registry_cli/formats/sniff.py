"""Identifies a file's framework and media type by its content, and by its name only where the content says nothing.

Knows the order in which formats are tried, not the formats. Whatever the bytes are, nothing is executed or unpickled,
and an error of a reader means "unknown": only exceptions of the operating system reach the caller.
"""

from __future__ import annotations

import codecs
import os
import struct
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from registry_cli.formats import (
    catboost,
    compressed,
    gguf,
    hdf5,
    hub_config,
    lightgbm,
    numpy_,
    onnx,
    pickle_,
    safetensors,
    signatures,
    tf_checkpoint,
    tf_graph,
    xgboost,
    zipped,
)
from registry_cli.formats.extension import find_framework
from registry_cli.formats.facts import UNKNOWN_MEDIA, Facts
from registry_cli.formats.source import LIMIT, Source
from registry_cli.store.beneath import open_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Facts", "sniff", "sniff_folder", "sniff_open"]

_READERS: tuple[Callable[[Source, str], Facts | None], ...] = (
    safetensors.read,
    zipped.read,
    gguf.read,
    hdf5.read,
    numpy_.read,
    signatures.read,
    xgboost.read,
    lightgbm.read,
    catboost.read,
    tf_checkpoint.read,
    pickle_.read,
    compressed.read,
    onnx.read,
    tf_graph.read,
    hub_config.read,
)
_DOUBT = (ValueError, LookupError, ArithmeticError, RuntimeError, TypeError, struct.error)
_TEXT_MEDIA = {".json": "application/json", ".md": "text/markdown", ".csv": "text/csv"}
_CONTAINERS = ("Safetensors", "NumPy", "Parquet")


def sniff(path: Path, name: str | None = None) -> Facts:
    """Return the facts about the file at `path`.

    Args:
        path: A regular file; it is read, at most a few MiB of its header.
        name: Its name inside the version, where `path` is a temporary file.

    Raises:
        OSError: The file cannot be opened or read.
    """
    with os.fdopen(open_file(path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as file:
        return sniff_open(file, os.fstat(file.fileno()).st_size, path.name if name is None else name)


def sniff_open(file: IO[bytes], size: int, name: str) -> Facts:
    """Return the facts about an open file of `size` bytes; as `sniff`."""
    source = Source(file, size)
    facts = _read(source, name) or Facts(None, _find_media(source, name))
    if facts.framework or facts.fields:
        return facts
    return Facts(find_framework(name), facts.media)


def sniff_folder(entries: Sequence[tuple[str, Facts]]) -> str | None:
    """Return the framework of a version with many files, from each file's name and facts; None where it is unknown.

    A SavedModel decides at once. Otherwise the framework of the most files wins, and in a tie that of the file nearest
    to the root; files identified by name alone count only where no content identifies one. Containers that any
    framework may have written are the last resort, and mean PyTorch where a Hugging Face configuration lies beside
    them.
    """
    if any(name.rpartition("/")[2] == "saved_model.pb" for name, _ in entries):
        return "TensorFlow"
    ordered = sorted(entries, key=lambda entry: (entry[0].count("/"), entry[0]))
    known = [facts for _, facts in ordered if facts.framework and facts.fields]
    votes = Counter(facts.framework for facts in known or [facts for _, facts in ordered if facts.framework])
    if not votes:
        return None
    if any(facts.fields.get("format") == "hub-config" for _, facts in entries):
        votes["PyTorch"] += votes.pop("Safetensors", 0)
    named = Counter(
        {framework: number for framework, number in votes.items() if framework not in _CONTAINERS and number}
    )
    return (named or votes).most_common(1)[0][0]


def _read(source: Source, name: str) -> Facts | None:
    for read in _READERS:
        source.allow(LIMIT)
        try:
            facts = read(source, name)
        except _DOUBT:
            continue
        if facts is not None:
            return facts
    return None


def _find_media(source: Source, name: str) -> str:
    """Return the media type of a file that no reader knows: a text type where its head is text, else unknown."""
    try:
        head = codecs.getincrementaldecoder("utf-8")().decode(source.head, source.size == len(source.head))
    except UnicodeDecodeError:
        return UNKNOWN_MEDIA
    if not head or any(c < " " and c not in "\t\n\r\f\x1b" for c in head):
        return UNKNOWN_MEDIA
    return _TEXT_MEDIA.get(PurePosixPath(name).suffix.lower(), "text/plain")
