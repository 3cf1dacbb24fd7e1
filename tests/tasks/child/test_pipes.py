"""Without a terminal: pipes, signals, and what must not disturb the child."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.tasks.child.runs import CATCHER, driver, read, read_exit, run, surroundings, wait_for

CLEAN = {
    "console_error": None, "tick_error": None, "output_error": None, "mid_line": False, "left_behind": False,
    "tidy": True,
}  # fmt: skip


def test_both_streams_come_out_unchanged(tmp_path: Path) -> None:
    done = run(tmp_path, "sh", "-c", r"printf 'a\r\n\000\377'; printf 'b\n' >&2; exit 3")
    assert (done.code, done.out, done.err) == (3, b"a\r\n\0\xff", b"b\n")
    assert done.exit == {"exit_code": 3, "signal": None, "code": 3, **CLEAN}
    assert sorted(done.console) == sorted(done.out + done.err)


@pytest.mark.parametrize(
    ("script", "mid_line"), [("printf a >&2", True), ("printf a; echo b >&2", False), (":", False)]
)
def test_a_last_line_that_did_not_end_is_known(tmp_path: Path, script: str, mid_line: bool) -> None:
    assert run(tmp_path, "sh", "-c", script).exit["mid_line"] is mid_line


def test_much_output(tmp_path: Path) -> None:
    done = run(tmp_path, "sh", "-c", "head -c 3000000 /dev/zero; seq 100000 >&2")
    assert done.out == bytes(3_000_000)
    assert done.err == "".join(f"{number}\n" for number in range(1, 100001)).encode()
    assert len(done.console) == len(done.out) + len(done.err)


def test_a_signal_is_told(tmp_path: Path) -> None:
    done = run(tmp_path, "sh", "-c", "kill -KILL $$")
    assert (done.code, done.exit["exit_code"], done.exit["signal"]) == (137, None, "SIGKILL")
    done = run(tmp_path, "sh", "-c", "kill -36 $$")
    assert (done.code, done.exit["signal"]) == (128 + 36, f"SIGRTMIN+{36 - signal.SIGRTMIN}")


LOOK = r"""
import os, signal, sys
print(sorted(int(n) for n in os.listdir("/proc/self/fd"))[:-1], [os.isatty(n) for n in range(3)])
print(os.getpgrp() == os.getpid(), os.getcwd(), sorted(os.environ))
print(*(line.split()[1] for line in open("/proc/self/status") if line.startswith(("SigBlk", "SigIgn"))))
"""


def test_the_child_gets_nothing_of_ours(tmp_path: Path) -> None:
    script = "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]);"
    wrapped = driver(sys.executable, "-S", "-c", LOOK, env={"PATH": "/bin", "LC_ALL": "C"}, cwd=str(tmp_path))
    script += f"import os; os.execv({sys.executable!r}, {wrapped!r})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=surroundings())
    first, second, third = done.stdout.splitlines()
    assert first == "[0, 1, 2] [False, False, False]"
    assert second == f"True {tmp_path} ['LC_ALL', 'PATH']"
    blocked, ignored = (int(mask, 16) for mask in third.split())
    assert blocked == 0
    assert ignored & ~(1 << (signal.SIGXFSZ - 1)) == 1 << (signal.SIGPIPE - 1)  # the child is a Python, too


def test_default_answers_to_signals(tmp_path: Path) -> None:
    done = run(tmp_path, "grep", "SigIgn", "/proc/self/status")
    assert done.out.split()[1] == b"0" * 16


def test_one_file_for_both_streams_keeps_their_order() -> None:
    command = driver("sh", "-c", "for n in 1 2 3 4 5 6 7 8; do echo out $n; echo err $n >&2; done")
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=surroundings(), timeout=30
    )
    assert done.stdout.splitlines() == [f"{word} {n}" for n in range(1, 9) for word in ("out", "err")]


def test_input_is_inherited(tmp_path: Path) -> None:
    assert run(tmp_path, "cat", given=b"typed\0").out == b"typed\0"


def test_a_reader_that_leaves_ends_the_child(tmp_path: Path) -> None:
    words = shlex.join(driver("yes", exit=str(tmp_path / "exit")))
    done = subprocess.run(f"{words} | head -n 1", shell=True, capture_output=True, env=surroundings(), timeout=30)
    assert (done.stdout, done.stderr) == (b"y\n", b"")
    assert read_exit(tmp_path)["signal"] == "SIGPIPE"
    assert read_exit(tmp_path)["output_error"] is None


def test_a_child_that_is_silent_learns_of_it_at_its_next_word(tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    wait = 'echo begin; read line; sleep 0.1; echo lost; echo "$?" >&2'
    command = driver("sh", "-c", f"trap '' PIPE; {wait}", exit=str(tmp_path / "exit"))
    process = subprocess.Popen(command, stdin=-1, stdout=write_end, stderr=-1, env=surroundings())
    os.close(write_end)
    assert os.read(read_end, 100) == b"begin\n"
    os.close(read_end)
    _, err = process.communicate(b"go\n", timeout=30)
    assert err.split()[-1] == b"1"


def test_a_full_disk_behind_our_output_does_not_disturb_the_child(tmp_path: Path) -> None:
    with open("/dev/full", "wb") as full:
        script = "for n in 1 2 3; do echo $n; sleep 0.05; done; seq 4 50000; echo heard >&2; exit 6"
        command = driver("sh", "-c", script, exit=str(tmp_path / "exit"), console=str(tmp_path / "console"))
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=surroundings(), timeout=30)
    assert (done.returncode, done.stderr) == (6, b"heard\n")
    said = {**CLEAN, "output_error": "output was lost: no space left on device"}
    assert read_exit(tmp_path) == {"exit_code": 6, "signal": None, "code": 6, **said}
    printed = [line for line in read(tmp_path / "console").splitlines() if line != b"heard"]
    assert printed == [b"%d" % number for number in range(1, 50001)]


def test_a_file_that_may_not_grow_keeps_what_fits(tmp_path: Path) -> None:
    words = shlex.join(driver("seq", "20000", exit=str(tmp_path / "exit"), console=str(tmp_path / "console")))
    subprocess.run(["bash", "-c", f"ulimit -S -f 64; {words} > {tmp_path}/out"], env=surroundings(), timeout=30)
    whole = "".join(f"{number}\n" for number in range(1, 20001)).encode()
    assert read(tmp_path / "out") == whole[: 64 * 1024]
    assert read_exit(tmp_path)["output_error"] == "output was lost: file too large"


@pytest.mark.parametrize("which", ["console", "tick"])
def test_what_fails_beside_the_child_does_not_disturb_it(tmp_path: Path, which: str) -> None:
    done = run(tmp_path, "sh", "-c", "echo one; sleep 0.1; echo two", fail=which, interval=0.02)
    assert (done.code, done.out) == (0, b"one\ntwo\n")
    said = {"console": ("console_error", "[Errno 28] No space left on device"), "tick": ("tick_error", "a bad tick")}
    name, text = said[which]
    assert done.exit == {"exit_code": 0, "signal": None, "code": 0, **CLEAN, name: text}


def test_ticks_go_on_while_nobody_reads(tmp_path: Path) -> None:
    ticks = tmp_path / "ticks"
    command = driver("head", "-c", "300000", "/dev/zero", ticks=str(ticks), interval=0.02)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=surroundings())
    wait_for(lambda: len(read(ticks)) >= 5)
    out, _ = process.communicate(timeout=30)
    assert out == bytes(300_000)


def test_a_blocked_sigchld_does_not_hang_us(tmp_path: Path) -> None:
    """Masks are inherited, and some launchers block it."""
    block = "import os, signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD]); "
    command = driver("echo", "over", exit=str(tmp_path / "exit"), interval=0.05)
    words = [sys.executable, "-c", block + "os.execv(sys.argv[1], sys.argv[1:])", *command]
    done = subprocess.run(words, stdout=subprocess.PIPE, env=surroundings(), timeout=30)
    assert (done.stdout, read_exit(tmp_path)["code"]) == (b"over\n", 0)


@pytest.mark.slow
def test_those_left_behind_do_not_hang_us(tmp_path: Path) -> None:
    started = time.monotonic()
    done = run(tmp_path, "sh", "-c", "(echo later; exec sleep 60) & echo $!; sleep 0.1", patience=0.2)
    pid = int(done.out.split()[0] if done.out.split()[0] != b"later" else done.out.split()[1])
    try:
        assert time.monotonic() - started < 20
        assert b"later" in done.out
        assert (done.code, done.exit["tidy"], done.exit["left_behind"]) == (0, True, True)
    finally:
        os.kill(pid, signal.SIGTERM)


@pytest.mark.slow
def test_those_who_print_without_end_do_not_either(tmp_path: Path) -> None:
    done = run(tmp_path, "sh", "-c", "(while :; do echo on; done) & sleep 0.1; echo $! >&2", patience=0.1)
    assert done.code == 0
    with pytest.raises(ProcessLookupError):
        wait_for(lambda: os.kill(int(done.err), 0) is not None)


@pytest.mark.slow
def test_a_slow_reader_gets_everything_after_the_end(tmp_path: Path) -> None:
    command = driver("sh", "-c", "head -c 120000 /dev/zero; sleep 60 & echo $! >&2", patience=0)
    process = subprocess.Popen(command, stdout=-1, stderr=-1, env=surroundings())
    assert process.stdout
    assert process.stderr
    first = process.stdout.read(1)
    pid = int(process.stderr.readline())
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.2)
        assert first + process.stdout.read() == bytes(120_000)
        assert process.wait(20) == 0
    finally:
        os.kill(pid, signal.SIGTERM)
        process.stdout.close()
        process.stderr.close()


@pytest.mark.sweep(5)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1])
def test_signals_reach_the_whole_group(tmp_path: Path, number: signal.Signals) -> None:
    command = driver(sys.executable, "-c", CATCHER, exit=str(tmp_path / "exit"))
    process = subprocess.Popen(command, stdout=-1, env=surroundings())
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(number)
    out, _ = process.communicate(timeout=30)
    assert (process.returncode, out) == (7, f"caught {number.name} True\n".encode())
    assert read_exit(tmp_path)["tidy"]


def test_a_second_signal_is_passed_on_too() -> None:
    script = "n=0; trap 'n=$((n+1)); echo $n' INT; echo 0; while [ $n -lt 2 ]; do sleep 0.02; done; exit 0"
    process = subprocess.Popen(driver("sh", "-c", script), stdout=-1, env=surroundings())
    assert process.stdout
    with process.stdout as out:
        for count in range(2):
            assert out.readline() == b"%d\n" % count
            process.send_signal(signal.SIGINT)
        assert out.readline() == b"2\n"
    assert process.wait(20) == 0


def test_signals_that_were_passed_on_are_told(tmp_path: Path) -> None:
    told = tmp_path / "signals"
    command = driver(sys.executable, "-c", CATCHER, signals=str(told), exit=str(tmp_path / "exit"), interval=60)
    process = subprocess.Popen(command, stdin=-1, stdout=-1, env=surroundings())
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGCONT)
    wait_for(lambda: read(told) == b"SIGCONT\n")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert read(told) == b"SIGCONT\nSIGTERM\n"


def test_what_was_ignored_stays_ignored() -> None:
    command = ["nohup", *driver("sh", "-c", "echo ready; read line; echo alive")]
    process = subprocess.Popen(command, stdin=-1, stdout=-1, env=surroundings())
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGHUP)
    assert process.communicate(b"go\n", timeout=30)[0] == b"alive\n"
    assert process.returncode == 0


def test_a_stopped_child_can_be_continued(tmp_path: Path) -> None:
    """By whoever stopped it; nobody could continue us, for no shell watches us."""
    command = driver("sh", "-c", "echo ready; read line; echo $line", pid=str(tmp_path / "pid"))
    process = subprocess.Popen(command, stdin=-1, stdout=-1, env=surroundings(), start_new_session=True)
    assert process.stdin
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    pid = int(read(tmp_path / "pid"))
    os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: state(pid) == "T")
    process.send_signal(signal.SIGCONT)
    wait_for(lambda: state(pid) != "T")
    assert process.communicate(b"on\n", timeout=30)[0] == b"on\n"


def test_closed_descriptors() -> None:
    words = shlex.join(driver("sh", "-c", "echo out; echo err >&2"))
    done = subprocess.run(f"{words} <&- >&-", shell=True, stderr=-1, stdout=-1, env=surroundings(), timeout=30)
    assert (done.stdout, done.stderr.splitlines()[-1:]) == (b"", [b"err"])


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
