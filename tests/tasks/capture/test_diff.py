from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.tasks.capture.diff import find_secret, iter_sections, leave_out
from registry_cli.tasks.capture.git import CodeState, capture_code
from registry_cli.tasks.capture.untracked import Limits
from tests.secrets.planted import PLANTED
from tests.tasks.capture.repos import GIT, make_repo, run_git

TOKEN = PLANTED["github"]


def capture(folder: Path, **limits: int) -> CodeState:
    state = capture_code(folder, lambda _: False, Limits(**limits), environ=GIT)
    assert state
    return state


def test_a_diff_is_taken_apart_by_files() -> None:
    spaced = b"diff --git a/a b.py b/a b.py\n--- a/a b.py\n+++ b/a b.py\n@@ -1 +1 @@\n-diff --git a/x b/x\n+b\n"
    quoted = b'diff --git "a/t\\tab\\"\\303\\251" "b/t\\tab\\"\\303\\251"\nnew file mode 100644\n'
    sections = list(iter_sections(spaced + quoted))
    assert [(one.path, one.text) for one in sections] == [("a b.py", spaced), ('t\tab"é', quoted)]
    assert leave_out(spaced + quoted, {"a b.py": ""}) == quoted
    assert list(iter_sections(b"")) == []


NAMES = st.text(st.characters(blacklist_characters="/\0", blacklist_categories=["Cs"]), min_size=1)


@given(st.lists(NAMES, min_size=1).map("/".join))
def test_names_are_read_as_git_writes_them(path: str) -> None:
    raw, odd = path.encode(), {*range(0x20), 0x7F, *b'"\\'}
    header = b"diff --git a/" + raw + b" b/" + raw + b"\n"
    if odd & set(raw):
        escaped = b"".join(b"\\%03o" % byte if byte in odd else bytes([byte]) for byte in raw)
        header = b'diff --git "a/' + escaped + b'" "b/' + escaped + b'"\n'
    assert [section.path for section in iter_sections(header)] == [path]


@pytest.mark.parametrize("name", [".env", "keys/id_rsa", "sub/server.pem", "töken.env", "new\ttab.env", 'q".env'])
def test_a_tracked_file_of_secrets_is_left_out(tmp_path: Path, name: str) -> None:
    repo = make_repo(tmp_path / "repo", {"a.py": "1\n", ".env": "A=1\n"})
    (repo / "a.py").write_text("2\n")
    (repo / name).parent.mkdir(exist_ok=True)
    (repo / name).write_text("PLAIN=hunter\n")
    run_git(repo, "add", "-A")
    state = capture(repo)
    assert b"hunter" not in state.diff
    assert [section.path for section in iter_sections(state.diff)] == ["a.py"]
    assert state.code.cut == (name,)
    assert state.secrets == {name: "its name"}
    assert state.code.dirty


@pytest.mark.parametrize("change", ["added", "removed", "beside", "moved"])
def test_a_token_in_a_tracked_file(tmp_path: Path, change: str) -> None:
    before = "1\n" if change == "added" else f"1\n{TOKEN}\n"
    repo = make_repo(tmp_path / "repo", {"a.py": before, "b.py": "1\n"})
    (repo / "b.py").write_text("2\n")
    if change == "moved":
        (repo / "a.py").rename(repo / "c.py")
        run_git(repo, "add", "-A")
    else:
        after = {"added": f"1\n{TOKEN}\n", "removed": "1\n", "beside": f"2\n{TOKEN}\n"}[change]
        (repo / "a.py").write_text(after)
    state = capture(repo)
    assert TOKEN.encode() not in state.diff
    assert [section.path for section in iter_sections(state.diff)] == ["b.py"]
    assert set(state.secrets.values()) == {"a GitHub token"}
    assert state.code.cut == (("a.py", "c.py") if change == "moved" else ("a.py",))


def test_a_token_in_a_binary_file(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a.py": "1\n"})
    (repo / "plain.bin").write_bytes(bytes(range(256)) * 9)
    (repo / "notes.bin").write_bytes(bytes(range(256)) * 9)
    run_git(repo, "add", "-A")
    run_git(repo, "commit", "-q", "-m", "binary")
    (repo / "plain.bin").write_bytes(bytes(range(256)) * 8)
    (repo / "notes.bin").write_bytes(bytes(range(256)) * 9 + TOKEN.encode() + os.urandom(999))
    state = capture(repo)
    assert [section.path for section in iter_sections(state.diff)] == ["plain.bin"]
    assert state.secrets == {"notes.bin": "a GitHub token"}


def test_a_binary_file_that_is_too_large_to_look_into(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a.py": "1\n"})
    (repo / "zeros.bin").write_bytes(bytes(1 << 20))
    run_git(repo, "add", "-A")
    state = capture(repo, diff=1 << 14)
    assert (state.diff, state.secrets) == (b"", {"zeros.bin": "too large to look into"})
    assert state.code.cut == ("zeros.bin",)


def test_before_the_first_commit(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo")
    (repo / "a.py").write_text("1\n")
    (repo / "b.py").write_text(TOKEN)
    run_git(repo, "add", "-A")
    state = capture(repo)
    assert [section.path for section in iter_sections(state.diff)] == ["a.py"]
    assert state.secrets == {"b.py": "a GitHub token"}


def test_the_rules_of_a_section() -> None:
    [code] = iter_sections(b"diff --git a/a.py b/a.py\n+1\n")
    assert find_secret(code) is None
