"""Chooses the files to store with a task from those that git does not track: source first, then the smallest.

A link is stored as a link. A file that looks like a secret is never chosen: by its name, or because it holds a token or
private key.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from registry_cli.dataclass import dataclass, field
from registry_cli.errors import UsageError
from registry_cli.records.paths import check_path, check_paths
from registry_cli.secrets.names import is_secret_file
from registry_cli.secrets.tokens import CHUNK, find_token_in
from registry_cli.store.files import is_regular
from registry_cli.store.layout import DIRECTORY
from registry_cli.tasks.capture.diff import NAMED
from registry_cli.tasks.capture.source_files import SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from registry_cli.tasks.capture.source_files import Rank

_DERIVED: Final = frozenset({DIRECTORY, "__pycache__", ".ipynb_checkpoints", ".pytest_cache", ".mypy_cache"})
"""Folders that are not part of the code, whether git ignores them or not."""
_ENVIRONMENT: Final = "pyvenv.cfg"
"""File that marks a folder as a virtual environment (PEP 405); the lock lists its packages."""
_MOST_CUT: Final = 100
"""Largest number of names in a record."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one capture; sizes in bytes.

    Attributes:
        file: Largest size of an untracked file.
        total: Largest size of all untracked files together.
        files: Largest number of untracked files.
        diff: Largest size of a diff.
        bundle: Largest size of a bundle of commits.
        seconds: Longest time for all calls of git together.
    """

    file: int = 10 << 20
    total: int = 10 << 20
    files: int = 500
    diff: int = 32 << 20
    bundle: int = 32 << 20
    seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Chosen:
    """The files that git does not track and that belong to the code.

    Attributes:
        kept: Paths to store, relative to the work tree.
        cut: Names of files that are not stored, for any reason.
        secrets: Reasons, in words, by the names of those files that look like secrets.
        sources: The names among `cut` that the code cannot do without, and that are no secrets.
    """

    kept: tuple[Path, ...]
    cut: tuple[str, ...]
    secrets: Mapping[str, str] = field(default_factory=dict)
    sources: tuple[str, ...] = ()


def choose_untracked(
    names: Iterable[bytes], root: Path, exclude: Callable[[str], bool], limits: Limits, rank: Callable[[str], Rank]
) -> Chosen:
    """Return the files to store, and those that are left out.

    They are chosen by rank, so that no number of data files takes the place of a script; within a rank the smallest
    are first. A file that cannot be read now is left out, and so is the program where it is a link out of the work
    tree, as the link alone does not tell what ran.

    Args:
        names: Names as git lists them, relative to `root`.
        root: The work tree.
        exclude: Returns True for a path, relative to `root`, that is stored elsewhere or does not belong to the code.
        limits: Limits of size and number.
        rank: Returns the rank of a path.
    """
    found = list(names)
    environments = tuple(name[: -len(_ENVIRONMENT)] for name in found if name.endswith(b"/" + _ENVIRONMENT.encode()))
    cut: list[str] = []
    sized: list[tuple[Rank, int, str]] = []
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
            sized.append((rank(name), size, name))
    kept = _choose(sorted(sized), root, limits, secrets)
    cut = sorted([*cut, *(name for _, _, name in sized if name not in kept)])
    return Chosen(
        kept=tuple(map(Path, sorted(kept))),
        cut=shorten([_format(name) for name in cut]),
        secrets={_format(name): why for name, why in secrets.items()},
        sources=tuple(_format(name) for name in sorted(cut, key=rank) if rank(name) <= SOURCE and name not in secrets),
    )


def shorten(names: Sequence[str]) -> tuple[str, ...]:
    """Return names as a record lists them: only their topmost folders if there are many."""
    if len(names) > _MOST_CUT:
        names = sorted({top + slash for top, slash, _ in (name.partition("/") for name in names)})
    if len(names) > _MOST_CUT:
        names = [*names[:_MOST_CUT], f"and {len(names) - _MOST_CUT} more"]
    return tuple(names)


def _find_size(root: Path, name: str) -> int | None:
    """Return the size of a file or link that a record can name; None for any other."""
    try:
        name.encode()
        check_path(name)
        status = os.lstat(root / name)
    except (UnicodeEncodeError, UsageError, OSError):
        return None
    return status.st_size if is_regular(status) or stat.S_ISLNK(status.st_mode) else None


def _choose(sized: Sequence[tuple[Rank, int, str]], root: Path, limits: Limits, secrets: dict[str, str]) -> set[str]:
    kept: list[str] = []
    total = 0
    for rank, size, name in sized:
        if len(kept) == limits.files:
            break
        if total + size > limits.total or (rank == 0 and _leads_out(root / name, root)):
            continue
        try:
            kind = None if (root / name).is_symlink() else _find_token(root / name)
        except OSError:  # it cannot be read
            continue
        if kind:
            secrets[name] = f"a {kind}"
            continue
        kept.append(name)
        total += size
    return set(kept) if _fit(kept) else _one_of_each(kept)


def _leads_out(path: Path, root: Path) -> bool:
    """Return whether a link leads to a file outside the work tree."""
    return path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def _find_token(path: Path) -> str | None:
    """Return the kind of a token in a file, however far from its start, or None."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return find_token_in(iter(lambda: os.read(fd, CHUNK), b""))
    finally:
        os.close(fd)


def _one_of_each(names: Sequence[str]) -> set[str]:
    """Return names without those that another file system could not hold together with the others."""
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
