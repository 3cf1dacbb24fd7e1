from __future__ import annotations

from pathlib import Path

import pytest

from registry_cli.tasks.capture.git import bundle_commits
from registry_cli.tasks.capture.history import ChangeReader, Commits
from registry_cli.tasks.capture.untracked import Limits
from tests.secrets.planted import PLANTED
from tests.tasks.capture.repos import GIT, commit, make_repo, push, run_git

TOKEN = PLANTED["github"]
IN_THEM = "are not kept, as they seem to hold a secret: "


def bundle(repo: Path) -> Commits:
    return bundle_commits(repo, run_git(repo, "rev-parse", "HEAD"), environ=GIT)


def test_a_token_that_a_later_commit_took_away(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a.py": "1\n"})
    push(repo, tmp_path / "remote")
    commit(repo, {"a.py": f"1\n{TOKEN}\n"})
    commit(repo, {"a.py": "2\n"})
    assert bundle(repo) == Commits(problem=f"{IN_THEM}a.py (a GitHub token)")


def test_what_a_remote_has_is_not_looked_at(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a.py": f"1\n{TOKEN}\n", ".env": "A=1"})
    push(repo, tmp_path / "remote")
    commit(repo, {"b.py": "1\n"})
    assert bundle(repo).bundle


def test_names_binary_files_and_messages(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"conf/.env": "A=1", "é/key.pem": "x", "a.py": "1"})
    (repo / "b.bin").write_bytes(bytes(range(256)) * 9 + TOKEN.encode())
    run_git(repo, "add", "-A")
    run_git(repo, "commit", "-qm", f"with {TOKEN}")
    told = "a message (a GitHub token), b.bin (a GitHub token), conf/.env (its name), é/key.pem (its name)"
    assert bundle(repo) == Commits(problem=f"{IN_THEM}{told}")


def test_a_merge_that_brings_a_token_of_its_own(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a.py": "1\n"})
    run_git(repo, "checkout", "-qb", "side")
    commit(repo, {"b.py": "1\n"})
    run_git(repo, "checkout", "-q", "main")
    commit(repo, {"c.py": "1\n"})
    run_git(repo, "merge", "-q", "--no-commit", "--no-ff", "side")
    commit(repo, {"d e.py": TOKEN})
    assert bundle(repo) == Commits(problem=f"{IN_THEM}d e.py (a GitHub token)")


def test_what_takes_too_long_to_look_into_is_not_kept(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a.py": "1\n"})
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").write_text(
        '#!/bin/sh\nfor word; do [ "$word" = log ] && exit 1; done\n' + f'PATH="{GIT["PATH"]}" exec git "$@"\n'
    )
    (tmp_path / "bin" / "git").chmod(0o755)
    environ = {**GIT, "PATH": f"{tmp_path / 'bin'}:{GIT['PATH']}"}
    found = bundle_commits(repo, run_git(repo, "rev-parse", "HEAD"), Limits(), environ=environ)
    assert found == Commits(problem="are not kept: it takes too long to look for secrets in them")


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 7, 100, 10_000])
def test_changes_are_read_piece_by_piece(size: int) -> None:
    text = f"why\n\ndiff --git a/a.py b/a.py\n+1\ndiff --cc b c.py\n@@@\n{'+ x' * 3000}\n+ {TOKEN}\n".encode()
    reader = ChangeReader()
    for at in range(0, len(text), size):
        reader.take(text[at : at + size])
    assert reader.found == {"b c.py": "a GitHub token"}
