"""Looking for secrets: how fast, which files of the standard library and of installed packages it takes for ones."""

from __future__ import annotations

import os
import sysconfig
import time
from pathlib import Path

from registry_cli.secrets.names import is_secret_file
from registry_cli.secrets.tokens import find_token

LARGEST = 10 << 20
"""Bytes of a file that a task keeps."""


def main() -> None:
    """Print for each the throughput and every file that is taken for a secret."""
    folders = [Path(sysconfig.get_paths()["stdlib"])]
    folders += sorted(path for path in Path(sysconfig.get_paths()["purelib"]).iterdir() if path.is_dir())
    for folder in folders:
        _scan(folder)


def _scan(folder: Path) -> None:
    skipped = {"__pycache__", "site-packages"}
    found = [Path(top, name) for top, _, names in os.walk(folder) for name in names]
    paths = [path for path in found if path.is_file() and not skipped & set(path.relative_to(folder).parts)]
    count = spent = 0.0
    told: list[str] = []
    for path in paths:
        data = path.read_bytes()
        if len(data) > LARGEST:
            continue
        begun = time.perf_counter()
        kind = find_token(data)
        spent += time.perf_counter() - begun
        count += len(data)
        name = path.relative_to(folder).as_posix()
        if kind or is_secret_file(name):
            told.append(f"  {name}: {'a ' + kind if kind else 'its name'}")
    if count:
        speed = count / 1e6 / spent
        print(f"{folder.name}: {len(paths)} files, {count / 1e6:.1f} MB at {speed:.0f} MB/s, {len(told)} taken")
        print("\n".join(told), end="\n" if told else "")
