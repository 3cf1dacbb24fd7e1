"""Which of the files that git does not track are kept with a task: small ones with plain names.

What looks like a secret is never among them, by its name or because a token or private key is in it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from registry_cli.errors import UsageError
from registry_cli.records.paths import check_path, check_paths
from registry_cli.secrets.names import is_secret_file
from registry_cli.secrets.tokens import CHUNK, find_token_in
from registry_cli.store.files import is_regular
from registry_cli.store.layout import DIRECTORY
from registry_cli.tasks.capture.diff import NAMED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_DERIVED: Final = frozenset({DIRECTORY, "__pycache__", ".ipynb_checkpoints", ".pytest_cache", ".mypy_cache"})
"""Folders that are no part of the code, whether git ignores them or not."""
_ENVIRONMENT: Final = "pyvenv.cfg"
"""Marks a folder as a virtual environment (PEP 405); the lock says what is in it."""
_MOST_CUT: Final = 100
"""Names in a record."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept of one capture; sizes in bytes.

    Attributes:
        file: Largest untracked file.
        total: All untracked files together.
        files: How many of them.
        diff: Largest diff.
        bundle: Largest bundle of commits.
        seconds: For all calls of git together.
    """

    file: int = 10 << 20
    total: int = 10 << 20
    files: int = 500
    diff: int = 32 << 20
    bundle: int = 32 << 20
    seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Chosen:
    """The files that git does not track, as far as they are of the code.

    Attributes:
        kept: Relative to the work tree.
        cut: Names of those that are not kept, for whatever reason.
        secrets: Why some of these look like secrets, in words.
    """

    kept: tuple[Path, ...]
    cut: tuple[str, ...]
    secrets: Mapping[str, str] = field(default_factory=dict)


def choose_untracked(names: Iterable[bytes], root: Path, exclude: Callable[[str], bool], limits: Limits) -> Chosen:
    """Return the files to keep, and those that are not.

    The smallest are kept first, so that scripts win over data. What cannot be read now is not kept.

    Args:
        names: As git lists them, relative to `root`.
        root: The work tree.
        exclude: Whether a path, relative to `root`, is kept elsewhere or is none of the code.
        limits: Sizes.
    """
    found = list(names)
    environments = tuple(name[: -len(_ENVIRONMENT)] for name in found if name.endswith(b"/" + _ENVIRONMENT.encode()))
    cut: list[str] = []
    sized: list[tuple[int, str]] = []
    secrets: dict[str, str] = {}
    for raw in found:
        name = os.fsdecode(raw)
        if name.startswith(tuple(map(os.fsdecode, environments))) or _DERIVED & set(name.split("/")) or exclude(name):
            continue
        size = _find_size(root, name)
        if is_secret_file(name):
            secrets[name] = NAMED
            cut.append(name)
        elif size is None or size > limits.file:
            cut.append(name)
        else:
            sized.append((size, name))
    kept = _choose(sorted(sized), root, limits, secrets)
    cut += [name for _, name in sized if name not in kept]
    shown = {_format(name): why for name, why in secrets.items()}
    return Chosen(tuple(map(Path, sorted(kept))), shorten([_format(name) for name in sorted(cut)]), shown)


def shorten(names: Sequence[str]) -> tuple[str, ...]:
    """Return names as a record lists them: by their topmost folders where they are many."""
    if len(names) > _MOST_CUT:
        names = sorted({top + slash for top, slash, _ in (name.partition("/") for name in names)})
    if len(names) > _MOST_CUT:
        names = [*names[:_MOST_CUT], f"and {len(names) - _MOST_CUT} more"]
    return tuple(names)


def _find_size(root: Path, name: str) -> int | None:
    """Return the size of a file that a record can name; None for any other."""
    try:
        name.encode()
        check_path(name)
        status = os.lstat(root / name)
    except (UnicodeEncodeError, UsageError, OSError):
        return None
    return status.st_size if is_regular(status) else None


def _choose(sized: Sequence[tuple[int, str]], root: Path, limits: Limits, secrets: dict[str, str]) -> set[str]:
    kept: list[str] = []
    total = 0
    for size, name in sized:
        if len(kept) == limits.files or total + size > limits.total:
            break
        try:
            kind = _find_token(root / name)
        except OSError:  # it cannot be read
            continue
        if kind:
            secrets[name] = f"a {kind}"
            continue
        kept.append(name)
        total += size
    return set(kept) if _fit(kept) else _one_of_each(kept)


def _find_token(path: Path) -> str | None:
    """Return the kind of a token that is in a file, however far from its start."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return find_token_in(iter(lambda: os.read(fd, CHUNK), b""))
    finally:
        os.close(fd)


def _one_of_each(names: Sequence[str]) -> set[str]:
    """Leave out names that another file system could not hold beside the others."""
    kept: list[str] = []
    for name in names:
        if _fit([*kept, name]):
            kept.append(name)
    return set(kept)


def _fit(names: Sequence[str]) -> bool:
    try:
        check_paths(names)
    except UsageError:
        return False
    return True


def _format(name: str) -> str:
    return os.fsencode(name).decode(errors="replace")
