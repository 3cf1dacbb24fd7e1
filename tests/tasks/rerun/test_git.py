"""Code that is brought back from wherever it still is."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from registry_cli.errors import NotFoundError, RegError
from registry_cli.records.task import Code
from registry_cli.tasks.capture.git import capture_code
from registry_cli.tasks.rerun.git import apply_diff, check_out, resolve_commit

ENVIRON = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


class Repo:
    """A repository with a file `a.py` in its first commit."""

    def __init__(self, root: Path, *words: str) -> None:
        self.root = root
        root.mkdir(parents=True)
        self.git("init", "-q", "-b", "main", *words)
        self.commit("a.py", "one\n")

    def git(self, *words: str) -> str:
        settings = ("-c", "user.email=t@example.org", "-c", "user.name=t")
        done = subprocess.run(["git", *settings, *words], cwd=self.root, env=ENVIRON, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, name: str, text: str) -> str:
        (self.root / name).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", name)
        return self.head

    def push(self, bare: Path) -> str:
        if not bare.exists():
            self.git("init", "-q", "--bare", str(bare))
            self.git("remote", "add", "origin", bare.as_uri())
        self.git("push", "-q", "-u", "origin", "main")
        return bare.as_uri()

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def write_bundle(self, path: Path) -> Path:
        state = capture_code(self.root, lambda name: False, environ=ENVIRON)
        assert state is not None
        assert state.bundle is not None
        path.write_bytes(state.bundle)
        return path


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


@pytest.fixture
def into(tmp_path: Path) -> Path:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "into").mkdir()
    return tmp_path / "into"


def restore(code: Code, into: Path, bundle: Path | None = None, cwd: Path | None = None) -> None:
    check_out(code, into, bundle, cwd or into.parent / "elsewhere", ENVIRON)


def test_from_the_repository_where_it_ran(repo: Repo, into: Path) -> None:
    first = repo.head
    repo.commit("a.py", "two\n")
    before = sorted(path for path in (repo.root / ".git").rglob("*") if path.is_file())
    restore(Code(str(repo.root), first), into)
    assert (into / "a.py").read_text() == "one\n"
    assert sorted(path for path in (repo.root / ".git").rglob("*") if path.is_file()) == before


def test_a_commit_that_no_branch_has_any_more(repo: Repo, into: Path) -> None:
    lost = repo.commit("a.py", "two\n")
    repo.git("reset", "-q", "--hard", "HEAD~")
    restore(Code(str(repo.root), lost), into)
    assert (into / "a.py").read_text() == "two\n"


def test_from_a_work_tree_of_the_repository(repo: Repo, into: Path, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", "--detach", str(tmp_path / "tree"))
    restore(Code(str(tmp_path / "tree"), repo.head), into)
    assert (into / "a.py").read_text() == "one\n"


def test_from_where_we_are(repo: Repo, into: Path, tmp_path: Path) -> None:
    restore(Code("/home/other/repo", repo.head), into, cwd=repo.root)
    assert (into / "a.py").read_text() == "one\n"


def test_from_the_remote(repo: Repo, into: Path, tmp_path: Path) -> None:
    url = repo.push(tmp_path / "bare.git")
    first = repo.head
    repo.commit("a.py", "two\n")
    repo.push(tmp_path / "bare.git")
    shutil.rmtree(repo.root)
    restore(Code(str(repo.root), first, remote=url), into)
    assert (into / "a.py").read_text() == "one\n"


def test_from_a_server_that_gives_branches_alone(repo: Repo, into: Path, tmp_path: Path) -> None:
    url = repo.push(tmp_path / "bare.git")
    first = repo.head
    repo.commit("a.py", "two\n")
    repo.push(tmp_path / "bare.git")
    repo.git("--git-dir", str(tmp_path / "bare.git"), "config", "uploadpack.allowAnySHA1InWant", "false")
    shutil.rmtree(repo.root)
    old = {**ENVIRON, "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "protocol.version", "GIT_CONFIG_VALUE_0": "0"}
    check_out(Code(str(repo.root), first, remote=url), into, None, tmp_path / "elsewhere", old)
    assert (into / "a.py").read_text() == "one\n"


def test_from_a_bundle_alone(repo: Repo, into: Path, tmp_path: Path) -> None:
    repo.commit("a.py", "two\n")
    bundle, code = repo.write_bundle(tmp_path / "bundle"), Code(str(repo.root), repo.head)
    shutil.rmtree(repo.root)
    restore(code, into, bundle)
    assert (into / "a.py").read_text() == "two\n"


def test_from_a_bundle_on_the_remote(repo: Repo, into: Path, tmp_path: Path) -> None:
    url = repo.push(tmp_path / "bare.git")
    repo.commit("b.py", "unpushed\n")
    bundle, code = repo.write_bundle(tmp_path / "bundle"), Code(str(repo.root), repo.head, remote=url)
    shutil.rmtree(repo.root)
    restore(code, into, bundle)
    assert [path.name for path in sorted(into.glob("*.py"))] == ["a.py", "b.py"]


def test_what_others_have_is_not_bundled_again(repo: Repo, into: Path, tmp_path: Path) -> None:
    url = repo.push(tmp_path / "bare.git")
    restore(Code(str(repo.root), repo.head, remote=url), into)
    state = capture_code(into, lambda name: False, environ=ENVIRON)
    assert state is not None
    assert (state.bundle, state.code.commit, state.code.remote) == (None, repo.head, url)


def test_a_shallow_clone(repo: Repo, into: Path, tmp_path: Path) -> None:
    repo.commit("a.py", "two\n")
    url = repo.push(tmp_path / "bare.git")
    repo.git("clone", "-q", "--depth=1", "-b", "main", url, str(tmp_path / "shallow"))
    restore(Code(str(tmp_path / "shallow"), repo.head), into)
    assert (into / "a.py").read_text() == "two\n"


def test_before_the_first_commit(into: Path) -> None:
    restore(Code("/gone"), into)
    assert (into / ".git").is_dir()


@pytest.mark.slow
def test_submodules_come_too(repo: Repo, into: Path, tmp_path: Path) -> None:
    inner = Repo(tmp_path / "inner")
    allow = ("-c", "protocol.file.allow=always")
    repo.git(*allow, "submodule", "--quiet", "add", inner.root.as_uri(), "lib")
    repo.git("commit", "-qm", "lib")
    free = {
        **ENVIRON,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "protocol.file.allow",
        "GIT_CONFIG_VALUE_0": "always",
    }
    check_out(Code(str(repo.root), repo.head), into, None, tmp_path, free)
    assert (into / "lib" / "a.py").read_text() == "one\n"


def test_a_submodule_that_cannot_be_cloned(repo: Repo, into: Path, tmp_path: Path) -> None:
    inner = Repo(tmp_path / "inner")
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.root.as_uri(), "lib")
    repo.git("commit", "-qm", "lib")
    with pytest.raises(RegError, match=f"submodule {inner.root.as_uri()} cannot be cloned: git does not") as caught:
        check_out(Code(str(repo.root), repo.head), into, None, tmp_path, ENVIRON)
    assert "--here" in caught.value.message
    assert "protocol.file.allow" in caught.value.message


def test_hooks_of_the_user_do_not_run(repo: Repo, into: Path, tmp_path: Path) -> None:
    hook = tmp_path / "hooks" / "post-checkout"
    hook.parent.mkdir()
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    config = tmp_path / "config"
    config.write_text(f"[core]\n\thooksPath = {hook.parent}\n")
    check_out(Code(str(repo.root), repo.head), into, None, tmp_path, {**ENVIRON, "GIT_CONFIG_GLOBAL": str(config)})
    assert not (tmp_path / "ran").exists()


def test_a_commit_that_is_gone(repo: Repo, into: Path, tmp_path: Path) -> None:
    url = repo.push(tmp_path / "bare.git")
    with pytest.raises(RegError, match="commit ffffffffffff is gone") as caught:
        restore(Code(str(repo.root), "f" * 40, remote=url), into)
    assert (caught.value.exit_code, str(repo.root) in caught.value.message, url in caught.value.message) == (
        1, True, True
    )  # fmt: skip
    assert "--code" in caught.value.message
    assert caught.value.hint == f"git -C {repo.root} fetch --all"


def test_a_commit_of_a_repository_that_is_gone(into: Path) -> None:
    with pytest.raises(RegError, match=r"looked for in /no/repo \(no repository\);"):
        restore(Code("/no/repo", "f" * 40), into)


def test_git_is_not_installed(into: Path) -> None:
    with pytest.raises(RegError, match="git init: it is not installed"):
        check_out(Code("/gone"), into, None, into, {"PATH": "/none"})


@pytest.fixture
def changed(repo: Repo, tmp_path: Path) -> Path:
    """The diff of a work tree in which a.py is changed, b.bin added and c.py taken away."""
    repo.commit("c.py", "see\n")
    (repo.root / "a.py").write_text("one and a half\n")
    (repo.root / "b.bin").write_bytes(bytes(range(256)))
    (repo.root / "c.py").unlink()
    repo.git("add", "b.bin")
    state = capture_code(repo.root, lambda name: False, environ=ENVIRON)
    assert state is not None
    (tmp_path / "diff").write_bytes(state.diff)
    return tmp_path / "diff"


def test_a_diff_is_applied(repo: Repo, into: Path, changed: Path) -> None:
    restore(Code(str(repo.root), repo.head), into)
    apply_diff(into, changed, repo.head, ENVIRON)
    assert (into / "a.py").read_text() == "one and a half\n"
    assert (into / "b.bin").read_bytes() == bytes(range(256))
    assert not (into / "c.py").exists()


@pytest.mark.parametrize("other", ["two\n", None])
def test_a_diff_that_does_not_apply_names_the_file(repo: Repo, into: Path, changed: Path, other: str | None) -> None:
    repo.git("checkout", "-q", "-f", ".")
    repo.git("rm", "-q", "-f", "b.bin")
    if other is None:
        repo.git("rm", "-q", "a.py")
        commit = repo.commit("d.py", "d\n")
    else:
        commit = repo.commit("a.py", other)
    restore(Code(str(repo.root), commit), into)
    with pytest.raises(RegError, match=f"the change of a.py does not apply to commit {commit[:12]}"):
        apply_diff(into, changed, commit, ENVIRON)


def test_names_of_commits(repo: Repo, tmp_path: Path) -> None:
    first = repo.head
    repo.git("tag", "v1")
    code = Code(str(repo.root), repo.commit("a.py", "two\n"))
    for text in ("v1", first[:8], "main~", first):
        assert resolve_commit(code, text, tmp_path, ENVIRON) == first
    assert resolve_commit(code, "e" * 40, tmp_path, ENVIRON) == "e" * 40
    for text in ("none", "--all", "e" * 12):
        with pytest.raises(NotFoundError, match=str(repo.root)):
            resolve_commit(code, text, tmp_path, ENVIRON)
