"""Git repositories for tests, made by git itself without the user's settings."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

GIT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "tester",
    "GIT_AUTHOR_EMAIL": "tester@localhost",
    "GIT_COMMITTER_NAME": "tester",
    "GIT_COMMITTER_EMAIL": "tester@localhost",
}


def run_git(folder: Path, *words: str, stdin: bytes = b"") -> str:
    done = subprocess.run(["git", *words], cwd=folder, env=GIT, input=stdin, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode(errors="surrogateescape").strip()


def make_repo(folder: Path, files: dict[str, str] | None = None) -> Path:
    """Make a repository whose first commit holds `files`; none without files."""
    folder.mkdir(parents=True, exist_ok=True)
    run_git(folder, "init", "-q", "-b", "main")
    if files:
        commit(folder, files)
    return folder


def commit(folder: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    run_git(folder, "add", "-A")
    run_git(folder, "commit", "-q", "-m", "more")
    return run_git(folder, "rev-parse", "HEAD")


def push(folder: Path, remote: Path) -> Path:
    """Make a bare remote `origin` and push to it."""
    run_git(folder, "init", "-q", "--bare", str(remote))
    run_git(folder, "remote", "add", "origin", str(remote))
    run_git(folder, "push", "-q", "-u", "origin", "HEAD")
    return remote
