"""Bundles the commits that no remote has, unless a line that they add or remove holds a secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from registry_cli.dataclass import dataclass
from registry_cli.secrets.names import is_secret_file
from registry_cli.secrets.tokens import OVERLAP, iter_tokens
from registry_cli.tasks.capture.diff import NAMED, parse_path
from registry_cli.tasks.capture.processes import Answer, Command, ask

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_RANGE: Final = ("HEAD", "--not", "--remotes")
_HEADER: Final = re.compile(rb"^diff --(?:git|cc|combined) .*$", re.MULTILINE)
_MOST: Final = 5
"""Largest number of files that a problem names."""


@dataclass(frozen=True, slots=True)
class Commits:
    """Commits to store.

    Attributes:
        bundle: Bundle of git (https://git-scm.com/docs/git-bundle); None if there are no commits, or none to store.
        problem: Reason why they are not stored, as a predicate whose subject is the commits.
    """

    bundle: bytes | None = None
    problem: str | None = None


class ChangeReader:
    """Searches the output of `git log --patch` for tokens, piece by piece.

    Attributes:
        found: Kinds of tokens by the files that hold them.
    """

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self._before = b""
        self._path = "a message"

    def take(self, chunk: bytes) -> None:
        """Search the next piece."""
        data = self._before + chunk
        for token in iter_tokens(data):
            self.found.setdefault(self._find_path(data[: token.start]), f"a {token.kind}")
        cut = max(len(data) - OVERLAP, 0)
        line = data.rfind(b"\n", 0, cut) + 1
        cut = line if cut - line < OVERLAP else cut  # otherwise half a header could get lost
        self._path = self._find_path(data[:cut])
        self._before = data[cut:]

    def _find_path(self, data: bytes) -> str:
        headers = _HEADER.findall(data)
        return parse_path(headers[-1]) if headers else self._path


def bundle_commits(git: tuple[str, ...], root: Path, commit: str, limit: int, *, environ: Mapping[str, str],
                   seconds: float) -> Commits:  # fmt: skip
    """Return the commits up to `commit` that no remote has.

    Args:
        git: The program and its settings.
        root: The work tree.
        commit: The commit that was checked out; if another one is now, nothing is bundled.
        limit: Largest size of a bundle in bytes.
        environ: Variables for git.
        seconds: Limit for making the bundle, and again for searching it.
    """
    command = Command((*git, "bundle", "create", "-", *_RANGE), limit)
    [answer] = ask([command], cwd=root, environ=environ, seconds=seconds)
    if not answer.good:  # without a commit to bundle git ends with an error
        return Commits(problem="are too large to keep" if answer.outcome in {"large", "late"} else None)
    if f"{commit} HEAD\n".encode() not in answer.out.partition(b"\n\n")[0] + b"\n":
        return Commits(problem="are not kept, as others were checked out meanwhile")
    found = _find_secrets(git, root, environ, seconds)
    if found is None:
        return Commits(problem="are not kept: it takes too long to look for secrets in them")
    if found:
        named = [f"{path} ({why})" for path, why in sorted(found.items())]
        more = [f"{len(named) - _MOST} more"] if len(named) > _MOST else []
        return Commits(problem=f"are not kept, as they seem to hold a secret: {', '.join([*named[:_MOST], *more])}")
    return Commits(answer.out)


def _find_secrets(
    git: tuple[str, ...], root: Path, environ: Mapping[str, str], seconds: float
) -> dict[str, str] | None:
    """Return the files of unpushed commits that look like secrets, with the reasons; None if the search times out."""
    log = (*git, "log", "-c", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color", "--root")
    reader = ChangeReader()
    commands = [
        Command((*log, "--name-only", "-z", "--format=", *_RANGE)),
        Command((*log, "--patch", "--text", "--unified=0", "--format=%B", *_RANGE), take=reader.take),
    ]
    names, changes = ask(commands, cwd=root, environ=environ, seconds=seconds)
    if not (names.good and changes.good):
        return None
    return {path: NAMED for path in _list_names(names) if is_secret_file(path)} | reader.found


def _list_names(answer: Answer) -> set[str]:
    return {name.strip(b"\n").decode(errors="replace") for name in answer.out.split(b"\0")} - {""}
