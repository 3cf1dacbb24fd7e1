"""Reads PyTorch's zip files: `torch.save` since 1.6, TorchScript, and `torch.export` (`torch/csrc/jit/serialization/`).

All members are in one folder of any name: `data.pkl` and `data/0` ...; TorchScript adds `constants.pkl` and `code/`;
an exported program (`torch/export/pt2_archive/constants.py`) has `archive_format`, before 2.8 perhaps
`serialized_exported_program.json`; `torch.package` has `.data/extern_modules`. Lightning's checkpoints are files of
`torch.save` that name Lightning's version. Cap: `MEMBER_LIMIT` of `data.pkl`.
"""

from __future__ import annotations

import io

from registry_cli.formats import pickle_
from registry_cli.formats.archive import MEMBER_LIMIT, Archive
from registry_cli.formats.facts import Facts, FieldValue, text, words
from registry_cli.formats.source import Source

MEDIA = "application/x-pytorch"
DTYPES = {
    "DoubleStorage": "F64",
    "FloatStorage": "F32",
    "HalfStorage": "F16",
    "BFloat16Storage": "BF16",
    "LongStorage": "I64",
    "IntStorage": "I32",
    "ShortStorage": "I16",
    "CharStorage": "I8",
    "ByteStorage": "U8",
    "BoolStorage": "BOOL",
}
"""Dtypes by the class that a pickled tensor names for its storage (`torch/storage.py`)."""

LIGHTNING = "pytorch-lightning_version"
"""The key of Lightning's version (`lightning/pytorch/trainer/connectors/checkpoint_connector.py`)."""


def describe(archive: Archive) -> Facts | None:
    """Return the facts of a PyTorch archive; None for other archives.

    Raises:
        ValueError: Its pickle is malformed.
    """
    names = set(archive.names)
    roots = {name.partition("/")[0] for name in names}
    root = next(iter(roots)) + "/" if len(roots) == 1 else ""
    if root + "archive_format" in names or "serialized_exported_program.json" in names:
        return Facts("PyTorch", MEDIA, {"format": "torch-export"})
    if root + ".data/extern_modules" in names:
        return Facts("PyTorch", MEDIA, {"format": "torch-package", "pickle": True})
    if not is_pickle_name(root + "data.pkl") or root + "data.pkl" not in names:
        return None
    fields: dict[str, FieldValue] = {"pickle": True, "storages": sum(name.startswith(root + "data/") for name in names)}
    fields |= _describe_pickle(archive, root + "data.pkl")
    if root + "constants.pkl" in names or any(name.startswith(root + "code/") for name in names):
        return Facts("TorchScript", MEDIA, {"format": "torchscript", **fields})
    return Facts("PyTorch", MEDIA, {"format": "torch-zip", **fields})


def is_pickle_name(name: str) -> bool:
    """Return whether `name` is a torch archive's `FOLDER/data.pkl`."""
    return name.endswith("/data.pkl") and name.count("/") == 1


def _describe_pickle(archive: Archive, name: str) -> dict[str, FieldValue]:
    head = archive.head(name)
    source = Source(io.BytesIO(head), len(head), whole=archive.size(name) <= MEMBER_LIMIT)
    found = pickle_.scan(source, limit=MEMBER_LIMIT)
    fields: dict[str, FieldValue] = {"imports": words(found.roots)}
    dtypes = {DTYPES[member] for module, member in found.imports if module == "torch" and member in DTYPES}
    if LIGHTNING in found.texts[:-1]:
        fields["producer"] = text(f"pytorch-lightning {found.texts[found.texts.index(LIGHTNING) + 1]}")
    if dtypes and found.complete:
        fields["dtypes"] = words(dtypes)
    return fields
