"""What hooks tell, from the call to the lines in the attempt's folder."""

from __future__ import annotations

import errno
import gzip
import io
import math
import os
import shutil
import sys
import threading
import time
from array import array
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from weakref import ref

import pytest

from registry_cli import env
from registry_cli.frameworks.patching.shapes import Details, Saved
from registry_cli.ids import ModelName, TaskId
from registry_cli.records.task import Auto
from registry_cli.registry.add import add_files
from registry_cli.registry.draft import Draft
from registry_cli.sdk.autolog import recent_files, set_aside
from registry_cli.sdk.autolog.sink import NoteSink
from registry_cli.sdk.warning import RegWarning
from registry_cli.tasks.attempt.autolog_setting import dump_auto
from registry_cli.tasks.attempt.folder import Live
from registry_cli.tasks.attempt.note_reader import NoteReader
from registry_cli.tasks.attempt.notes import LoadedNote, Note, SavedNote, SkippedNote, load_note
from registry_cli.tasks.attempt.scalar_reader import read_points
from tests.forks import end, fork
from tests.tasks.run.following import Play


@pytest.fixture
def live(tmp_path: Path) -> Live:
    folder = tmp_path / "attempt"
    folder.mkdir()
    return Live(TaskId("01TASK"), 1, folder)


@pytest.fixture
def sink(live: Live) -> Iterator[NoteSink]:
    made = NoteSink(live)
    yield made
    made.close()


def save(sink: NoteSink, path: Path, data: bytes = b"weights", *, empties: bool = False, **told: Any) -> Saved:
    """Save as a hooked function does."""
    end = sink.saving(str(path), empties=empties)
    path.write_bytes(data)
    if end is not None:
        end(True)
    status = path.stat()
    saved = Saved(str(path), status.st_size, status.st_mtime_ns, "file", "Toy", Details(**told), inode=status.st_ino)
    sink.saved(saved)
    return saved


def read(sink: NoteSink, *, open: bool = False) -> list[Note]:
    """Return what was noted, of files that were still open only if asked for."""
    assert sink.drain()
    lines = [line for path in sink.live.list_notes() for line in path.read_text().splitlines()]
    notes = [note for line in lines if (note := load_note(line)) is not None]
    return [note for note in notes if open or not (isinstance(note, SavedNote) and note.open)]


def test_a_save_is_noted(sink: NoteSink, tmp_path: Path) -> None:
    before = time.time()
    told: dict[str, Any] = {"step": 3, "config": "{}", "labels": {"cat": 1}, "scores": {"loss": 0.5}}
    saved = save(sink, tmp_path / "m.bin", **told)
    [note] = read(sink)
    assert isinstance(note, SavedNote)
    assert before <= note.time <= time.time()
    assert (note.path, note.size, note.mtime, note.shape) == (saved.path, 7, saved.mtime, "file")
    assert (note.framework, note.step, note.config, note.held) == ("Toy", 3, "{}", None)
    assert (note.labels, note.scores) == ({"cat": 1}, {"loss": 0.5})


class Scalar:
    """As torch and NumPy have them."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def item(self) -> Any:
        if isinstance(self._value, Exception):
            raise self._value
        return self._value


def test_what_a_note_cannot_hold_is_left_out(sink: NoteSink, tmp_path: Path) -> None:
    scores = {"loss": Scalar(0.25), "text": "x", "many": Scalar(ValueError("many"))}
    save(sink, tmp_path / "m.bin", step=Scalar(2), labels={"cat": Scalar(1), "dog": "x"}, scores=scores)
    [note] = read(sink)
    assert isinstance(note, SavedNote)
    assert (note.step, note.labels, note.scores) == (2, {"cat": 1}, {"loss": 0.25})


def test_a_path_that_is_not_utf_8_keeps_its_bytes(sink: NoteSink, tmp_path: Path) -> None:
    strange = os.fsencode(tmp_path) + b"/\xff.bin"
    save(sink, Path(os.fsdecode(strange)))
    save(sink, Path(os.fsdecode(strange)), step=3)  # noted the long way
    save(sink, tmp_path / "löss.bin")
    notes = [note for note in NoteReader(sink.live).read() if isinstance(note, SavedNote) and note.held is None]
    assert [os.fsencode(note.path) for note in notes] == [strange, strange, os.fsencode(tmp_path / "löss.bin")]


def tell_stream(sink: NoteSink, path: Path, stream: Any) -> None:
    status = path.stat()
    sink.saved(
        Saved(str(path), status.st_size, status.st_mtime_ns, "file", None, Details(), ref(stream), status.st_ino)
    )


def test_a_file_that_is_open_is_noted_when_it_is_closed(sink: NoteSink, tmp_path: Path) -> None:
    path = tmp_path / "m.bin"
    with path.open("wb") as stream:
        stream.write(b"weights")
        tell_stream(sink, path, stream)
        assert read(sink) == []
        assert [note.open for note in read(sink, open=True) if isinstance(note, SavedNote)] == [True]
    [note] = read(sink)
    assert isinstance(note, SavedNote)
    assert (note.size, note.mtime) == (7, path.stat().st_mtime_ns)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_one_that_is_let_go_is_closed_in_that_moment(sink: NoteSink, tmp_path: Path) -> None:
    path = tmp_path / "m.bin"

    def write(stream: Any) -> None:
        stream.write(b"weights")
        tell_stream(sink, path, stream)
        assert sink.drain()

    write(path.open("wb"))
    assert path.read_bytes() == b"weights", "nobody else held it"
    assert [note.size for note in read(sink) if isinstance(note, SavedNote)] == [7]


def test_one_that_is_packed_is_noted_whole(sink: NoteSink, tmp_path: Path) -> None:
    path = tmp_path / "m.gz"
    with gzip.open(path, "wb") as stream:
        stream.write(b"weights")
        tell_stream(sink, path, stream)
        assert read(sink) == []
    [note] = read(sink)
    assert isinstance(note, SavedNote)
    assert note.size == path.stat().st_size > 0


def test_one_that_stays_open_is_flushed_and_noted_at_the_end(sink: NoteSink, tmp_path: Path) -> None:
    path = tmp_path / "m.bin"
    with path.open("wb") as stream:
        stream.write(b"weights")
        tell_stream(sink, path, stream)
        sink.end()
        assert path.read_bytes() == b"weights"
        assert [note.size for note in read(sink) if isinstance(note, SavedNote)] == [7]


def test_many_saves_into_one_file_are_one(sink: NoteSink, tmp_path: Path) -> None:
    path = tmp_path / "m.bin"
    with path.open("wb") as stream:
        for _ in range(3):
            stream.write(b"weights")
            tell_stream(sink, path, stream)
    assert [note.size for note in read(sink) if isinstance(note, SavedNote)] == [21]


def test_one_that_is_gone_when_it_is_closed_is_noted_all_the_same(sink: NoteSink, tmp_path: Path) -> None:
    path = tmp_path / "m.bin"
    with path.open("wb") as stream:
        tell_stream(sink, path, stream)
        path.unlink()
    [note] = read(sink)
    assert isinstance(note, SavedNote)
    assert (note.path, note.size) == (str(path), 0)


def test_a_stream_that_nobody_can_ask_waits_until_it_is_let_go(sink: NoteSink, tmp_path: Path) -> None:
    class Odd(io.RawIOBase):
        closed = False

    path = tmp_path / "m.bin"
    path.write_bytes(b"x")
    odd = Odd()
    tell_stream(sink, path, odd)
    assert read(sink) == []
    del odd
    assert len(read(sink)) == 1


def test_what_was_saved_a_moment_ago_is_held(sink: NoteSink, tmp_path: Path) -> None:
    path = tmp_path / "m.bin"
    for data in (b"one", b"two", b"three"):
        save(sink, path, data)
    notes = [note for note in read(sink) if isinstance(note, SavedNote)]
    first, again, second, again2, third = notes
    assert (first.held, second.held, third.held) == (None, None, None)
    assert (again.time, again.mtime) == (first.time, first.mtime), "it replaces the first word of the same save"
    assert [Path(str(note.held)).read_bytes() for note in (again, again2)] == [b"one", b"two"]
    assert Path(str(again.held)).parent == sink.live.held


def test_nothing_is_held_that_was_taken_by_now(sink: NoteSink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.bin"
    save(sink, path)
    later = time.time_ns() + 3 * 10**9
    monkeypatch.setattr("registry_cli.sdk.autolog.recent_files.time_ns", lambda: later)
    save(sink, path)
    assert list(sink.live.held.iterdir()) == []


def test_what_would_cost_too_much_is_not_held(sink: NoteSink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(set_aside, "LARGEST", 4)
    monkeypatch.setattr(set_aside, "_clone", lambda path, target: False)
    save(sink, tmp_path / "m.bin")
    save(sink, tmp_path / "m.bin")
    assert len(read(sink)) == 2
    assert list(sink.live.held.iterdir()) == []


def test_only_so_many_copies_wait(sink: NoteSink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(set_aside, "MOST", 2)
    for number in range(5):
        save(sink, tmp_path / "m.bin", b"%d" % number)
    assert len(list(sink.live.held.iterdir())) == 2


@pytest.fixture
def costly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies cost too much."""
    monkeypatch.setattr(set_aside, "LARGEST", 4)
    monkeypatch.setattr(set_aside, "_clone", lambda path, target: False)


@pytest.mark.usefixtures("costly")
def test_what_is_emptied_first_is_set_aside_whatever_its_size(sink: NoteSink, tmp_path: Path) -> None:
    path = tmp_path / "m.bin"
    for number in range(3):
        save(sink, path, b"weights %d" % number, empties=True)
    notes = [note for note in read(sink) if isinstance(note, SavedNote)]
    assert [note.held is not None for note in notes] == [False, True, False, True, False], "told before the next is"
    assert [Path(note.held).read_bytes() for note in notes if note.held] == [b"weights 0", b"weights 1"]
    assert [note.time for note in notes[1::2]] == [note.time for note in notes[:-1:2]]


@pytest.mark.parametrize("empties", [True, False], ids=["set aside", "copied"])
def test_each_checkpoint_written_over_before_the_runner_looks_is_a_version(
    empties: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large one can only be set aside: to copy it would hold the script up."""
    if empties:
        monkeypatch.setattr(set_aside, "LARGEST", 4)
        monkeypatch.setattr(set_aside, "_clone", lambda path, target: False)
    play = Play(tmp_path)
    sink = NoteSink(play.live)
    for number in range(3):
        save(sink, tmp_path / "last.pt", b"weights %d" % number, empties=empties)
    sink.close()
    play.now = time.time()
    play.poll()
    play.rest()
    assert play.made() == [f"last weights {number}" for number in range(3)]
    assert play.told() == []


@pytest.mark.usefixtures("costly")
def test_a_save_that_fails_at_once_leaves_all_as_it_was(sink: NoteSink, tmp_path: Path) -> None:
    path = tmp_path / "m.bin"
    saved = save(sink, path, b"weights 0", empties=True)
    end = sink.saving(str(path), empties=True)
    assert end is not None
    assert not path.exists()
    end(False)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (b"weights 0", saved.mtime)
    assert len(read(sink)) == 1
    save(sink, path, b"weights 1", empties=True)
    assert [Path(note.held).read_bytes() for note in read(sink) if isinstance(note, SavedNote) and note.held] == [
        b"weights 0"
    ]


@pytest.mark.usefixtures("costly")
def test_one_that_fails_half_way_loses_nothing(sink: NoteSink, tmp_path: Path) -> None:
    path = tmp_path / "m.bin"
    save(sink, path, b"weights 0", empties=True)
    end = sink.saving(str(path), empties=True)
    assert end is not None
    path.write_bytes(b"wei")
    end(False)
    [_, note] = read(sink)
    assert isinstance(note, SavedNote)
    assert note.held is not None
    assert Path(note.held).read_bytes() == b"weights 0"
    assert path.read_bytes() == b"wei"


@pytest.mark.usefixtures("costly")
def test_only_a_large_one_is_set_aside_long_after(
    sink: NoteSink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent_files, "_AGAIN", 0.0)
    monkeypatch.setattr(recent_files, "_LARGE", 8)
    for name, data in (("small", b"weights"), ("large", b"weights 0")):
        for _ in range(2):
            save(sink, tmp_path / name, data, empties=True)
    assert [Path(note.path).name for note in read(sink) if isinstance(note, SavedNote) and note.held] == ["large"]


def test_what_cannot_be_set_aside_is_copied(sink: NoteSink, tmp_path: Path) -> None:
    path = tmp_path / "m.bin"
    save(sink, path, b"weights 0")
    os.link(path, tmp_path / "other")
    save(sink, path, b"weights 1", empties=True)
    assert [Path(note.held).read_bytes() for note in read(sink) if isinstance(note, SavedNote) and note.held] == [
        b"weights 0"
    ]
    assert (tmp_path / "other").read_bytes() == b"weights 1", "a name of the file stays one"


def test_what_was_written_over_by_somebody_else_is_not_held(sink: NoteSink, tmp_path: Path) -> None:
    path = tmp_path / "m.bin"
    save(sink, path)
    os.utime(path, ns=(1, 1))
    save(sink, path)
    assert list(sink.live.held.iterdir()) == []


def tell_sizes(live: Live, *sizes: int) -> None:
    live.auto.mkdir(exist_ok=True)
    numbers = array("q", sizes)
    if sys.byteorder == "big":
        numbers.byteswap()
    live.known.write_bytes(numbers.tobytes())


def list_loads(sink: NoteSink) -> list[tuple[str, int]]:
    return [(note.path, note.size) for note in read(sink) if isinstance(note, LoadedNote)]


def test_a_load_is_told_once_where_its_size_is_known(sink: NoteSink) -> None:
    tell_sizes(sink.live, 7, 9)
    for path, size, mtime in (("/a", 7, 1), ("/a", 7, 1), ("/b", 8, 1), ("/a", 7, 2), ("/folder", 0, 0)):
        sink.loaded(path, size, mtime)
    assert list_loads(sink) == [("/a", 7), ("/a", 7), ("/folder", 0)]
    assert [load[:3] for load in sink.loads] == [("/a", 7, 1), ("/a", 7, 2), ("/folder", 0, 0)]


@pytest.mark.parametrize(("loads", "told"), [("all", [("/b", 8)]), ("none", []), ("known", [])])
def test_which_loads_are_told_is_the_user_s_word(
    sink: NoteSink, monkeypatch: pytest.MonkeyPatch, loads: Any, told: list[tuple[str, int]]
) -> None:
    tell_sizes(sink.live, 7)
    monkeypatch.setenv(env.REG_AUTOLOG, dump_auto(Auto(loads=loads)))
    sink.loaded("/b", 8, 1)
    assert list_loads(sink) == told


def test_all_loads_are_told_where_no_size_is(sink: NoteSink) -> None:
    sink.loaded("/b", 8, 1)
    assert list_loads(sink) == [("/b", 8)]


def test_scores_are_points(sink: NoteSink) -> None:
    sink.score("loss", 0.5, 1)
    sink.score("loss", Scalar(0.25), Scalar(2))
    sink.score("loss", math.nan, None)
    for name, value, step in (("x", "text", 1), ("x", None, 1), ("x", Scalar(TypeError("no")), 1), ("a\tb", 1.0, 1)):
        sink.score(name, value, step)
    assert sink.drain()
    points = list(read_points(sink.live.list_scalars()))
    assert [(point.name, point.step) for point in points] == [("loss", 1), ("loss", 2), ("loss", None)]
    assert [path.name for path in sink.live.list_scalars()] == [f"scalars-{os.getpid()}-auto.tsv"]


def test_skips_are_counted(sink: NoteSink) -> None:
    for why in ("buffer", "buffer", "remote"):
        sink.skipped(why)
    found = {note.why: note.count for note in read(sink) if isinstance(note, SkippedNote)}
    assert found == {"buffer": 2, "remote": 1}


def test_a_warning_is_shown_once(sink: NoteSink) -> None:
    with pytest.warns(RegWarning, match="odd"):
        sink.warn("odd")
    sink.warn("odd")  # or it would be an error


@pytest.mark.parametrize("rank", ["1", "7"])
def test_other_ranks_tell_nothing(sink: NoteSink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rank: str) -> None:
    monkeypatch.setenv("RANK", rank)
    save(sink, tmp_path / "m.bin")
    save(sink, tmp_path / "m.bin")
    sink.loaded("/b", 8, 1)
    sink.score("loss", 1.0, 1)
    sink.warn("odd")
    assert sink.drain()
    assert list(sink.live.folder.iterdir()) == []


def test_what_is_told_after_the_end_is_written_at_once(sink: NoteSink, tmp_path: Path) -> None:
    save(sink, tmp_path / "a.bin")
    sink.end()
    save(sink, tmp_path / "b.bin")
    [path] = sink.live.list_notes()
    assert len(path.read_text().splitlines()) == 2


def test_a_closed_one_tells_nothing(sink: NoteSink, tmp_path: Path) -> None:
    save(sink, tmp_path / "a.bin")
    sink.close()
    save(sink, tmp_path / "b.bin")
    assert len(read(sink)) == 1


def test_a_folder_that_nobody_can_write_is_told_at_the_end(sink: NoteSink, tmp_path: Path) -> None:
    sink.live.auto.write_bytes(b"")  # a file in the folder's place: root may write anywhere else
    save(sink, tmp_path / "m.bin")
    save(sink, tmp_path / "m.bin")
    sink.score("loss", 1.0, 1)
    with pytest.warns(RegWarning, match="not all that was saved or loaded is on record: notes-"):
        sink.end()


def test_many_threads(sink: NoteSink, tmp_path: Path) -> None:
    def work(name: str) -> None:
        for number in range(50):
            save(sink, tmp_path / f"{name}-{number}.bin")

    threads = [threading.Thread(target=work, args=(str(number),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({note.path for note in read(sink) if isinstance(note, SavedNote)}) == 400


def test_a_forked_child_writes_at_once_into_a_file_of_its_own(sink: NoteSink, tmp_path: Path) -> None:
    from registry_cli.sdk.autolog import current_sink

    def tell() -> None:
        save(sink, tmp_path / "child.bin")
        stream = (tmp_path / "open.bin").open("wb")
        stream.write(b"weights")
        tell_stream(sink, tmp_path / "open.bin", stream)

    current_sink._sink = sink  # the one of this process, as a hook would have found it
    try:
        save(sink, tmp_path / "parent.bin")
        child = fork(tell)
        assert end(child) == 0
    finally:
        current_sink._sink = None
    read(sink)
    found = {path.name: [load_note(line) for line in path.read_text().splitlines()] for path in sink.live.list_notes()}
    assert {name: [Path(note.path).name for note in notes if isinstance(note, SavedNote) and not note.open]
            for name, notes in found.items()} == {
        f"notes-{os.getpid()}.jsonl": ["parent.bin"], f"notes-{child}.jsonl": ["child.bin", "open.bin"],
    }  # fmt: skip


def test_what_is_reported_is_written_before_the_call_returns(sink: NoteSink) -> None:
    """A thread may not run before the runner takes the next save, as when a library holds the interpreter's lock."""
    save(sink, sink.live.folder / "m.bin")
    with sink._events._lock:  # the thread writes nothing meanwhile
        sink.score("loss", 0.5, 1)
        sink.loaded("/b", 8, 1)
        assert [point.value for point in read_points(sink.live.list_scalars())] == [0.5]
        [text] = [path.read_text() for path in sink.live.list_notes()]
        assert isinstance(load_note(text.splitlines()[-1]), LoadedNote)


def test_a_version_has_no_metric_of_the_next_epoch_in_the_same_millisecond(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play = Play(tmp_path)
    sink = NoteSink(play.live)
    began = int(play.now) + 1
    times = iter(range(9))
    monkeypatch.setattr("registry_cli.sdk.autolog.sink.time", lambda: began + next(times) / 10**5)
    monkeypatch.setattr("registry_cli.sdk.autolog.sink.time_ns", lambda: began * 10**9 + next(times) * 10**4)
    for epoch in range(3):
        sink.score("acc", epoch, epoch)
        status = play.write(f"net-epoch{epoch}.pt", str(epoch)).stat()
        path = str(tmp_path / f"net-epoch{epoch}.pt")
        sink.saved(Saved(path, status.st_size, status.st_mtime_ns, "file", None, Details()))
    sink.close()
    play.rest()
    assert [(row.step, row.metrics) for row in play.follower.outputs] == [(step, {"acc": step}) for step in range(3)]


@pytest.mark.parametrize("kind", ["symlink", "hard link", "linked folder"])
@pytest.mark.parametrize("empties", [True, False])
def test_saves_to_one_file_under_two_names_are_all_kept(kind: str, empties: bool, tmp_path: Path) -> None:
    play = Play(tmp_path)
    sink = NoteSink(play.live)
    (tmp_path / "run").mkdir()
    (tmp_path / "now").symlink_to("run")
    one, two = tmp_path / "run/one.pt", tmp_path / ("now/one.pt" if kind == "linked folder" else "run/two.pt")
    for number in range(3):
        save(sink, one, b"one %d" % number, empties=empties)
        if kind == "symlink" and not number:
            two.symlink_to(one)
        if kind == "hard link" and not number:
            os.link(one, two)
        save(sink, two, b"two %d" % number, empties=empties)
    sink.close()
    play.rest()
    assert [row.split(" ", 1)[1] for row in play.made()] == ["one 0", "two 0", "one 1", "two 1", "one 2", "two 2"]
    assert play.told() == []
    assert one.read_bytes() == two.read_bytes() == b"two 2"


def save_stream(sink: NoteSink, path: Path, data: bytes, mode: str = "wb") -> None:
    with path.open(mode) as stream:
        stream.write(data)
        tell_stream(sink, path, stream)


def make(play: Play, sink: NoteSink) -> list[str]:
    sink.close()
    play.rest()
    return play.made()


def test_a_stream_that_is_saved_and_then_renamed_is_kept(tmp_path: Path) -> None:
    play = Play(tmp_path)
    sink = NoteSink(play.live)
    (tmp_path / "done").mkdir()
    for step in range(3):
        save_stream(sink, tmp_path / "m.tmp", b"%d" % step)
        (tmp_path / "m.tmp").rename(tmp_path / f"done/m-step{step}.pt")
    assert make(play, sink) == [f"m-step {step} {step}" for step in range(3)]
    assert play.told() == []


def test_each_stream_that_replaces_the_one_before_is_kept(tmp_path: Path) -> None:
    play = Play(tmp_path)
    sink = NoteSink(play.live)
    for step in range(4):
        save_stream(sink, tmp_path / "m.tmp", b"bytes of %d" % step)
        (tmp_path / "m.tmp").replace(tmp_path / "m.pt")
    assert make(play, sink) == [f"m bytes of {step}" for step in range(4)]
    assert play.told() == []


def test_streams_to_one_file_are_kept_or_counted(tmp_path: Path) -> None:
    play = Play(tmp_path)
    sink = NoteSink(play.live)
    for step in range(4):
        save_stream(sink, tmp_path / "m.pt", b"%d" % step)
    assert make(play, sink) == ["m 3"]
    assert play.told() == ["3 saves were overwritten before they could be kept"]


def test_one_stream_that_is_rewound_for_each_save_is_counted(tmp_path: Path) -> None:
    play = Play(tmp_path)
    sink = NoteSink(play.live)
    with (tmp_path / "m.pt").open("wb") as stream:
        for step in range(3):
            stream.seek(0)
            stream.truncate()
            stream.write(b"%d" % step)
            tell_stream(sink, tmp_path / "m.pt", stream)
    assert make(play, sink) == ["m 2"]
    assert play.told() == ["2 saves were overwritten before they could be kept"]


@pytest.mark.parametrize(("mode", "lost"), [("w+b", 2), ("ab", 0)])
def test_streams_that_can_also_read_are_counted_and_those_that_append_are_not(
    mode: str, lost: int, tmp_path: Path
) -> None:
    play = Play(tmp_path)
    sink = NoteSink(play.live)
    with ExitStack() as stack:  # the thread that notices closed files may run at any time: none is closed meanwhile
        for step in range(3):
            stream = stack.enter_context((tmp_path / "m.pt").open(mode))
            stream.write(b"%d" % step)
            stream.flush()
            tell_stream(sink, tmp_path / "m.pt", stream)
    assert make(play, sink) == ["m 012" if mode == "ab" else "m 2"]
    assert play.told() == ([f"{lost} saves were overwritten before they could be kept"] if lost else [])


def test_a_save_of_a_process_that_ended_with_the_file_open_is_counted_once_another_overwrites_it(
    tmp_path: Path,
) -> None:
    play = Play(tmp_path)
    for step in range(2):  # the second stands for the program that the first one has executed
        with (tmp_path / "m.pt").open("wb") as stream:
            stream.write(b"%d" % step)
            sink = NoteSink(play.live)
            tell_stream(sink, tmp_path / "m.pt", stream)
            if step:
                stream.flush()
                sink.close()
    play.rest()
    assert play.made() == ["m 1"]
    assert play.told() == ["1 save was overwritten before it could be kept"]


def test_a_folder_that_is_saved_again_at_once_is_counted_and_one_that_is_added_to_is_not(tmp_path: Path) -> None:
    play = Play(tmp_path)
    sink = NoteSink(play.live)
    folder = tmp_path / "net"
    folder.mkdir()
    (folder / "config.json").write_bytes(b"from before")
    os.utime(folder / "config.json", ns=(0, 0))
    for step in range(3):
        for name in ("model.bin", "vocab.txt"):
            (folder / name).write_bytes(b"%d" % step)
            later = time.time_ns() + 10**9 * step  # within the resolution of the clock they would look alike
            os.utime(folder / name, ns=(later, later))
            sink.saved(Saved(str(folder), 0, 0, "folder", None, Details(), inode=folder.stat().st_ino))
    sink.close()
    play.rest()
    assert len(play.made()) == 1
    assert play.told() == ["2 saves were overwritten before they could be kept"]


def test_a_removed_temporary_file_is_counted(tmp_path: Path) -> None:
    play = Play(tmp_path)
    sink = NoteSink(play.live)
    save_stream(sink, tmp_path / "m.pt", b"weights")
    (tmp_path / "m.pt").unlink()
    assert make(play, sink) == []
    assert play.told() == ["1 file was deleted before it could be kept"]


def test_a_stream_that_was_renamed_before_its_process_was_killed_is_found(tmp_path: Path) -> None:
    play = Play(tmp_path)
    sink = NoteSink(play.live)
    with (tmp_path / "m.tmp").open("wb") as stream:
        stream.write(b"weights")
        tell_stream(sink, tmp_path / "m.tmp", stream)
        stream.flush()
        (tmp_path / "m.tmp").rename(tmp_path / "m.pt")
        (tmp_path / "m.tmp").write_bytes(b"another")
        play.rest()
    assert play.made() == ["m weights"]
    assert play.told() == []
    sink.close()


def test_no_descriptor_stays_open(sink: NoteSink, tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for number in range(100):
        save_stream(sink, tmp_path / f"{number % 70}.pt", b"weights")
    read(sink)
    assert len(os.listdir("/proc/self/fd")) <= before + 2, "the files of notes"


@pytest.mark.parametrize("empties", [True, False], ids=["set aside", "copied"])
def test_a_loaded_file_that_is_overwritten_at_once_is_an_input(empties: bool, tmp_path: Path) -> None:
    play = Play(tmp_path)
    path = tmp_path / "m.pt"
    path.write_bytes(b"base")
    base = add_files(play.registry, Draft(ModelName("zoo/base")), [path]).version
    sink = NoteSink(play.live)
    status = path.stat()
    sink.loaded(str(path), status.st_size, status.st_mtime_ns)
    for epoch in range(2):
        save(sink, path, b"epoch %d" % epoch, empties=empties)
    assert make(play, sink) == ["m epoch 0", "m epoch 1"]
    assert [[parent.id for parent in row.parents] for row in play.follower.outputs] == [[base.id], [base.id]]
    assert play.told() == []


def move(sink: NoteSink, source: Path, target: Path) -> None:
    """Rename as a hooked function does."""
    end = sink.moving(str(source), str(target))
    try:
        source.replace(target)
    except OSError as error:
        if end is not None:
            end(False)
        if error.errno == errno.EXDEV:  # as `shutil.move` does
            shutil.copy2(source, target)
            source.unlink()
        return
    if end is not None:
        end(True)


def test_each_file_that_is_renamed_over_the_one_before_is_kept(tmp_path: Path) -> None:
    play = Play(tmp_path)
    sink = NoteSink(play.live)
    for step in range(4):
        save(sink, tmp_path / "m.tmp", b"bytes of %d" % step)
        move(sink, tmp_path / "m.tmp", tmp_path / "m.pt")
    assert make(play, sink) == [f"m bytes of {step}" for step in range(4)]
    assert play.told() == []
    assert (tmp_path / "m.pt").stat().st_mode & 0o200, "the script's own file may still be written"


@pytest.mark.parametrize("stream", [False, True], ids=["path", "stream"])
@pytest.mark.parametrize("largest", [set_aside.LARGEST, 0], ids=["held", "large"])
def test_files_that_are_moved_to_another_disk_are_kept_under_their_names(
    stream: bool, largest: int, tmp_path: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(set_aside, "LARGEST", largest)
    play = Play(tmp_path)
    sink = NoteSink(play.live)
    steps = range(3 if largest else 1)
    for step in steps:
        if stream:
            save_stream(sink, elsewhere / "m.tmp", b"bytes of %d" % step)
        else:
            save(sink, elsewhere / "m.tmp", b"bytes of %d" % step)
        move(sink, elsewhere / "m.tmp", tmp_path / "m.pt")
    assert make(play, sink) == [f"m bytes of {step}" for step in steps]
    assert play.told() == []


def test_a_folder_that_is_moved_to_another_disk_is_kept_under_its_name(tmp_path: Path, elsewhere: Path) -> None:
    play = Play(tmp_path)
    sink = NoteSink(play.live)
    (elsewhere / "run").mkdir()
    save(sink, elsewhere / "run/m.pt")
    assert sink.moving(str(elsewhere / "run"), str(tmp_path / "done")) is None
    shutil.move(elsewhere / "run", tmp_path / "done")
    assert make(play, sink) == ["m weights"]
    assert play.told() == []


def test_files_that_are_renamed_into_other_folders_are_kept_under_their_names(tmp_path: Path) -> None:
    play = Play(tmp_path)
    sink = NoteSink(play.live)
    (tmp_path / "done").mkdir()
    for step in range(3):
        save(sink, tmp_path / "m.tmp", b"%d" % step)
        move(sink, tmp_path / "m.tmp", tmp_path / f"done/m-step{step}.pt")
    (tmp_path / "part").mkdir()
    save(sink, tmp_path / "part/net.pt", b"net")
    move(sink, tmp_path / "part", tmp_path / "best")
    save(sink, tmp_path / "best/net.pt", b"net 2")
    assert make(play, sink) == [*(f"m-step {step} {step}" for step in range(3)), "net net", "net net 2"]
    assert play.told() == []


def test_a_rename_that_fails_leaves_all_as_it_was(tmp_path: Path) -> None:
    play = Play(tmp_path)
    sink = NoteSink(play.live)
    save(sink, tmp_path / "m.pt", b"weights")
    save(sink, tmp_path / "n.tmp", b"others")
    end = sink.moving(str(tmp_path / "n.tmp"), str(tmp_path / "m.pt"))
    assert end is not None
    assert len(list(play.live.held.iterdir())) == 1
    end(False)
    assert list(play.live.held.iterdir()) == []
    assert make(play, sink) == ["m weights", "n others"]


def test_a_file_with_two_names_is_copied_when_one_is_replaced(tmp_path: Path) -> None:
    play = Play(tmp_path)
    sink = NoteSink(play.live)
    save(sink, tmp_path / "m.pt", b"weights")
    os.link(tmp_path / "m.pt", tmp_path / "other.pt")
    save(sink, tmp_path / "n.tmp", b"new")
    move(sink, tmp_path / "n.tmp", tmp_path / "m.pt")
    assert make(play, sink) == ["m weights", "m new"]
    assert (tmp_path / "other.pt").stat().st_nlink == 1
    assert (tmp_path / "other.pt").stat().st_mode & 0o200


def test_a_loaded_file_that_is_replaced_at_once_is_an_input(tmp_path: Path) -> None:
    play = Play(tmp_path)
    path = tmp_path / "m.pt"
    path.write_bytes(b"base")
    base = add_files(play.registry, Draft(ModelName("zoo/base")), [path]).version
    sink = NoteSink(play.live)
    status = path.stat()
    sink.loaded(str(path), status.st_size, status.st_mtime_ns)
    save(sink, tmp_path / "m.tmp", b"next")
    move(sink, tmp_path / "m.tmp", path)
    assert make(play, sink) == ["m next"]
    assert [[parent.id for parent in row.parents] for row in play.follower.outputs] == [[base.id]]
    assert play.told() == []
