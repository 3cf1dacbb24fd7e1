"""Lists the packages on a path as requirements for pip and uv. Reads folder names and `direct_url.json`, no code.

Formats: https://packaging.python.org/en/latest/specifications/ (core-metadata, direct-url, name-normalization) and
https://pip.pypa.io/en/stable/reference/requirements-file-format/.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from registry_cli.tasks.capture.remotes import strip_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_DIST: Final = re.compile(r"(?P<name>[A-Za-z0-9][\w.]*)-(?P<version>[^-]+)\.dist-info")
_EGG: Final = re.compile(r"(?P<name>[A-Za-z0-9][\w.]*)(?:-(?P<version>[^-]+))?(?:-py[\d.]+)?(?:-[\w.-]+)?\.egg-info")
_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.!+_-]*")
_LARGEST: Final = 1 << 16
"""Number of bytes of a metadata file that are read."""


def format_lock(path: Sequence[Path], python: str) -> bytes:
    """Return the packages of a `sys.path` as the text of a requirements file; of two with one name, the first counts.

    A package that only this machine has (editable, or from a local folder or archive) becomes a comment.

    Args:
        path: Folders; other entries are skipped.
        python: Name and version of the Python, for the first line.
    """
    lines: dict[str, str] = {}
    for folder in path:
        for key, line in sorted(_iter_lines(folder)):
            lines.setdefault(key, line)
    text = "".join(f"{lines[key]}\n" for key in sorted(lines))
    return f"# {python}\n{text}".encode(errors="replace")


def _iter_lines(folder: Path) -> Iterator[tuple[str, str]]:
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.name.endswith((".dist-info", ".egg-info"))]
    except OSError:
        return
    for name in names:
        if found := _DIST.fullmatch(name):
            key = _normal(found["name"])
            line = _format_dist(folder / name, key, found["version"])
        elif found := _EGG.fullmatch(name):
            key = _normal(found["name"])
            line = _format_egg(folder, name, key, found["version"])
        else:
            continue
        if line:
            yield key, line


def _format_dist(folder: Path, name: str, version: str) -> str | None:
    if not _VERSION.fullmatch(version):
        return None
    try:
        origin = json.loads(_read(folder / "direct_url.json") or "null")
        line = _format_direct(origin, name, version) if origin else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        line = None
    if line and line.startswith("# local") and _read(folder / "INSTALLER").strip() == "conda":
        line = None  # conda's is a folder on the machine that built the package
    return line or f"{name}=={version}"


def _format_direct(origin: dict[str, dict[str, object]], name: str, version: str) -> str | None:
    """Return the line of a package that was installed from a URL (PEP 610)."""
    url = strip_url(str(origin["url"]))
    inside = f"subdirectory={origin['subdirectory']}" if origin.get("subdirectory") else ""
    if vcs := origin.get("vcs_info"):
        return _printable(f"{name} @ {vcs['vcs']}+{url}@{vcs['commit_id']}{'#' if inside else ''}{inside}")
    if url.startswith("file:"):
        editable = origin.get("dir_info", {}).get("editable") is True
        where = unquote(urlsplit(url).path)
        return _printable(f"# {'editable' if editable else 'local'}: {name}=={version} from {where}")
    archive = origin.get("archive_info", {})
    hashes = archive.get("hashes")
    digest = f"sha256={hashes['sha256']}" if isinstance(hashes, dict) and "sha256" in hashes else ""
    fragment = "&".join(part for part in (digest or str(archive.get("hash") or ""), inside) if part)
    return _printable(f"{name} @ {url}{'#' if fragment else ''}{fragment}")


def _format_egg(folder: Path, egg: str, name: str, version: str | None) -> str | None:
    """Return the line of a package without a wheel; if its folder's name has no version, it is in its source tree."""
    if version:
        return f"{name}=={version}" if _VERSION.fullmatch(version) else None
    found = re.search(r"^Version: *(\S+)", _read(folder / egg / "PKG-INFO"), re.MULTILINE)
    return _printable(f"# editable: {name}=={found[1] if found else '?'} from {folder}")


def _printable(line: str) -> str | None:
    """Return a line if it is a single one: a URL that contains a line end could add another requirement."""
    return line if line.isprintable() else None


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _read(path: Path) -> str:
    try:
        with path.open("rb", buffering=0) as file:
            return file.read(_LARGEST).decode(errors="replace")
    except OSError:
        return ""
