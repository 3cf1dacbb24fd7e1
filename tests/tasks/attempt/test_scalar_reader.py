from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.errors import CorruptError
from registry_cli.tasks.attempt.points import HEADER, Point, format_point
from registry_cli.tasks.attempt.scalar_reader import last_at, load_curves, merge, read_points, summarise

POINTS = st.lists(
    st.builds(
        Point,
        st.sampled_from(["a", "b", "é"]),
        st.none() | st.integers(-3, 3),
        st.floats().map(lambda value: value + 0.0),  # of 0.0 and -0.0 neither is less
        st.integers(0, 10**12).map(lambda milliseconds: milliseconds / 1000),
    )
)


def write(path: Path, points: list[Point]) -> Path:
    path.write_text("".join(format_point(*point) for point in points))
    return path


@given(POINTS, st.data())
def test_a_torn_file_gives_its_whole_lines(
    tmp_path_factory: pytest.TempPathFactory, points: list[Point], data: st.DataObject
) -> None:
    path = write(tmp_path_factory.mktemp("r") / "f", points)
    whole = path.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    assert repr(list(read_points([path]))) == repr(points[: whole[:cut].count(b"\n")])


def test_a_file_may_grow_between_two_points(tmp_path: Path) -> None:
    path = write(tmp_path / "f", [Point("a", 0, 1.0, 0.0)])
    reader = read_points([path])
    assert next(reader).step == 0
    with path.open("a") as file:
        file.write("a\t1\t2.0\t1.000\na\t2\t3")
    assert [point.step for point in reader] in ([], [1])
    assert [point.step for point in read_points([path])] == [0, 1]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"a\t1\t2.0",
        b"a\t1\t2.0\t3\t4",
        b"a\tx\t1\t1",
        b"a\t1\tx\t1",
        b"\t1\t1\t1",
        b"a\x00\t1\t1\t1",
        b"\xff\t1\t1\t1",
        b"a\t9223372036854775808\t1\t1",
        b"\x00" * 40,
    ],
)
def test_what_is_no_point_is_passed_over(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "f").write_bytes(b"a\t0\t1.0\t0.000\n" + line + b"\na\t1\t2.0\t0.000\n")
    assert [point.value for point in read_points([tmp_path / "f", tmp_path / "missing"])] == [1.0, 2.0]


@given(POINTS)
def test_the_blob_is_canonical_and_says_what_the_files_say(
    tmp_path_factory: pytest.TempPathFactory, points: list[Point]
) -> None:
    folder = tmp_path_factory.mktemp("m")
    blob = merge([write(folder / "f", points)])
    (folder / "g").write_bytes(blob)
    assert merge([folder / "g"]) == blob
    assert blob.startswith(HEADER.encode())
    summary = summarise(points)
    assert repr(summarise(read_points([folder / "g"]))) == repr({name: summary[name] for name in sorted(summary)})
    curves = load_curves(blob)
    assert list(curves) == sorted({point.name for point in points})
    for curve in curves.values():
        assert [(step, time) for step, _, time in curve] == sorted((step, time) for step, _, time in curve)


def test_two_processes_give_one_table(tmp_path: Path) -> None:
    one = write(tmp_path / "1", [Point("loss", 1, 0.5, 10.0), Point("acc", None, 0.1, 10.0)])
    two = write(
        tmp_path / "2", [Point("loss", 0, 0.9, 20.0), Point("loss", 1, 0.4, 20.0), Point("acc", None, 0.2, 20.0)]
    )
    blob = merge([one, two])
    assert blob == merge([one, two])
    assert load_curves(blob) == {
        "acc": [(0, 0.1, 10.0), (1, 0.2, 20.0)],
        "loss": [(0, 0.9, 20.0), (1, 0.5, 10.0), (1, 0.4, 20.0)],
    }
    assert summarise(read_points([one, two]))["loss"].last == 0.4
    assert last_at(read_points([one, two]), 0) == {"loss": 0.9, "acc": 0.1}


@pytest.mark.parametrize("data", [b"", b"a\t1\t1\t1\n", HEADER.encode() + b"a\t\t1.0\t0\n", HEADER.encode() + b"rot\n"])
def test_a_blob_that_is_none(data: bytes) -> None:
    with pytest.raises(CorruptError):
        load_curves(data)
