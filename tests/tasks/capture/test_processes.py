import os
import time
from pathlib import Path

from registry_cli.tasks.capture.processes import Answer, Command, ask


def run(*commands: Command, seconds: float = 20) -> list[Answer]:
    return ask(commands, cwd=Path("/"), environ={"PATH": os.environ["PATH"], "A": "1"}, seconds=seconds)


def sh(text: str, limit: int = 1 << 20) -> Command:
    return Command(("sh", "-c", text), limit)


def test_answers_come_in_order() -> None:
    first, second = run(sh("echo $A; echo no >&2; exit 3"), sh("cat; echo two"))
    assert first == Answer("done", 3, b"1\n", "no\n")
    assert second == Answer("done", 0, b"two\n")
    assert second.good
    assert not first.good


def test_a_program_that_is_missing() -> None:
    missing, there = run(Command(("no-such-program",)), sh("echo x"))
    assert missing.outcome == "missing"
    assert there.good


def test_one_that_hangs_is_killed_with_its_children() -> None:
    started = time.monotonic()
    slow, quick = run(sh("sleep 60 & echo $!; wait"), sh("echo x"), seconds=0.3)
    assert slow.outcome == "late"
    assert slow.out == b""
    assert quick.out == b"x\n"
    assert time.monotonic() - started < 10


def test_one_that_closes_its_output_and_stays_is_killed() -> None:
    [answer] = run(sh("exec >&- 2>&-; sleep 60"), seconds=0.3)
    assert answer.outcome == "late"


def test_one_that_says_too_much_is_killed() -> None:
    large, exact = run(sh("yes", limit=100_000), sh("printf abc", limit=3))
    assert large.outcome == "large"
    assert large.out == b""
    assert exact.out == b"abc"


def test_much_output_on_both_pipes_does_not_block() -> None:
    [answer] = run(sh("head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero"))
    assert len(answer.out) == 300_000
    assert 0 < len(answer.error) < 20_000


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    [answer] = ask([sh("echo")], cwd=tmp_path / "gone", environ={"PATH": os.environ["PATH"]}, seconds=5)
    assert answer.outcome == "missing"
