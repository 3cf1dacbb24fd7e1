"""Builds the Python environment that a lock describes: once per lock and version, shared by all runs of a user."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from pathlib import Path
from shlex import quote
from shutil import which
from typing import TYPE_CHECKING, Final

from registry_cli.errors import RegError
from registry_cli.store import files
from registry_cli.store.new_file import NewFile
from registry_cli.store.writer_name import new_name
from registry_cli.tasks.capture.processes import Command, ask
from registry_cli.tasks.rerun.scratch import remove_leftovers

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONG: Final = 7200.0
"""Longest time of one step of a build, in seconds."""
_MINOR: Final = re.compile(r"\d+\.\d+")
_ADVICE: Final = ("note:", "hint:", "WARNING:", "[notice]")
_READY: Final = "ready"
"""File with the name of the complete folder next to it; made by `link`, so that one builder wins."""


def build_environment(lock: bytes, version: str, cache: Path, environ: Mapping[str, str]) -> Path:
    """Return the folder of a virtual environment with the packages of a lock.

    Args:
        lock: A requirements file with all packages to install.
        version: Version of Python, such as `3.11.7`, of which `3.11` is used.
        cache: The folder of all environments.
        environ: The user's variables.

    Raises:
        RegError: There is no such Python on this machine, or a package cannot be installed.
    """
    found = _MINOR.match(version)
    minor = found[0] if found else "{}.{}".format(*sys.version_info)
    packages = list_packages(lock)
    place = cache / hashlib.sha256(b"\n".join([*packages, minor.encode()])).hexdigest()[:16]
    files.make_dirs(place)
    if (built := _find_ready(place)) is not None:
        return built
    remove_leftovers(place)
    folder = place / new_name()
    requirements = place / f"{folder.name}.txt"
    try:
        with NewFile(requirements) as file:
            file.write(lock)
        _build(folder, requirements, minor, environ, empty=not packages)
        return _announce(place, folder)
    except BaseException:
        files.remove_tree(folder)
        raise
    finally:
        files.unlink(requirements)


def _find_ready(place: Path) -> Path | None:
    try:
        folder = place / (place / _READY).read_text()
    except FileNotFoundError:
        return None
    return folder if (folder / "bin" / "python").exists() else None


def _announce(place: Path, folder: Path) -> Path:
    """Publish the environment to other processes and return its folder, or that of a process that was faster."""
    note = place / f"{folder.name}.new"
    try:
        with NewFile(note) as file:
            file.write(folder.name.encode())
        if (place / _READY).exists() and _find_ready(place) is None:  # its Python is gone
            files.unlink(place / _READY)
        files.link(note, place / _READY)
    except FileExistsError:
        files.remove_tree(folder)
    finally:
        files.unlink(note)
    ready = _find_ready(place)
    if ready is None:
        raise RegError(f"the environment in {place} is broken", hint=f"rm -r {quote(str(place))}")
    return ready


def list_packages(lock: bytes) -> list[bytes]:
    """Return the lines of a lock that name packages to install; the others are comments, such as local packages."""
    return [line.strip() for line in lock.splitlines() if line.strip() and not line.lstrip().startswith(b"#")]


def _build(folder: Path, requirements: Path, minor: str, environ: Mapping[str, str], *, empty: bool) -> None:
    python = str(folder / "bin" / "python")
    uv = which("uv", path=environ.get("PATH", os.defpath))
    if uv:
        _run((uv, "venv", "--quiet", "--python", minor, str(folder)), environ)
        install = (uv, "pip", "install", "--quiet", "--python", python)
    else:
        bare = ["--without-pip"] if empty else []
        _run((_find_python(minor, environ), "-m", "venv", *bare, str(folder)), environ)
        install = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    if not empty:
        _run((*install, "--no-deps", "-r", str(requirements)), environ)


def _find_python(minor: str, environ: Mapping[str, str]) -> str:
    if minor == "{}.{}".format(*sys.version_info):
        return sys.executable
    found = which(f"python{minor}", path=environ.get("PATH", os.defpath))
    if found is None:
        raise RegError(f"Python {minor}, which ran the task, is not installed: install it or uv, or give --env current")
    return found


def _run(argv: tuple[str, ...], environ: Mapping[str, str]) -> None:
    clean = {name: value for name, value in environ.items() if name not in {"PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV"}}
    [answer] = ask([Command(argv)], cwd=Path("/"), environ=clean, seconds=_LONG)
    if not answer.good:
        reason = _explain(answer.error)
        raise RegError(f"the environment cannot be built: {reason}; --env current uses the one here")


def _explain(error: str) -> str:
    """Return why a package could not be installed: pip's message without its advice."""
    lines = [line.strip() for line in error.splitlines() if line.strip() and not line.startswith(_ADVICE)]
    refused = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return refused[-1] if refused else " ".join(lines[-3:]) or "it failed"
