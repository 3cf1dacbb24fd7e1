"""Captures the code that runs from git: the commit, the diff from it, and commits that only this machine has.

Changes nothing in the repository, needs no network, and knows no registry. `git apply` accepts the diff.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from registry_cli.dataclass import dataclass, field
from registry_cli.records.task import Code
from registry_cli.store.layout import DIRECTORY
from registry_cli.tasks.capture import history
from registry_cli.tasks.capture.diff import find_secret, iter_sections, leave_out
from registry_cli.tasks.capture.history import Commits
from registry_cli.tasks.capture.processes import Answer, Command, ask
from registry_cli.tasks.capture.remotes import find_remote, parse_config
from registry_cli.tasks.capture.source_files import rank_files
from registry_cli.tasks.capture.untracked import Limits, choose_untracked, shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_GIT: Final = (
    "git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false",
    "-c", "diff.autoRefreshIndex=false",
)  # fmt: skip
"""`git diff` writes the index even without optional locks; nothing here may write it."""
_STATUS: Final = (
    *_GIT, "status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all", "--no-renames", "--no-ahead-behind",
    "--ignore-submodules=none",
)  # fmt: skip
"""https://git-scm.com/docs/git-status#_porcelain_format_version_2."""
_SUBMODULE: Final = re.compile(rb"(?:1 .. S(?=..U|.M)... (?:\S+ ){5}|u .. S(?=..U|.M)... (?:\S+ ){7})")
"""A changed entry of a submodule up to its path, with changes in its files or files that it does not track."""
_DIFF: Final = (
    *_GIT, "diff", "--binary", "--full-index", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames",
    "--no-relative", "--src-prefix=a/", "--dst-prefix=b/", "--unified=3", "--submodule=short",
    "--ignore-submodules=dirty",
)  # fmt: skip
"""Overrides every setting that could make a diff which `git apply` does not accept."""
_BUT_REGISTRY: Final = ("--", f":(top,exclude,glob)**/{DIRECTORY}/**")
_CONFIG: Final = (*_GIT, "config", "-z", "--get-regexp", r"^(remote\..*\.url|branch\..*\.remote|url\..*\.insteadof)$")
_EMPTY_TREE: Final = (*_GIT, "hash-object", "-t", "tree", os.devnull)
_SETTINGS: Final = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1"}
_LIST_LIMIT: Final = 1 << 28
_UNPACKED: Final = 4
"""Largest size of an unpacked diff, as a multiple of the limit of a diff."""


@dataclass(frozen=True, slots=True)
class CodeState:
    """The code of a run.

    Attributes:
        code: The code's part of the record; changes within a submodule are not stored, and `cut` names its folder.
        diff: Diff from the commit to the work tree, staged or not; before the first commit, from nothing.
        bundle: Commits that no remote has (https://git-scm.com/docs/git-bundle); None if there are none.
        untracked: Files to store, relative to `code.root`.
        notes: Parts not stored as they are too large, took too long or hold secrets: `commits`, `diff`.
        secrets: Files not stored because they look like secrets, with the reason in words; `cut` names them too.
        lost: The program and source files that git does not track and that are not stored; `cut` names them too.
        problem: Reason why git fails in this repository, in its words.
    """

    code: Code
    diff: bytes = b""
    bundle: bytes | None = None
    untracked: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)
    lost: tuple[str, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class _Status:
    commit: str | None
    branch: str | None
    changed: bool
    untracked: tuple[bytes, ...]
    submodules: tuple[str, ...]
    """Submodules whose folders differ from their commit."""


def find_root(cwd: Path) -> Path | None:
    """Return the top folder of the work tree that contains `cwd`, or None; runs nothing."""
    here = cwd.absolute()
    return next((folder for folder in (here, *here.parents) if _is_root(folder / ".git")), None)


def capture_code(
    cwd: Path,
    exclude: Callable[[str], bool],
    limits: Limits | None = None,
    *,
    environ: Mapping[str, str],
    argv: Sequence[str] = (),
    commits: bool = True,
) -> CodeState | None:
    """Return the code as it is now; None without a work tree.

    Args:
        cwd: The folder in which the command runs.
        exclude: Returns True for an untracked path, relative to the root, that must not be stored, such as an output.
        limits: Limits of size and time.
        environ: The user's variables; those that direct git elsewhere have no effect.
        argv: The command; of the untracked files its program is stored first.
        commits: Bundle commits too; without a remote that takes longest, see `bundle_commits`.
    """
    limits = limits or Limits()
    root = find_root(cwd)
    if root is None:
        return None
    clean = clean_environ(environ)
    commands = [Command(_STATUS, _LIST_LIMIT), Command((*_DIFF, "HEAD", *_BUT_REGISTRY), limits.diff), Command(_CONFIG)]
    status, diff, config = ask(commands, cwd=root, environ=clean, seconds=limits.seconds)
    if not status.good:
        return _without_status(root, status)
    facts = _parse_status(status.out)
    base = "HEAD"
    if facts.commit is None:
        base = _find_empty_tree(root, clean, limits)
        [diff] = ask([Command((*_DIFF, base, *_BUT_REGISTRY), limits.diff)], cwd=root, environ=clean,
                     seconds=limits.seconds)  # fmt: skip
    left = _find_secrets(diff, base, root, clean, limits)
    chosen = choose_untracked(facts.untracked, root, exclude, limits, rank_files(argv, cwd.absolute(), root))
    code = Code(
        _format(os.fsencode(root)),
        commit=facts.commit,
        remote=find_remote(parse_config(_format(config.out)), facts.branch),
        branch=facts.branch,
        dirty=bool(facts.changed or chosen.kept or chosen.cut),
        cut=(*facts.submodules, *shorten(sorted(left)), *chosen.cut),
    )
    bundled = bundle_commits(root, facts.commit, limits, environ=environ) if commits and facts.commit else Commits()
    notes = (*(("commits",) if bundled.problem else ()), *(() if diff.good else ("diff",)))
    kept = leave_out(diff.out, left) if left else diff.out
    return CodeState(
        code, kept if diff.good else b"", bundled.bundle, chosen.kept, notes, {**left, **chosen.secrets}, chosen.sources
    )


def bundle_commits(root: Path, commit: str, limits: Limits | None = None, *, environ: Mapping[str, str]) -> Commits:
    """Return the commits alone, for a caller that has captured the rest: they do not change.

    Args:
        root: The work tree.
        commit: The commit that was checked out; if another one is now, nothing is bundled.
        limits: Limits of size and time.
        environ: The user's variables.
    """
    limits = limits or Limits()
    clean = clean_environ(environ)
    return history.bundle_commits(_GIT, root, commit, limits.bundle, environ=clean, seconds=limits.seconds)


def clean_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Return variables for a call of git on the folder it runs in, whatever a hook or the user has set."""
    passed = {name: value for name, value in environ.items() if not name.startswith("GIT_") or _is_passed(name)}
    return {**passed, **_SETTINGS}


def _is_passed(name: str) -> bool:
    return name.startswith("GIT_CONFIG_") or name == "GIT_EXEC_PATH"


def _is_root(path: Path) -> bool:
    """Return whether a `.git` is a repository, or a file that names one (of a worktree or submodule)."""
    try:
        return (path / "HEAD").is_file() or path.is_file()
    except OSError:
        return False


def _without_status(root: Path, status: Answer) -> CodeState | None:
    """Return what is known if git refuses, as in a folder of another user, or if there is no git."""
    if "must be run in a work tree" in status.error:
        return None
    if status.outcome == "missing":
        words = "git is not installed, so that the code is not on record"
    elif status.outcome == "done":
        words = "git: " + status.error.strip().partition("\n")[0].removeprefix("fatal: ")
    else:
        words = "git: took too long" if status.outcome == "late" else "git: lists too many files"
    return CodeState(Code(_format(os.fsencode(root))), problem=words)


def _find_empty_tree(root: Path, environ: Mapping[str, str], limits: Limits) -> str:
    [tree] = ask([Command(_EMPTY_TREE)], cwd=root, environ=environ, seconds=limits.seconds)
    return tree.out.decode().strip()


def _find_secrets(diff: Answer, base: str, root: Path, environ: Mapping[str, str], limits: Limits) -> dict[str, str]:
    """Return the files of a diff that look like secrets, with the reasons; packed files are diffed again as text."""
    if not diff.good:
        return {}
    found = {section.path: (find_secret(section), section.binary) for section in iter_sections(diff.out)}
    left = {path: why for path, (why, _) in found.items() if why}
    packed = {path for path, (_, binary) in found.items() if binary} - left.keys()
    if not packed:
        return left
    command = Command((*_DIFF, "--text", base, *_BUT_REGISTRY), _UNPACKED * limits.diff)
    [text] = ask([command], cwd=root, environ=environ, seconds=limits.seconds)
    if not text.good:
        return left | dict.fromkeys(packed, "too large to look into")
    unpacked = {section.path: find_secret(section) for section in iter_sections(text.out) if section.path in packed}
    return left | {path: why for path, why in unpacked.items() if why}


def _parse_status(out: bytes) -> _Status:
    headers: dict[str, str] = {}
    untracked: list[bytes] = []
    submodules: list[str] = []
    changed = False
    for line in out.split(b"\0"):
        if line.startswith(b"# "):
            key, _, value = line[2:].partition(b" ")
            headers[key.decode()] = _format(value)
        elif line.startswith(b"? "):
            untracked.append(line[2:])
        else:
            changed = changed or bool(line)
            if found := _SUBMODULE.match(line):
                submodules.append(_format(line[found.end() :]) + "/")
    commit, branch = headers.get("branch.oid"), headers.get("branch.head")
    return _Status(
        commit=None if commit == "(initial)" else commit,
        branch=None if branch == "(detached)" else branch,
        changed=changed,
        untracked=tuple(untracked),
        submodules=shorten(submodules),
    )


def _format(raw: bytes) -> str:
    return raw.decode(errors="replace")
