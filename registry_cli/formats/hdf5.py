"""Reads HDF5 files, the older container of Keras (HDF5 File Format Specification 3.0, II.A: the superblock).

The signature is at offset 0, 512, 1024, 2048 ...; the object tree is not walked: the names of the attributes and groups
that Keras writes identify it (`keras/src/legacy/saving/legacy_h5_format.py`, and for `.weights.h5`
`keras/src/saving/saving_lib.py`), or the file's extension does. Caps: signatures up to 1 MiB, `MARKER_LIMIT` bytes for
the names.
"""

from __future__ import annotations

from registry_cli.formats.extension import find_framework
from registry_cli.formats.facts import Facts
from registry_cli.formats.source import HEAD, Source

SIGNATURE = b"\x89HDF\r\n\x1a\n"
MARKER_LIMIT = 64 << 10
MARKERS = (b"keras_version", b"layer_names", b"model_config", b"_layer_checkpoint_dependencies")
GROUPS = (b"vars\0\0\0\0", b"layers\0\0")
"""Names of a model's groups in a `.weights.h5`, padded as a local heap pads them (III.D)."""
_FURTHEST = 1 << 20
"""Offset in bytes beyond which no superblock is searched."""
MEDIA = "application/x-hdf5"


def read(source: Source, name: str) -> Facts | None:
    """Return the facts of an HDF5 file; None for other files."""
    at = _find_superblock(source, name)
    if at is None or source.at(at + 8, 1)[0] > 3:
        return None
    start = source.at(at, min(MARKER_LIMIT, source.size - at))
    keras = any(marker in start for marker in MARKERS) or all(group in start for group in GROUPS)
    suggested = find_framework(name)
    return Facts("Keras" if keras or suggested == "Keras" else None, MEDIA, {"format": "hdf5"})


def _find_superblock(source: Source, name: str) -> int | None:
    """Return the superblock's offset, or None; search beyond the head only in files named as HDF5, to save reads."""
    at = 0
    while at + len(SIGNATURE) < source.size:
        if at > HEAD // 2 and (at > _FURTHEST or find_framework(name) != "Keras"):
            return None
        if source.at(at, len(SIGNATURE)) == SIGNATURE:
            return at
        at = at * 2 or 512
    return None
