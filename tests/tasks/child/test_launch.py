"""What cannot be started, and how that is said."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_cli.errors import NotExecutableError
from registry_cli.tasks.child.launch import get_command
from tests.forks import end, fork
from tests.tasks.child.runs import run


def script(path: Path, text: str, mode: int = 0o755) -> None:
    path.write_text(text)
    path.chmod(mode)


def test_not_found(tmp_path: Path) -> None:
    done = run(tmp_path, "no-such-command")
    assert (done.code, done.err) == (127, b"command not found: no-such-command; give its path, or check PATH None\n")
    assert run(tmp_path, "./no-such-file").code == 127
    assert run(tmp_path, "").code == 127


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("./plain", "./plain is not executable chmod +x ./plain"),
        ("./folder", "./folder is a folder None"),
        ("./lost", "the first line of ./lost names an interpreter that does not exist: #!/no/such/interpreter None"),
        ("./binary", "cannot execute ./binary: exec format error None"),
    ],
)
def test_not_executable(tmp_path: Path, name: str, said: str) -> None:
    script(tmp_path / "plain", "echo hello", 0o644)
    script(tmp_path / "lost", "#!/no/such/interpreter\n")
    script(tmp_path / "binary", "\0\1\2")
    (tmp_path / "folder").mkdir()
    done = run(tmp_path, name)
    assert (done.code, done.err.decode()) == (126, said + "\n")


def test_no_folder_to_run_in(tmp_path: Path) -> None:
    done = run(tmp_path, "true", cwd=str(tmp_path / "gone"))
    assert (done.code, done.err) == (
        125,
        f"cannot enter the folder {tmp_path}/gone: run from a folder that exists None\n".encode(),
    )


@pytest.mark.slow
def test_the_path_is_the_childs(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    script(tmp_path / "bin" / "tool", "#!/bin/sh\necho $0 $1\n")
    script(tmp_path / "tool", "#!/bin/sh\necho here\n")
    path = f"{tmp_path}/bin:/bin"
    assert run(tmp_path, "tool", "x", env={"PATH": path}).out == f"{tmp_path}/bin/tool x\n".encode()
    assert run(tmp_path, "tool", env={"PATH": f":{path}"}).out == b"here\n"
    assert run(tmp_path, "bin/tool", "y", env={}).out == b"bin/tool y\n"
    script(tmp_path / "bin" / "tool", "", 0o644)
    assert run(tmp_path, "tool", env={"PATH": path}).code == 126


@pytest.fixture
def locked() -> Iterator[Path]:
    """A folder that its user may not enter."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0)
    yield folder
    folder.chmod(0o700)
    shutil.rmtree(folder)


def as_plain_user(work: object) -> int:
    """Do `work` as somebody whom permissions hold back; return how that ended."""

    def do() -> None:
        if os.geteuid() == 0:
            os.setresuid(65534, 65534, 65534)
        assert callable(work)
        work()

    return end(fork(do))


def test_a_place_of_the_path_that_cannot_be_looked_at_is_passed_over(locked: Path) -> None:
    path = f"{locked}:/no/such/folder:/etc/passwd:{'x' * 300}:/usr/bin:/bin"

    def look() -> None:
        found = get_command(["ls"], Path("/"), {"PATH": path})
        assert found.program in {"/usr/bin/ls", "/bin/ls"}

    assert as_plain_user(look) == 0


def test_what_may_lie_in_a_locked_place_is_found_and_not_executable(locked: Path) -> None:
    """`execvp` says EACCES only where nothing else is found, and so do shells for a path with a slash."""

    def look() -> None:
        for name in ("tool", f"{locked}/tool"):
            with pytest.raises(NotExecutableError, match=f"{locked}/tool cannot be looked at: permission denied"):
                get_command([name], Path("/"), {"PATH": f"/no/such/folder:{locked}"})

    assert as_plain_user(look) == 0


def test_a_script_without_a_first_line_is_run_by_the_shell(tmp_path: Path) -> None:
    script(tmp_path / "job", "echo $# $1; exit 4\n")
    done = run(tmp_path, "./job", "a b")
    assert (done.code, done.out) == (4, b"1 a b\n")


def test_no_shell_reads_the_words(tmp_path: Path) -> None:
    assert run(tmp_path, "echo", "$HOME", "*", "a;b").out == b"$HOME * a;b\n"
