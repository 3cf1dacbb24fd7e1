from __future__ import annotations

import os
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from registry_cli.tasks.watch.outputs import OutputWatch
from tests.builders import write

NAMES = ["a.pt", "b.pt", "sub/c.pt"]


def watch(folder: Path, *patterns: str, **options: object) -> OutputWatch:
    options = {"timer": lambda: 0.0, **options}
    return OutputWatch(patterns or ("out/**/*.pt",), folder, **options)  # type: ignore[arg-type]


def test_a_file_is_told_once_it_is_quiet(tmp_path: Path) -> None:
    outputs = watch(tmp_path)
    path = write(tmp_path / "out" / "a.pt", b"1")
    assert outputs.poll(10.0) == []
    write(path, b"12")
    assert outputs.poll(11.9) == []
    assert outputs.poll(12.5) == []
    assert outputs.poll(13.9) == [path]
    assert outputs.poll(20.0) == outputs.rest() == []


def test_a_file_written_again_is_told_again(tmp_path: Path) -> None:
    outputs = watch(tmp_path, settle=0.0)
    path = write(tmp_path / "out" / "a.pt", b"1")
    assert outputs.poll(0.0) == [path]
    write(path, b"12")
    assert outputs.rest() == [path]
    path.unlink()
    assert outputs.rest() == []
    write(path, b"123")
    assert outputs.poll(1.0) == [path]


def test_what_was_there_before_is_no_output_until_it_changes(tmp_path: Path) -> None:
    path = write(tmp_path / "out" / "a.pt", b"1")
    os.utime(path, ns=(1, 1))
    outputs = watch(tmp_path)
    assert outputs.rest() == []
    assert outputs.missed() == ["out/**/*.pt"]
    replacement = write(tmp_path / "out" / "x", b"2")
    os.utime(replacement, ns=(1, 1))
    replacement.rename(path)
    assert outputs.rest() == [path]
    assert outputs.missed() == []


def test_a_file_that_goes_before_it_is_quiet_is_not_told(tmp_path: Path) -> None:
    outputs = watch(tmp_path)
    path = write(tmp_path / "out" / "a.pt", b"1")
    outputs.poll(0.0)
    path.unlink()
    assert outputs.poll(5.0) == outputs.rest() == []


def test_a_folder_is_one_output_that_is_quiet_when_all_in_it_is(tmp_path: Path) -> None:
    outputs = watch(tmp_path, "out/*", "keep/")
    write(tmp_path / "out" / "step-1" / "model.bin", b"1")
    outputs.poll(0.0)
    write(tmp_path / "out" / "step-1" / "config.json", b"{}")
    assert outputs.poll(2.0) == []
    assert outputs.poll(4.0) == [tmp_path / "out" / "step-1"]
    (tmp_path / "out" / "empty").mkdir()
    write(tmp_path / "keep" / "a", b"1")
    write(tmp_path / "out" / "step-1" / "config.json", b"[1]")
    assert outputs.rest() == [tmp_path / "keep", tmp_path / "out" / "step-1"]


def test_two_patterns_name_one_file_once(tmp_path: Path) -> None:
    outputs = watch(tmp_path, "*.pt", "best*", "none/*")
    path = write(tmp_path / "best.pt", b"1")
    assert outputs.rest() == [path]
    assert outputs.missed() == ["none/*"]


def test_unfinished_files_and_the_registry_are_no_outputs(tmp_path: Path) -> None:
    outputs = watch(tmp_path, "**", ".tmp.*", ignore=[tmp_path / "store"])
    for name in ("a.pt.tmp", "a.part", "a~", ".b", ".git/x", "store/blob"):
        write(tmp_path / name, b"1")
    kept = write(tmp_path / ".tmp.a", b"1")
    assert outputs.rest() == [kept]


def test_outputs_come_in_the_order_they_were_written(tmp_path: Path) -> None:
    outputs = watch(tmp_path, "*.pt")
    for at, name in enumerate(["b", "c", "a"]):
        os.utime(write(tmp_path / f"{name}.pt", b"1"), (at, at))
    assert [path.stem for path in outputs.rest()] == ["b", "c", "a"]


def test_looks_that_take_long_are_rare(tmp_path: Path) -> None:
    times = iter([0.0, 0.2, 1.0, 1.0])
    outputs = watch(tmp_path, settle=0.0, timer=lambda: next(times))
    assert outputs.poll(5.0) == []
    path = write(tmp_path / "out" / "a.pt", b"1")
    assert outputs.poll(14.0) == []
    assert outputs.poll(15.5) == [path]


class Outputs(RuleBasedStateMachine):
    """Random writes and removals against a model: every state of a file that lasted is told, none twice."""

    @initialize(before=st.sets(st.sampled_from(NAMES)))
    def start(self, before: set[str]) -> None:
        self.folder = Path.cwd() / f"m{len(os.listdir())}"
        self.folder.mkdir()
        self.written = 0
        self.now: dict[str, int] = {}
        self.told: dict[str, int] = {}
        self.since: dict[str, float] = {}
        for name in before:
            self.put(name)
        self.told = dict(self.now)
        self.watch = watch(self.folder)
        self.clock = 0.0
        self.seen: dict[str, int] = {}

    def put(self, name: str) -> None:
        self.written += 1
        path = write(self.folder / "out" / name, b"x" * self.written)
        os.utime(path, ns=(self.written, self.written))
        self.now[name] = self.written

    @rule(name=st.sampled_from(NAMES))
    def write(self, name: str) -> None:
        self.put(name)

    @rule(name=st.sampled_from(NAMES))
    def remove(self, name: str) -> None:
        if self.now.pop(name, None):
            (self.folder / "out" / name).unlink()

    @rule(passed=st.floats(0, 3))
    def poll(self, passed: float) -> None:
        self.clock += passed
        expected = set()
        for name, state in self.now.items():
            if self.told.get(name) == state:
                continue
            if self.seen.get(name) != state:
                self.seen[name], self.since[name] = state, self.clock
            if self.clock - self.since[name] >= 2.0:
                expected.add(name)
        self.seen = {name: state for name, state in self.seen.items() if name in self.now}
        self.check(self.watch.poll(self.clock), expected)

    @rule()
    def end(self) -> None:
        self.seen.clear()
        self.check(self.watch.rest(), {name for name, state in self.now.items() if self.told.get(name) != state})

    def check(self, found: list[Path], expected: set[str]) -> None:
        assert [path.relative_to(self.folder / "out").as_posix() for path in found] == sorted(
            expected, key=lambda name: self.now[name]
        )
        for name in expected:
            self.told[name] = self.now[name]


TestOutputs = Outputs.TestCase
