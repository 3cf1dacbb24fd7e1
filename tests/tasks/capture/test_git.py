from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from registry_cli.tasks.capture.git import CodeState, bundle_commits, capture_code, find_root
from registry_cli.tasks.capture.history import Commits
from registry_cli.tasks.capture.untracked import Limits
from tests.tasks.capture.repos import GIT, commit, make_repo, push, run_git


def capture(
    folder: Path,
    exclude: Callable[[str], bool] = lambda _: False,
    limits: Limits | None = None,
    **environ: str,
) -> CodeState:
    state = capture_code(folder, exclude, limits, environ={**GIT, **environ})
    assert state
    return state


def snapshot(folder: Path) -> dict[str, tuple[bytes, bool]]:
    """Return the tracked part of a work tree: content and whether it may be executed."""
    names = run_git(folder, "ls-files", "-z", "--cached", "--others").split("\0")
    paths = {name: folder / name for name in names if name and os.path.lexists(folder / name)}
    return {
        name: (os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes(), os.access(path, os.X_OK))
        for name, path in paths.items()
        if path.is_symlink() or path.is_file()
    }


def restore(state: CodeState, source: Path, target: Path) -> Path:
    """Make the work tree again, elsewhere, as a re-run would."""
    make_repo(target)
    if state.code.commit:
        run_git(target, "fetch", "-q", str(source), state.code.commit)
        run_git(target, "checkout", "-q", state.code.commit)
    if state.diff:
        run_git(target, "apply", "--whitespace=nowarn", "-", stdin=state.diff)
    return target


def test_a_clean_repository(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a.py": "1\n"})
    push(repo, tmp_path / "remote")
    state = capture(repo)
    assert state.code.commit == run_git(repo, "rev-parse", "HEAD")
    assert (state.code.root, state.code.branch, state.code.dirty) == (str(repo), "main", False)
    assert state.code.remote == str(tmp_path / "remote")
    assert (state.diff, state.bundle, state.untracked, state.notes, state.problem) == (b"", None, (), (), None)


def test_changes_of_every_kind_come_back(tmp_path: Path) -> None:
    files = {
        "edit.py": "1\n2\n3\n",
        "gone.py": "x\n",
        "old name.py": "same\n" * 9,
        "mode.sh": "#!/bin/sh\n",
        "b/é.txt": "é",
    }
    repo = make_repo(tmp_path / "repo", files)
    (repo / "bytes.bin").write_bytes(bytes(range(256)) * 9)
    (repo / "link").symlink_to("edit.py")
    run_git(repo, "add", "bytes.bin", "link")
    run_git(repo, "commit", "-q", "-m", "binary")
    (repo / "edit.py").write_text("1\nstaged\n3\n")
    run_git(repo, "add", "edit.py")
    (repo / "edit.py").write_text("1\nstaged\nnot staged\r\n")
    (repo / "gone.py").unlink()
    (repo / "old name.py").rename(repo / "new\tname.py")
    (repo / "mode.sh").chmod(0o755)
    (repo / "bytes.bin").write_bytes(b"\0\1\2" * 1000)
    (repo / "link").unlink()
    (repo / "link").symlink_to("mode.sh")
    (repo / "empty").touch()
    (repo / "staged.py").write_text("no line end")
    run_git(repo, "add", "-A")
    (repo / "later.py").write_text("meant to be added\n")
    run_git(repo, "add", "-N", "later.py")
    state = capture(repo)
    assert state.code.dirty
    assert state.untracked == ()
    assert snapshot(restore(state, repo, tmp_path / "again")) == snapshot(repo)


@pytest.mark.parametrize(
    "settings",
    [
        {"diff.noprefix": "true"},
        {"diff.mnemonicPrefix": "true", "diff.renames": "copies"},
        {"color.ui": "always", "color.diff": "always"},
        {"diff.external": "false", "diff.context": "0", "diff.interHunkContext": "9"},
        {"diff.relative": "true", "diff.submodule": "log", "diff.wsErrorHighlight": "all"},
        {"core.fsmonitor": "/bin/false", "status.showUntrackedFiles": "no", "status.relativePaths": "true"},
    ],
    ids=str,
)
def test_the_users_settings_do_not_matter(tmp_path: Path, settings: dict[str, str]) -> None:
    repo = make_repo(tmp_path / "repo", {"a.py": "1\n2\n3\n", "sub/b.py": "b\n" * 9})
    for key, value in settings.items():
        run_git(repo, "config", key, value)
    (repo / "a.py").write_text("1\n2\nthree\n")
    (repo / "sub" / "b.py").rename(repo / "c.py")
    run_git(repo, "add", "-A")
    (repo / "sub").mkdir(exist_ok=True)
    (repo / "sub" / "new.py").write_text("n")
    state = capture(repo / "sub")
    assert state.untracked == (Path("sub/new.py"),)
    again = restore(state, repo, tmp_path / "again")
    assert (again / "a.py").read_text() == "1\n2\nthree\n"
    assert (again / "c.py").is_file()
    assert not (again / "sub" / "b.py").exists()


def test_a_diff_is_of_the_bytes_themselves(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {".gitattributes": "*.x diff=up\n", "a.x": "one\n"})
    run_git(repo, "config", "diff.up.textconv", "tr a-z A-Z <")
    (repo / "a.x").write_text("two\n")
    assert b"+two" in capture(repo).diff


def test_before_the_first_commit(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo")
    (repo / "a.py").write_text("a\n")
    run_git(repo, "add", "a.py")
    (repo / "a.py").write_text("b\n")
    (repo / "new.py").write_text("c\n")
    state = capture(repo)
    assert (state.code.commit, state.code.branch, state.code.dirty) == (None, "main", True)
    assert state.bundle is None
    assert state.untracked == (Path("new.py"),)
    again = restore(state, repo, tmp_path / "again")
    assert (again / "a.py").read_text() == "b\n"


def test_an_empty_repository(tmp_path: Path) -> None:
    state = capture(make_repo(tmp_path / "repo"))
    assert (state.code.commit, state.code.dirty, state.diff, state.notes) == (None, False, b"", ())


def test_detached(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a": "1"})
    run_git(repo, "checkout", "-q", "--detach")
    state = capture(repo)
    assert state.code.branch is None
    assert state.code.commit == run_git(repo, "rev-parse", "HEAD")
    assert state.bundle


def test_a_bundle_holds_what_no_remote_has(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a": "1"})
    remote = push(repo, tmp_path / "remote")
    head = commit(repo, {"a": "2"})
    state = capture(repo)
    assert state.bundle
    (tmp_path / "b").write_bytes(state.bundle)
    run_git(tmp_path, "clone", "-q", str(remote), "again")
    run_git(tmp_path / "again", "fetch", "-q", str(tmp_path / "b"), "HEAD")
    run_git(tmp_path / "again", "checkout", "-q", head)
    assert (tmp_path / "again" / "a").read_text() == "2"


def test_without_a_remote_a_bundle_holds_all(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a": "1"})
    head = commit(repo, {"a": "2"})
    state = capture(repo)
    assert state.bundle
    (tmp_path / "b").write_bytes(state.bundle)
    run_git(make_repo(tmp_path / "again"), "fetch", "-q", str(tmp_path / "b"), "HEAD")
    run_git(tmp_path / "again", "checkout", "-q", head)
    assert (tmp_path / "again" / "a").read_text() == "2"


def test_commits_can_be_bundled_apart(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a": "1"})
    state = capture_code(repo, lambda _: False, environ=GIT, commits=False)
    assert state
    assert state.bundle is None
    assert state.code.commit
    commits = bundle_commits(repo, state.code.commit, environ=GIT)
    assert commits.bundle
    assert commits.problem is None
    commit(repo, {"a": "2"})
    late = bundle_commits(repo, state.code.commit, environ=GIT)
    assert late == Commits(problem="are not kept, as others were checked out meanwhile")


def test_what_is_too_large_is_noted(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a": "1"})
    (repo / "a").write_bytes(os.urandom(5000))
    state = capture(repo, limits=Limits(bundle=100, diff=100))
    assert (state.bundle, state.diff, state.notes) == (None, b"", ("commits", "diff"))
    assert state.code.dirty


@pytest.mark.slow
def test_git_that_hangs_is_given_up(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a": "1"})
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").write_text("#!/bin/sh\nsleep 60\n")
    (tmp_path / "bin" / "git").chmod(0o755)
    state = capture(repo, limits=Limits(seconds=0.3), PATH=f"{tmp_path}/bin:{os.environ['PATH']}")
    assert state.problem == "git: took too long"
    assert state.code.commit is None


def test_git_that_refuses_says_why(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a": "1"})
    run_git(repo, "config", "core.repositoryFormatVersion", "99")
    state = capture(repo)
    assert state.problem
    assert state.problem.startswith("git: ")
    assert (state.code.root, state.code.dirty) == (str(repo), None)


def test_without_a_repository(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / ".git").mkdir()
    assert capture_code(tmp_path / "plain", lambda _: False, environ=GIT) is None


def test_without_git_the_state_of_the_code_is_unknown(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a": "1"})
    state = capture(repo, PATH=str(tmp_path))
    assert state.problem == "git is not installed, so that the code is not on record"
    assert (state.code.root, state.code.commit, state.code.dirty) == (str(repo), None, None)


def test_bare_is_none(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a": "1"})
    remote = push(repo, tmp_path / "remote")
    assert capture_code(remote, lambda _: False, environ=GIT) is None
    run_git(repo, "config", "core.bare", "true")
    assert capture_code(repo, lambda _: False, environ=GIT) is None


def test_variables_of_a_hook_do_not_lead_astray(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a": "1"})
    other = make_repo(tmp_path / "other", {"b": "2"})
    (repo / "a").write_text("2")
    git = str(other / ".git")
    state = capture(
        repo, GIT_DIR=git, GIT_WORK_TREE=str(other), GIT_INDEX_FILE=f"{git}/index", GIT_PREFIX="x/",
        GIT_EXTERNAL_DIFF="false", GIT_DIFF_OPTS="-u0", GIT_LITERAL_PATHSPECS="1", GIT_NAMESPACE="n",
    )  # fmt: skip
    assert state.code.commit == run_git(repo, "rev-parse", "HEAD")
    assert b"a/a" in state.diff


def test_settings_given_by_variables_count(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a": "1"})
    (repo / "skip").write_text("")
    (tmp_path / "ignore").write_text("skip\n")
    given = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.excludesFile",
        "GIT_CONFIG_VALUE_0": f"{tmp_path}/ignore",
    }
    state = capture_code(repo, lambda _: False, environ={**GIT, **given})
    assert state
    assert state.untracked == ()


@pytest.mark.slow
def test_worktree_and_submodule(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a": "1"})
    inner = make_repo(tmp_path / "inner", {"i": "1"})
    run_git(repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "sub")
    run_git(repo, "commit", "-q", "-m", "sub")
    run_git(repo, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = capture(tmp_path / "side")
    assert (side.code.root, side.code.branch, side.code.dirty) == (str(tmp_path / "side"), "side", False)
    assert (capture(repo).code.dirty, capture(repo).code.cut) == (False, ())
    (repo / "sub" / "i").write_text("2")
    state = capture(repo)
    assert (state.diff, state.code.dirty, state.code.cut) == (b"", True, ("sub/",))
    run_git(repo / "sub", "checkout", "-q", "i")
    (repo / "sub" / "new").write_text("2")
    assert (capture(repo).code.dirty, capture(repo).code.cut) == (True, ("sub/",))
    assert capture(repo / "sub").code.root == str(repo / "sub")
    commit(repo / "sub", {"i": "3"})
    state = capture(repo)
    assert b"Subproject commit" in state.diff
    assert (state.code.dirty, state.code.cut) == (True, ())
    restore(state, repo, tmp_path / "again")


def test_nothing_is_changed(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a": "1"})
    (repo / "a").write_text("1")
    os.utime(repo / "a", (0, 0))  # as if written anew at another second: git would note that in its index
    before = (repo / ".git" / "index").read_bytes(), sorted(path for path in repo.rglob("*"))
    capture(repo)
    assert before == ((repo / ".git" / "index").read_bytes(), sorted(path for path in repo.rglob("*")))


def test_odd_names(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a": "1"})
    for name in (b"sp ace", b"line\nend", b"bad\xff.py", "ümlaut".encode()):
        (repo / os.fsdecode(name)).write_text("x")
    state = capture(repo)
    assert state.untracked == (Path("sp ace"), Path("ümlaut"))
    assert state.code.cut == ("bad�.py", "line\nend")


def test_never_the_registry_nor_what_is_excluded(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a": "1", ".registry/tracked": "1", "sub/.registry/x": "1"})
    for name in (".registry/new", "sub/.registry/new", "out/model.pt", "new.py", "__pycache__/a.pyc"):
        (repo / name).parent.mkdir(exist_ok=True, parents=True)
        (repo / name).write_text("2")
    (repo / ".registry" / "tracked").write_text("2")
    (repo / "sub" / ".registry" / "x").write_text("2")
    state = capture(repo, exclude=lambda name: name.startswith("out/"))
    assert state.untracked == (Path("new.py"),)
    assert state.diff == b""
    assert state.code.cut == ()


def test_find_root(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a/b/c": "1"})
    assert find_root(repo) == repo
    assert find_root(repo / "a" / "b") == repo
    assert find_root(tmp_path) is None
