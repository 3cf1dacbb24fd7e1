"""Packs this package into one archive, the same bytes each time, and lists its requirements from the package index."""

from __future__ import annotations

import functools
import io
import lzma
import tarfile
from pathlib import Path
from typing import Final

REQUIREMENTS: Final = (
    "typer>=0.26,<0.29",
    "rich>=13.7",
    "xxhash>=3.4",
    "tomli-w>=1.0",
    "platformdirs>=4.0",
    "tomli>=2.0.2",
)
"""The dependencies in `pyproject.toml`; a test compares the two."""
_KINDS: Final = frozenset({".py", ".md", ".csv", ".typed"})


@functools.cache
def pack() -> bytes:
    """Return the package as a `.tar.xz`; it is packed once, as it does not change while the process runs."""
    root = Path(__file__).parents[2]
    packed = io.BytesIO()
    with tarfile.TarFile(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(path for path in root.rglob("*") if path.suffix in _KINDS and path.is_file()):
            data = path.read_bytes()
            member = tarfile.TarInfo(path.relative_to(root.parent).as_posix())
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return lzma.compress(packed.getvalue(), preset=9)
