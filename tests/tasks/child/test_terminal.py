"""On a real terminal: what the child sees, who gets the keys, and that the terminal is as before afterwards."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import termios
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tests.tasks.child.runs import CATCHER, driver, read, read_exit, surroundings, wait_for

PROMPT = "READY> "


@pytest.fixture
def terminals() -> Iterator[list[pexpect.spawn]]:
    opened: list[pexpect.spawn] = []
    yield opened
    for terminal in opened:
        terminal.close(force=True)


@pytest.fixture
def shell(terminals: list[pexpect.spawn]) -> pexpect.spawn:
    """An interactive shell, which has job control."""
    words = ["--norc", "--noprofile", "-i"]
    terminal = pexpect.spawn("bash", words, env=surroundings(PS1=PROMPT, TERM="dumb"), timeout=20, echo=False)
    terminals.append(terminal)
    terminal.expect_exact(PROMPT)
    return terminal


def start(terminals: list[pexpect.spawn], command: list[str], **more: Any) -> pexpect.spawn:
    terminals.append(pexpect.spawn(command[0], command[1:], env=surroundings(), timeout=20, **more))
    return terminals[-1]


def finish(terminal: pexpect.spawn) -> bytes:
    """Return what is printed until the end."""
    terminal.expect(pexpect.EOF)
    terminal.wait()
    return bytes(terminal.before)


def ask(shell: pexpect.spawn, line: str) -> str:
    """Return what a command prints."""
    shell.sendline(line)
    shell.expect_exact(PROMPT)
    return shell.before.decode().replace("\r\n", "\n").strip()


LOOK = r"""
import os, sys, termios
names = {os.ttyname(n) for n in range(3)}
print([os.isatty(n) for n in range(3)], len(names), os.get_terminal_size())
print(os.tcgetpgrp(0) == os.getpgrp() == os.getpid())
print(sorted(os.listdir("/proc/self/fd"))[:-1], bool(termios.tcgetattr(1)[1] & termios.OPOST))
"""


@pytest.mark.slow
def test_the_child_has_a_terminal_like_ours(terminals: list[pexpect.spawn]) -> None:
    out = finish(start(terminals, driver(sys.executable, "-c", LOOK), dimensions=(33, 111)))
    first, second, third = out.decode().splitlines()
    assert first == "[True, True, True] 1 os.terminal_size(columns=111, lines=33)"
    assert second == "True"
    assert third == "['0', '1', '2'] True"


@pytest.mark.parametrize(
    "script", [r"printf 'a\nb\r\nc\tend\n\n'; echo d >&2", "seq 3000", "stty -opost; printf 'a\nb\n'"]
)
def test_output_is_what_it_would_be_without_us(terminals: list[pexpect.spawn], tmp_path: Path, script: str) -> None:
    alone = finish(start(terminals, ["sh", "-c", script]))
    console, exit_file = tmp_path / "console", tmp_path / "exit"
    ours = start(terminals, driver("sh", "-c", script, console=str(console), exit=str(exit_file)))
    assert finish(ours) == alone == read(console)
    assert read_exit(tmp_path)["tidy"]


@pytest.mark.parametrize(("script", "code"), [("exit 5", 5), ("kill -TERM $$", 143), ("kill -KILL $$", 137)])
def test_the_end_is_told(terminals: list[pexpect.spawn], tmp_path: Path, script: str, code: int) -> None:
    terminal = start(terminals, driver("sh", "-c", script, exit=str(tmp_path / "exit")))
    finish(terminal)
    assert terminal.exitstatus == code == read_exit(tmp_path)["code"]


def test_what_cannot_start_is_told(terminals: list[pexpect.spawn], tmp_path: Path) -> None:
    (tmp_path / "lost").write_text("#!/no/such/interpreter\n")
    (tmp_path / "lost").chmod(0o755)
    terminal = start(terminals, driver(str(tmp_path / "lost")))
    assert b"names an interpreter that does not exist" in finish(terminal)
    assert terminal.exitstatus == 126


@pytest.mark.slow
def test_keys_reach_the_child_as_typed(terminals: list[pexpect.spawn]) -> None:
    terminal = start(terminals, driver("sh", "-c", "echo ready; read line; echo got $line; cat; echo over"))
    terminal.expect_exact("ready\r\n")
    terminal.send("ab\x7fc\r")  # erase is a matter of the child's line discipline
    terminal.expect_exact("got ac\r\n")
    terminal.send("\x04")
    assert finish(terminal).endswith(b"over\r\n")


@pytest.mark.parametrize("ahead", [b"\x04", b"one\ntwo\x04three\n\x04", b"a line\n" * 300 + b"\x04"])
def test_what_was_typed_before_we_began_is_kept(tmp_path: Path, ahead: bytes) -> None:
    master, slave = os.openpty()
    mode = termios.tcgetattr(slave)
    mode[tty.LFLAG] &= ~termios.ECHO
    termios.tcsetattr(slave, termios.TCSANOW, mode)
    os.write(master, ahead)
    command = driver("cat", exit=str(tmp_path / "exit"), console=str(tmp_path / "console"))
    process = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env=surroundings(), start_new_session=True
    )
    assert process.wait(20) == 0
    assert read(tmp_path / "console") == ahead.replace(b"\x04", b"").replace(b"\n", b"\r\n")
    assert termios.tcgetattr(slave) == mode
    os.close(master)
    os.close(slave)


@pytest.mark.slow
def test_ctrl_c_goes_to_the_child_alone(terminals: list[pexpect.spawn]) -> None:
    terminal = start(terminals, driver(sys.executable, "-c", CATCHER))
    terminal.expect_exact("ready")
    terminal.send("\x03")
    assert b"caught SIGINT True" in finish(terminal)
    assert terminal.exitstatus == 7


@pytest.mark.slow
def test_a_new_size_reaches_the_child(terminals: list[pexpect.spawn]) -> None:
    script = "trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.02; done"
    terminal = start(terminals, driver("sh", "-c", script), dimensions=(24, 80))
    terminal.expect_exact("ready")
    terminal.setwinsize(40, 132)
    assert b"40 132" in finish(terminal)


@pytest.mark.slow
def test_signals_are_passed_on(terminals: list[pexpect.spawn]) -> None:
    terminal = start(terminals, driver(sys.executable, "-c", CATCHER))
    terminal.expect_exact("ready")
    terminal.kill(signal.SIGTERM)
    assert b"caught SIGTERM True" in finish(terminal)
    assert terminal.exitstatus == 7


def test_a_redirected_error_stream_stays_its_own(terminals: list[pexpect.spawn], tmp_path: Path) -> None:
    words = shlex.join(driver("sh", "-c", "[ -t 0 ] && [ -t 1 ] && echo two; [ -t 2 ] || echo no >&2"))
    assert finish(start(terminals, ["sh", "-c", f"{words} 2> {tmp_path}/err"])) == b"two\r\n"
    assert read(tmp_path / "err") == b"no\n"


def test_input_from_a_pipe_and_output_to_the_terminal(terminals: list[pexpect.spawn]) -> None:
    words = shlex.join(driver("sh", "-c", "cat; [ -t 0 ] || [ ! -t 1 ] || stty size <&1"))
    out = finish(start(terminals, ["sh", "-c", f"echo given | {words}"], dimensions=(30, 90)))
    assert out == b"given\r\n30 90\r\n"


def test_errors_to_the_terminal_and_output_to_a_file(terminals: list[pexpect.spawn], tmp_path: Path) -> None:
    words = shlex.join(driver("sh", "-c", "[ -t 2 ] && echo bar >&2; [ -t 1 ] || echo out"))
    assert finish(start(terminals, ["sh", "-c", f"{words} > {tmp_path}/out"])) == b"bar\r\n"
    assert read(tmp_path / "out") == b"out\n"


def test_the_hang_up_of_our_terminal_reaches_the_child(terminals: list[pexpect.spawn], tmp_path: Path) -> None:
    script = f"trap 'echo bye > {tmp_path}/bye; exit' HUP; echo ready; while :; do sleep 0.02; done"
    terminal = start(terminals, driver("sh", "-c", script, exit=str(tmp_path / "exit")))
    terminal.expect_exact("ready")
    terminal.ptyproc.fileobj.close()
    terminal.ptyproc.closed = terminal.closed = True
    terminal.ptyproc.wait()
    assert read(tmp_path / "bye") == b"bye\n"


@pytest.mark.slow
def test_those_left_behind_live_on(terminals: list[pexpect.spawn], tmp_path: Path) -> None:
    wait = f"until [ -e {tmp_path}/go ]; do sleep 0.02; done; echo alive > {tmp_path}/said"
    terminal = start(terminals, driver("sh", "-c", f"({wait}) & echo over", patience=0.1))
    assert finish(terminal) == b"over\r\n"
    (tmp_path / "go").touch()
    wait_for(lambda: read(tmp_path / "said") == b"alive\n")


@pytest.mark.slow
def test_the_terminal_is_as_before(shell: pexpect.spawn, tmp_path: Path) -> None:
    before = ask(shell, "stty -a")
    mode = f"cd {tmp_path}; " + shlex.join(driver("sh", "-c", "stty raw -echo; kill -KILL $$"))
    ask(shell, mode)
    assert ask(shell, "echo $?") == "137"
    assert ask(shell, "stty -a") == before


@pytest.mark.slow
def test_ctrl_z_stops_us_and_fg_continues_the_child(shell: pexpect.spawn) -> None:
    before = ask(shell, "stty -a")
    shell.sendline(shlex.join(driver("sh", "-c", "echo begun; read line; echo got $line")))
    shell.expect_exact("begun")
    shell.send("\x1a")
    shell.expect_exact("Stopped")
    shell.expect_exact(PROMPT)
    assert ask(shell, "stty -a") == before
    assert "Stopped" in ask(shell, "jobs")
    shell.sendline("fg")
    shell.expect_exact("driver")
    shell.expect_exact("\n")
    shell.send("more\r")
    shell.expect_exact("got more")
    shell.expect_exact(PROMPT)
    assert ask(shell, "stty -a") == before


@pytest.mark.slow
def test_ctrl_z_then_bg_lets_the_child_go_on(shell: pexpect.spawn, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "gate")
    script = f"echo begun; read line < {tmp_path}/gate; echo got $line"
    shell.sendline(shlex.join(driver("sh", "-c", script)))
    shell.expect_exact("begun")
    shell.send("\x1a")
    shell.expect_exact("Stopped")
    shell.expect_exact(PROMPT)
    ask(shell, "bg")
    shell.sendline(f"echo more > {tmp_path}/gate; wait")
    shell.expect_exact("got more")
    shell.expect_exact(PROMPT)


@pytest.mark.slow
def test_ctrl_z_in_a_pipeline_stops_all_of_it(shell: pexpect.spawn) -> None:
    shell.sendline(shlex.join(driver("sh", "-c", "echo begun; sleep 0.3; echo over")) + " | cat")
    shell.expect_exact("begun")
    shell.send("\x1a")
    shell.expect_exact("Stopped")
    shell.expect_exact(PROMPT)
    shell.sendline("fg")
    shell.expect_exact("over")
    shell.expect_exact(PROMPT)


@pytest.mark.slow
def test_without_a_shell_ctrl_z_means_nothing(terminals: list[pexpect.spawn]) -> None:
    terminal = start(terminals, driver("sh", "-c", "echo begun; read line; echo got $line"))
    terminal.expect_exact("begun\r\n")
    terminal.send("\x1a")
    terminal.send("more\r")
    terminal.expect_exact("got")
    finish(terminal)
    assert terminal.exitstatus == 0


@pytest.mark.slow
def test_a_child_in_a_pipeline_can_read_the_terminal(shell: pexpect.spawn) -> None:
    before = ask(shell, "stty -a")
    shell.sendline(shlex.join(driver("sh", "-c", "echo begun; read line; echo got $line; sleep 60")) + " | cat")
    shell.expect_exact("begun")
    shell.sendline("typed")
    shell.expect_exact("got typed")
    shell.send("\x03")
    shell.expect_exact(PROMPT)
    assert ask(shell, "echo ${PIPESTATUS[@]}") == "130 0"
    assert ask(shell, "stty -a") == before


@pytest.mark.slow
def test_in_the_background_the_child_prints_and_waits_for_the_terminal(shell: pexpect.spawn) -> None:
    shell.sendline(shlex.join(driver("sh", "-c", "echo begun; read line; echo got $line")) + " &")
    shell.expect_exact("begun")
    shell.sendline("jobs")
    for _ in range(1000):
        if shell.expect_exact(["Stopped", PROMPT]) == 0:
            break
        shell.sendline("jobs")
    shell.sendline("fg")
    shell.expect_exact("driver")
    shell.sendline("typed")
    shell.expect_exact("got typed")
    shell.expect_exact(PROMPT)


def test_killing_us_hangs_up_the_child(terminals: list[pexpect.spawn], tmp_path: Path) -> None:
    script = f"trap 'echo bye > {tmp_path}/bye; exit' HUP; echo ready; while :; do sleep 0.02; done"
    terminal = start(terminals, driver("sh", "-c", script))
    terminal.expect_exact("ready")
    terminal.kill(signal.SIGKILL)
    wait_for(lambda: read(tmp_path / "bye") == b"bye\n")
