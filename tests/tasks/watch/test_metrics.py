from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.tasks.attempt.marks import Mark
from registry_cli.tasks.attempt.points import Point
from registry_cli.tasks.watch import metrics as module
from registry_cli.tasks.watch.metrics import MetricsWatch
from tests.builders import write


def write_at(path: Path, text: str, time: int) -> Path:
    """Write a file as if at `time` seconds."""
    write(path, text.encode())
    os.utime(path, (time, time))
    return path


def short(points: list[Point]) -> list[tuple[str, int | None, float]]:
    return [(point.name, point.step, point.value) for point in points]


def test_an_object_written_again_tells_what_changed(tmp_path: Path) -> None:
    watch = MetricsWatch(["metrics.json"], tmp_path)
    assert watch.poll() == []
    write_at(tmp_path / "metrics.json", '{"loss": 0.5, "acc": NaN}', 7)
    [loss, acc] = watch.poll()
    assert (loss, acc.name) == (Point("loss", None, 0.5, 7.0), "acc")
    assert watch.poll() == []
    write_at(tmp_path / "metrics.json", '{"loss": 0.4, "acc": NaN}', 8)
    assert watch.poll() == [Point("loss", None, 0.4, 8.0)]
    write_at(tmp_path / "metrics.json", '{"loss": 0.5, "acc": 0.5}', 9)
    assert short(watch.rest()) == [("loss", None, 0.5), ("acc", None, 0.5)]
    assert watch.problems() == []


def test_a_torn_file_is_read_when_it_is_whole(tmp_path: Path) -> None:
    watch = MetricsWatch(["*.json", "*.toml"], tmp_path)
    write_at(tmp_path / "m.json", '{\n  "loss": 0.5,\n', 1)
    write_at(tmp_path / "n.toml", "acc = ", 1)
    write_at(tmp_path / "empty.json", "", 1)
    assert watch.poll() == []
    assert len(watch.problems()) == 2
    write_at(tmp_path / "m.json", '{\n  "loss": 0.5\n}', 2)
    write_at(tmp_path / "n.toml", "acc = 1", 2)
    assert sorted(short(watch.poll())) == [("acc", None, 1.0), ("loss", None, 0.5)]
    write_at(tmp_path / "empty.json", "{}", 2)
    assert watch.rest() == []
    assert watch.problems() == []


def test_a_table_is_read_on_where_it_grew(tmp_path: Path) -> None:
    watch = MetricsWatch(["log.csv"], tmp_path)
    path = write_at(tmp_path / "log.csv", "epo", 1)
    assert watch.poll() == []
    write_at(path, "epoch,loss\n0,0.5\n1,0.", 2)
    assert short(watch.poll()) == [("loss", 0, 0.5)]
    write_at(path, "epoch,loss\n0,0.5\n1,0.4\n2,0.3", 3)
    assert short(watch.poll()) == [("loss", 1, 0.4)]
    assert short(watch.rest()) == [("loss", 2, 0.3)]
    assert watch.rest() == []


def test_a_table_written_anew_tells_what_is_new(tmp_path: Path) -> None:
    """Lightning's CSVLogger writes the file again when a column comes."""
    watch = MetricsWatch(["log.csv"], tmp_path)
    path = write_at(tmp_path / "log.csv", "step,loss\n0,0.5\n0,0.6\n", 1)
    assert short(watch.poll()) == [("loss", 0, 0.5), ("loss", 0, 0.6)]
    write_at(path, "step,loss,acc\n0,0.5,\n0,0.6,\n1,,0.9\n", 2)
    assert short(watch.poll()) == [("acc", 1, 0.9)]
    write_at(path, "step,loss\n0,0.7\n", 3)
    assert short(watch.poll()) == [("loss", 0, 0.7)]


def test_what_was_there_before_tells_nothing_until_it_changes(tmp_path: Path) -> None:
    write_at(tmp_path / "old.json", '{"loss": 0.5}', 1)
    watch = MetricsWatch(["old.json", "none.csv", "dvc"], tmp_path)
    assert watch.poll() == watch.rest() == []
    assert watch.problems() == [
        "no file was written that 'old.json' names",
        "no file was written that 'none.csv' names",
        "no file was written that 'dvc' names",
    ]
    write_at(tmp_path / "old.json", '{"loss": 0.5}', 2)
    assert short(watch.poll()) == [("loss", None, 0.5)]
    assert watch.problems() == [
        "no file was written that 'none.csv' names",
        "no file was written that 'dvc' names",
    ]


@pytest.mark.parametrize("pattern", ["dvclive", "dvclive/", "dvc*"])
def test_a_folder_of_dvclive(tmp_path: Path, pattern: str) -> None:
    watch = MetricsWatch([pattern], tmp_path)
    plots = tmp_path / "dvclive" / "plots" / "metrics"
    write_at(plots / "train" / "loss.tsv", "step\tloss\n0\t0.5\n", 1)
    write_at(plots / "a\nb.tsv", "step\tloss\n0\t0.5\n", 1)
    write_at(plots / "acc.tsv", "timestamp\tstep\tacc\n99\t0\t0.1\n", 1)
    write_at(tmp_path / "dvclive" / "metrics.json", '{"train": {"loss": 0.5}, "acc": 0.1, "step": 0}', 1)
    assert sorted(short(watch.poll())) == [("acc", 0, 0.1), ("train.loss", 0, 0.5)]
    write_at(plots / "train" / "loss.tsv", "step\tloss\n0\t0.5\n1\t0.4\n", 2)
    write_at(tmp_path / "dvclive" / "metrics.json", '{"train": {"loss": 0.4}, "acc": 0.1, "time": 3.5, "step": 1}', 2)
    assert sorted(short(watch.rest())) == [("time", 1, 3.5), ("train.loss", 1, 0.4)]
    assert watch.problems() == []


def test_what_is_not_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 30)
    watch = MetricsWatch(["*"], tmp_path)
    write(tmp_path / "a.yaml", b"loss: 1\n")
    write(tmp_path / "b.json", b'{"loss": 1}' + b" " * 30)
    write(tmp_path / "c.json", b"[" * 20)
    write(tmp_path / "d.json", b"3")
    write(tmp_path / "e.csv", b"\xff\n\xff\n\x00")
    assert watch.poll() == watch.rest() == []
    told = dict(problem.removeprefix(f"{tmp_path}/").split(": ", 1) for problem in watch.problems())
    assert sorted(told) == ["a.yaml", "b.json", "c.json", "d.json"]
    assert told["a.yaml"] == "only JSON, JSON lines, TOML, CSV, TSV and folders of dvclive's are read"
    assert "larger than" in told["b.json"]


def test_a_file_that_goes_keeps_what_it_told(tmp_path: Path) -> None:
    watch = MetricsWatch(["m.jsonl"], tmp_path)
    path = write_at(tmp_path / "m.jsonl", '{"loss": 1}\n', 1)
    assert short(watch.poll()) == [("loss", 0, 1.0)]
    path.unlink()
    assert watch.poll() == watch.rest() == []
    write_at(path, '{"loss": 1}\n{"loss": 2}\n', 3)
    assert short(watch.poll()) == [("loss", 1, 2.0)]


ROWS = st.lists(
    st.fixed_dictionaries({"a": st.sampled_from([0.5, 1.5, -2.0])}, optional={"b": st.integers(0, 3)}), max_size=8
)


@given(ROWS, st.sampled_from([".jsonl", ".csv"]), st.lists(st.integers(0, 300), max_size=8))
def test_however_a_file_is_cut_its_points_are_told_once(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, float]], suffix: str, cuts: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("w")
    if suffix == ".jsonl":
        data = "".join(json.dumps({"step": at, **row}) + "\n" for at, row in enumerate(rows))
    else:
        data = "step,a,b\n" + "".join(f"{at},{row['a']},{row.get('b', '')}\n" for at, row in enumerate(rows))
    watch = MetricsWatch(["*"], folder)
    found: list[Point] = []
    for time, cut in enumerate([*sorted(cuts), len(data)]):
        write_at(folder / f"m{suffix}", data[:cut], time + 1)
        found += watch.poll()
    found += watch.rest()
    told = [(name, at, float(value)) for at, row in enumerate(rows) for name, value in row.items()]
    assert sorted(short(found)) == sorted(told)


@given(st.lists(st.tuples(ROWS, st.booleans()), max_size=6))
def test_a_file_written_anew_tells_each_change(
    tmp_path_factory: pytest.TempPathFactory, contents: list[tuple[list[dict[str, float]], bool]]
) -> None:
    folder = tmp_path_factory.mktemp("w")
    watch = MetricsWatch(["m.csv"], folder)
    told: dict[tuple[str, int], float] = {}
    for time, (rows, last) in enumerate(contents):
        text = "step,a,b\n" + "".join(f"{at},{row['a']},{row.get('b', '')}\n" for at, row in enumerate(rows))
        write_at(folder / "m.csv", text, time + 1)
        now = {(name, at): float(value) for at, row in enumerate(rows) for name, value in row.items()}
        points = watch.rest() if last else watch.poll()
        assert {(point.name, point.step): point.value for point in points} == {
            key: value for key, value in now.items() if told.get(key) != value
        }
        told |= now


def test_two_files_never_make_one_curve(tmp_path: Path) -> None:
    watch = MetricsWatch(["m.json", "m.toml", "log.csv", "runs/*/log.csv"], tmp_path)
    write_at(tmp_path / "m.json", '{"loss": 3, "acc": 1}', 1)
    write_at(tmp_path / "m.toml", "loss = 4\nlr = 1\n", 1)
    write_at(tmp_path / "log.csv", "loss\n5\n", 1)
    write_at(tmp_path / "runs" / "a" / "log.csv", "loss,time\n6,0\n", 1)
    write_at(tmp_path / "runs" / "b" / "log.csv", "loss,time\n7,0\n", 1)
    assert short(watch.poll()) == [
        ("loss", None, 3.0), ("acc", None, 1.0), ("m.loss", None, 4.0), ("m.lr", None, 1.0), ("log.loss", 0, 5.0),
        ("a.loss", 0, 6.0), ("a.time", 0, 0.0), ("b.loss", 0, 7.0), ("b.time", 0, 0.0),
    ]  # fmt: skip
    write_at(tmp_path / "log.csv", "loss,lr\n5,\n6,1\n", 2)
    write_at(tmp_path / "m.json", '{"loss": 2, "acc": 1}', 2)
    assert short(watch.rest()) == [("loss", None, 2.0), ("log.loss", 1, 6.0), ("log.lr", 1, 1.0)]


@pytest.mark.parametrize("patterns", [["dvclive"], ["dvclive/**"], ["dvclive/metrics.json", "dvclive/plots/metrics/*"]])
def test_dvclive_tells_each_number_once(tmp_path: Path, patterns: list[str]) -> None:
    """Its summary has no step where the program told none, and is rounded otherwise."""
    watch = MetricsWatch(patterns, tmp_path)
    for step in range(3):
        rows = "".join(f"{at}\t{at / 3}\n" for at in range(step + 1))
        write_at(tmp_path / "dvclive" / "plots" / "metrics" / "loss.tsv", "step\tloss\n" + rows, step + 1)
        write_at(tmp_path / "dvclive" / "metrics.json", f'{{"loss": {step / 3:.3f}, "best": 1}}', step + 1)
        told = short(watch.poll())
        assert told == [("loss", step, step / 3)] + ([("best", None, 1.0)] if step == 0 else [])
    assert watch.rest() == []


def test_a_table_with_several_columns_is_no_plot_of_dvclive(tmp_path: Path) -> None:
    watch = MetricsWatch(["plots/metrics/*.tsv"], tmp_path)
    write_at(tmp_path / "plots" / "metrics" / "all.tsv", "step\tloss\tacc\n0\t1\t2\n", 1)
    assert short(watch.poll()) == [("loss", 0, 1.0), ("acc", 0, 2.0)]


def times(points: list[Point]) -> list[tuple[str, float, float]]:
    return [(point.name, point.value, round(point.time, 5)) for point in points]


def test_rows_are_before_or_after_the_saves_that_marked_their_file(tmp_path: Path) -> None:
    marks: list[Mark] = []
    watch = MetricsWatch(["log.csv"], tmp_path, lambda: [marks.pop(0) for _ in list(marks)])
    rows = [f"{at},{at}\n" for at in range(5)]
    path = str(write_at(tmp_path / "log.csv", "epoch,acc\n" + "".join(rows[:3]), 30))
    marks += [Mark(10.0, path, len("epoch,acc\n" + rows[0])), Mark(20.0, path, len("epoch,acc\n" + rows[0] + rows[1]))]
    assert times(watch.poll()) == [("acc", 0, 10), ("acc", 1, 20), ("acc", 2, 30)]
    write_at(tmp_path / "log.csv", "epoch,acc\n" + "".join(rows[:4]), 40)
    marks += [Mark(35.0, path, len("epoch,acc\n" + "".join(rows[:3])))]
    assert times(watch.poll()) == [("acc", 3, 40)]
    marks += [Mark(50.0, path, len("epoch,acc\n" + "".join(rows[:4])))]
    write_at(tmp_path / "log.csv", "epoch,acc\n" + "".join(rows), 50)  # the file system's clock stands still meanwhile
    [(_, value, _)] = times(found := watch.poll())
    assert (value, found[0].time > 50.0) == (4, True)


def test_a_mark_that_comes_before_its_file_is_read_waits(tmp_path: Path) -> None:
    marks: list[Mark] = []
    watch = MetricsWatch(["*.csv"], tmp_path, lambda: [marks.pop(0) for _ in list(marks)])
    one, two = (str(tmp_path / name) for name in ("one.csv", "two.csv"))
    write_at(tmp_path / "one.csv", "step,a\n1,1\n", 9)
    marks += [Mark(5.0, one, 11), Mark(5.0, two, 11)]
    assert times(watch.poll()) == [("a", 1, 5)]
    write_at(tmp_path / "two.csv", "step,b\n1,1\n2,2\n", 9)
    assert times(watch.poll()) == [("b", 1, 5), ("b", 2, 9)]


def test_a_file_that_is_written_whole_had_the_content_of_its_marks(tmp_path: Path) -> None:
    marks: list[Mark] = []
    watch = MetricsWatch(["m.json"], tmp_path, lambda: [marks.pop(0) for _ in list(marks)])
    path = str(write_at(tmp_path / "m.json", '{"loss": 3}', 30))
    marks += [Mark(at, path, 11, text) for at, text in ((10.0, '{"loss": 1}'), (20.0, '{"loss": 2}'), (25.0, '{"lo'))]
    assert times(watch.poll()) == [("loss", 1, 10), ("loss", 2, 20), ("loss", 3, 30)]
    marks += [Mark(40.0, path, 11, '{"loss": 3}')]
    write_at(tmp_path / "m.json", '{"loss": 4}', 50)
    assert times(watch.poll()) == [("loss", 4, 50)]


def test_numbers_that_are_doubtful_are_said_at_the_end_once_for_a_file(tmp_path: Path) -> None:
    watch = MetricsWatch(["*"], tmp_path)
    write(tmp_path / "a.csv", b'epoch,loss\n0,"1,234"\n')
    write(tmp_path / "b.json", b'{"acc": 1e400, "loss": 1}')
    write(tmp_path / "c.csv", b"epoch loss\n0 0.5\n")
    write(tmp_path / "d.csv", b"epoch,loss\n")
    assert short(watch.poll()) == [("loss", None, 1.0)]
    write(tmp_path / "a.csv", b'epoch,loss\n0,"1,234"\n1,"1,300"\n')
    write(tmp_path / "b.json", b'{"acc": 1e400, "loss": 1, "more": 1e400}')
    assert watch.rest() == []
    assert [problem.removeprefix(f"{tmp_path}/") for problem in watch.problems()] == [
        "a.csv: 'loss': a comma between digits may mark decimals or thousands, and the number is not read",
        "b.json: 'acc' and 'more': a number beyond the range of a float is not read",
        "c.csv: no number was read from it",
    ]
