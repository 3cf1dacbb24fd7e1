"""Runs git for a re-run: resolves a commit, and restores code from any place that still has it.

Changes no repository except the new one, which borrows the objects of repositories on this machine.
"""

from __future__ import annotations

import re
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Final

from registry_cli.errors import NotFoundError, RegError
from registry_cli.store.new_file import NewFile
from registry_cli.tasks.capture.git import clean_environ, find_root
from registry_cli.tasks.capture.processes import Answer, Command, ask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from registry_cli.records.task import Code

_GIT: Final = ("git", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "advice.detachedHead=false")
_NETWORK: Final = ("GIT_SSH", "GIT_ASKPASS", "GIT_SSL_", "GIT_PROXY_")
"""Prefixes of variables that git needs to reach a remote."""
_QUICK: Final = 30.0
_LONG: Final = 3600.0
"""Time limits in seconds."""
_FULL_ID: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SUBMODULE: Final = re.compile(r"clone of '(?P<url>.*?)' into submodule path")
_LOCAL: Final = "transport 'file' not allowed"
"""Message of git 2.38.1 and later about a submodule on this machine (`protocol.allow` in git-config(1))."""
_REFUSED: Final = re.compile(r"^error: (?:patch failed: (?P<failed>.*):\d+|(?P<named>.*?): .*)$", re.MULTILINE)


class Git:
    """Git in one folder; its output goes into messages."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.folder = folder
        network = {name: value for name, value in environ.items() if name.startswith(_NETWORK)}
        self._environ = {**clean_environ(environ), **network}

    def ask(self, *words: str, seconds: float = _QUICK) -> Answer:
        """Run git and return its output and exit code."""
        return ask([Command((*_GIT, *words))], cwd=self.folder, environ=self._environ, seconds=seconds)[0]

    def run(self, *words: str, seconds: float = _QUICK) -> str:
        """Run git and return what it prints.

        Raises:
            RegError: Git fails.
        """
        answer = self.ask(*words, seconds=seconds)
        if not answer.good:
            raise RegError(f"git {words[0]}: {explain(answer)}", hint="git --version")
        return answer.out.decode(errors="replace").strip()

    def has(self, commit: str) -> bool:
        """Return whether the repository has the commit."""
        return self.ask("cat-file", "-e", f"{commit}^{{commit}}").good


def explain(answer: Answer) -> str:
    """Return why git failed, in one line."""
    if answer.outcome == "missing":
        return "it is not installed"
    if answer.outcome == "late":
        return "it took too long"
    lines = [line for line in answer.error.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("fatal: ", "error: "))]
    return (errors or lines or ["it failed"])[0].removeprefix("fatal: ").removeprefix("error: ")


def resolve_commit(code: Code, text: str, cwd: Path, environ: Mapping[str, str]) -> str:
    """Return the full id of the commit that `text` names in the repository of `code`, or in that of `cwd`.

    Raises:
        NotFoundError: Neither has it, and `text` is not a full id.
    """
    places = list_places(code, cwd)
    for place in places:
        answer = Git(place, environ).ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{text}^{{commit}}")
        if answer.good:
            return answer.out.decode().strip()
    if _FULL_ID.fullmatch(text):
        return text
    shown = " nor in ".join(map(str, places)) or code.root
    raise NotFoundError(f"no commit `{text}` in {shown}: fetch it, or give its full id", hint=_fetching(places))


def _fetching(places: Sequence[Path]) -> str:
    """Return the command that fetches commits pushed meanwhile."""
    return f"git -C {quote(str(places[0]))} fetch --all" if places else "reg task clone --help"


def list_places(code: Code, cwd: Path) -> list[Path]:
    """Return the work trees on this machine that may hold a task's code: the one in which it ran, and ours."""
    places = [Path(code.root), find_root(cwd)]
    return list(dict.fromkeys(place for place in places if place and (place / ".git").exists()))


def check_out(code: Code, into: Path, bundle: Path | None, cwd: Path, environ: Mapping[str, str]) -> None:
    """Make a new repository in the empty folder `into` with the commit of `code` in its work tree.

    Args:
        code: The commit, and the places that may have it.
        into: A new folder.
        bundle: Commits that no remote had.
        cwd: The current folder, whose repository is searched too.
        environ: The user's variables.

    Raises:
        RegError: The commit cannot be found; the message lists the places that were searched.
    """
    git = Git(into, environ)
    form = ["--object-format=sha256"] if code.commit and len(code.commit) == 64 else []
    git.run("init", "--quiet", "--template=", *form)
    if code.remote:
        git.run("remote", "add", "origin", code.remote)
    if code.commit is None:
        return
    places = list_places(code, cwd)
    _borrow(git, places, environ)
    for place in places:
        git.ask("fetch", "--quiet", "--no-tags", str(place), "+refs/remotes/*:refs/remotes/*")  # with what they fetched
    looked = [str(place) for place in places] or [f"{code.root} (no repository)"]
    if not git.has(code.commit):
        looked += _fetch(git, code, bundle)
    if not git.has(code.commit):
        raise RegError(
            f"commit {code.commit[:12]} is gone; looked for in {', '.join(looked)}; push or fetch it, or clone the "
            "task with another --code",
            hint=_fetching(places),
        )
    git.run("checkout", "--quiet", "--detach", code.commit, seconds=_LONG)
    if (into / ".gitmodules").is_file():
        _fetch_submodules(git)


def apply_diff(into: Path, diff: Path, commit: str | None, environ: Mapping[str, str]) -> None:
    """Apply a task's diff to its commit in `into`.

    Raises:
        RegError: The diff does not apply; the message names the first file that fails.
    """
    answer = Git(into, environ).ask("apply", "--index", "--whitespace=nowarn", str(diff), seconds=_LONG)
    if not answer.good:
        found = _REFUSED.search(answer.error)
        name = (found["failed"] or found["named"]) if found else None
        what = f"the change of {name} does" if name else "the changes of the task do"
        raise RegError(
            f"{what} not apply to commit {(commit or 'none')[:12]}: {explain(answer)}; "
            "a clone with --code runs a commit alone",
            hint="reg task clone --help",
        )


def _fetch_submodules(git: Git) -> None:
    answer = git.ask("submodule", "--quiet", "update", "--init", "--recursive", seconds=_LONG)
    if answer.good:
        return
    found = _SUBMODULE.search(answer.error)
    local = _LOCAL in answer.error
    why = "git does not clone folders of this machine as submodules" if local else explain(answer)
    instead = "--here runs the code where it is"
    instead += ", and `git config --global protocol.file.allow always` allows it" if local else ""
    what = f"submodule {found['url']}" if found else "a submodule"
    raise RegError(f"{what} cannot be cloned: {why}; {instead}", hint="reg task run --help")


def _borrow(git: Git, places: Sequence[Path], environ: Mapping[str, str]) -> None:
    """Give the new repository access to the objects of others (gitrepository-layout(5), `objects/info/alternates`)."""
    stores, shallow = [], []
    for place in places:
        other = Git(place, environ)
        answer = other.ask("rev-parse", "--path-format=absolute", "--git-path", "objects", "--git-path", "shallow")
        lines = answer.out.decode(errors="surrogateescape").splitlines() if answer.good else []
        if len(lines) == 2 and not any(character in lines[0] for character in '"#'):
            stores.append(lines[0])
            shallow += [Path(lines[1]).read_text()] if Path(lines[1]).is_file() else []
    for name, text in (("objects/info/alternates", "\n".join(stores)), ("shallow", "".join(shallow))):
        if text:
            with NewFile(git.folder / ".git" / name) as file:
                file.write(f"{text.rstrip()}\n".encode(errors="surrogateescape"))


def _fetch(git: Git, code: Code, bundle: Path | None) -> list[str]:
    """Fetch the commit from the remote and the bundle, and return the places that were searched."""
    assert code.commit
    needed = _read_prerequisites(bundle) if bundle else [code.commit]
    looked = []
    missing = [commit for commit in needed if not git.has(commit)]
    if missing and code.remote:
        answer = _fetch_remote(git, missing)
        looked.append(f"{code.remote} ({explain(answer)})" if not answer.good else code.remote)
    if bundle:
        for at, commit in enumerate(commit for commit in needed if git.has(commit)):
            git.run("update-ref", f"refs/reg/base-{at}", commit)
        answer = git.ask("fetch", "--quiet", "--no-tags", str(bundle), "HEAD", seconds=_LONG)
        looked.append("the bundle of the task" + ("" if answer.good else f" ({explain(answer)})"))
    return looked


def _fetch_remote(git: Git, commits: Sequence[str]) -> Answer:
    """Fetch only these commits, or all branches and tags from a server that does not serve commits by id."""
    specs = [f"{commit}:refs/remotes/origin/{commit}" for commit in commits]
    answer = git.ask("fetch", "--quiet", "--no-tags", "--depth=1", "origin", *specs, seconds=_LONG)
    if answer.good:
        return answer
    return git.ask("fetch", "--quiet", "--tags", "origin", "+refs/heads/*:refs/remotes/origin/*", seconds=_LONG)


def _read_prerequisites(bundle: Path) -> list[str]:
    """Return the commits that a bundle builds on (https://git-scm.com/docs/gitformat-bundle)."""
    with bundle.open("rb") as reader:
        lines = iter(lambda: reader.readline(1 << 16).rstrip(b"\n"), b"")
        return [line[1:].split()[0].decode() for line in lines if line.startswith(b"-")]
