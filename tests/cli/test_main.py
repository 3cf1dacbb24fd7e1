"""The edges that all commands share: exit codes, errors and output."""

from __future__ import annotations

import errno
import json
import os
import shlex
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from registry_cli._version import __version__
from registry_cli.errors import INTERRUPTED
from tests.cli.conftest import HERE, Reg

REG = [sys.executable, "-m", "registry_cli"]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(HERE), **more}


def test_the_version(reg: Reg) -> None:
    assert reg("--version").out == reg("-V").out == reg("--registry", "x", "--version").out == f"reg {__version__}\n"


def test_an_error_is_two_lines_on_stderr(reg: Reg) -> None:
    result = reg("modle", code=2)
    assert result.out == ""
    assert result.err == "error: no command `reg modle`\nhint: reg model\n"


def test_a_hint_runs_in_the_registry_that_was_named(reg: Reg, tmp_path: Path) -> None:
    place = tmp_path / "my models"
    reg("init", place)
    for words in (("--registry", place, "model", "show", "a/b"), ("model", "show", f"--registry={place}", "a/b")):
        hint = reg(*words, code=11).err.splitlines()[1]
        assert hint == f"hint: reg --registry '{place}' model list"
        assert reg(*shlex.split(hint)[2:]).lines == []
    assert reg("--registry", place, "help", "nothing", code=11).err.splitlines()[1] == "hint: reg help"
    assert reg("--registry", place, "model", "show", code=2).err.splitlines()[1] == "hint: reg model show --help"


def test_an_error_in_json_mode_is_an_object_on_stderr(reg: Reg) -> None:
    result = reg("help", "nothing", "--json", code=2)
    assert result.out == ""
    assert set(json.loads(result.err)["error"]) == {"kind", "message", "hint"}
    assert json.loads(result.err)["error"]["kind"] == "usage"


def test_a_word_after_two_dashes_is_no_option(reg: Reg) -> None:
    assert reg("help", "--", "--json", code=11).err.startswith("error: no topic or command `--json`\n")


def test_control_characters_in_errors_are_shown_not_obeyed(reg: Reg) -> None:
    assert "\\x1b[31m" in reg("\x1b[31mred", code=2).err


@pytest.mark.parametrize("colour", ["NO_COLOR", "FORCE_COLOR"])
def test_colour_follows_the_environment(reg: Reg, monkeypatch: pytest.MonkeyPatch, colour: str) -> None:
    monkeypatch.setenv(colour, "1")
    assert ("\x1b[" in reg("modle", code=2).err) == (colour == "FORCE_COLOR")


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (KeyboardInterrupt(), INTERRUPTED, ""),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 0, ""),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "error: no space left on device; nothing was"),
        (OSError(errno.EACCES, "Permission denied", "/x/y"), 1, "error: permission denied: /x/y; reading may"),
        (
            OSError(errno.EROFS, "Read-only file system", b"/x\xff"),
            1,
            "error: read-only file system: /x\\xff; reading",
        ),
        (OSError(errno.EXDEV, "Cross-device link", "/a", None, "/b"), 1, "error: cross-device link: /a -> /b\n"),
    ],
)
def test_errors_of_the_system_have_no_traceback(reg: Reg, error: BaseException, code: int, says: str) -> None:
    result = reg("help", code=code, refuses=error)
    assert result.err.startswith(says)
    assert bool(result.err) == bool(says)


def test_a_bug_keeps_its_traceback(reg: Reg) -> None:
    with pytest.raises(ZeroDivisionError):
        reg("help", refuses=ZeroDivisionError())


def test_a_reader_that_closes_the_pipe_is_no_failure() -> None:
    with subprocess.Popen([*REG, "--help"], stdout=-1, stderr=-1, env=environment()) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == (b"", 0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("words", [["--help"], ["--version"], ["help", "help"]])
def test_a_full_disk_behind_stdout_is_reported_once(words: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        result = subprocess.run([*REG, *words], stdout=full, stderr=-1, env=environment(), text=True)
    assert result.returncode == 1
    assert "error: no space left on device; nothing was half-written: make room" in result.stderr
    assert "Exception" not in result.stderr


def test_names_that_the_locale_cannot_show_are_escaped() -> None:
    env = environment(PYTHONIOENCODING="ascii")
    result = subprocess.run([*REG, "zoë"], capture_output=True, env=env)
    assert result.returncode == 2
    assert b"zo\\xeb" in result.stderr


def test_sigterm_unwinds_the_stack_and_is_put_back() -> None:
    from registry_cli.cli.signals import unwound_by_signals

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as end, unwound_by_signals():
        signal.raise_signal(signal.SIGTERM)
    assert end.value.code == 143
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_closed_output_is_quiet(tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", 'exec "$0" -m registry_cli init "$1" >&-', sys.executable, str(tmp_path)],
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_an_index_without_its_tables_is_rebuilt(reg: Reg, tmp_path: Path) -> None:
    reg("init")
    reg("model", "list")
    with closing(sqlite3.connect(tmp_path / ".registry/cache/index.sqlite")) as db:
        db.execute("DROP TABLE versions")
    assert reg("fsck", code=14).out
    assert reg("model", "query").out == ""
    reg("fsck")


@pytest.mark.sweep(4)
@pytest.mark.parametrize(
    "words",
    [
        "model add iris/tuned in/3.safetensors", "model tag iris/softmax:1 --add baseline", "gc", "trash empty",
        "model restore iris/softmax:2", "model alias iris/softmax:1 best", "model prune --keep 'last 9'",
        "model edit iris/softmax:1 --set metadata.owner=risk",
    ],
)  # fmt: skip
def test_a_reason_that_no_entry_holds_is_said(iris: Reg, words: str) -> None:
    before = len(iris("events", "-q").lines)
    warning = "warning: nothing was written to the log, so the reason given with -m is not stored\n"
    assert iris(*shlex.split(words), "-m", "why").err.endswith(warning)
    assert warning not in iris(*shlex.split(words)).err
    assert len(iris("events", "-q").lines) == before
    assert "warning" not in iris("model", "tag", "iris/tuned:1", "--add", "new", "-m", "why").err
    assert "warning" not in iris("model", "remove", "iris/none:1", "-m", "why", code=11).err
