from __future__ import annotations

import math
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.errors import UsageError
from registry_cli.records.task import Curve
from registry_cli.tasks.attempt.points import Point, Trace
from registry_cli.tasks.attempt.scalar_reader import last_at, read_points, summarise
from registry_cli.tasks.attempt.scalar_writer import ScalarWriter

STEPS = st.none() | st.integers(-5, 20) | st.integers(-(2**63), 2**63 - 1)
VALUES = st.floats(allow_nan=True, allow_infinity=True)


@pytest.fixture
def writer(tmp_path: Path) -> ScalarWriter:
    return ScalarWriter(tmp_path / "scalars.tsv")


def test_a_point_is_a_line(writer: ScalarWriter, tmp_path: Path) -> None:
    writer.add("train/loss", 0.1, 3, 1700000000.1234)
    writer.add("train/loss", math.nan, None, 1700000001)
    writer.add("größe", -math.inf, -1, 0)
    writer.close()
    assert (tmp_path / "scalars.tsv").read_text() == (
        "train/loss\t3\t0.1\t1700000000.123400\ntrain/loss\t\tnan\t1700000001.000000\ngröße\t-1\t-inf\t0.000000\n"
    )
    assert writer.problem is None


def test_numbers_of_other_libraries_are_numbers(writer: ScalarWriter) -> None:
    class Scalar:
        ndim = 0

        def item(self) -> float:
            return 0.5

        def __index__(self) -> int:
            return 7

    writer.add("acc", Scalar(), Scalar(), 0)  # type: ignore[arg-type]
    writer.add("n", 3, True, 0)
    assert writer.last_at(7) == {"acc": 0.5, "n": 3.0}
    writer.close()


@pytest.mark.parametrize("name", ["", "a\tb", "a\nb", "a\rb", "\x00", "\ud800", 3])
def test_names_that_would_break_a_line(writer: ScalarWriter, name: str) -> None:
    with pytest.raises(UsageError, match="not a name of a scalar"):
        writer.add(name, 1.0, 0, 0)
    assert writer.summary() == {}


@pytest.mark.parametrize("value", ["1", None, True, 1 << 70, [1.0]])
def test_values_that_are_no_numbers(writer: ScalarWriter, value: float) -> None:
    with pytest.raises(UsageError, match="acc"):
        writer.add("acc", value, 0, 0)


@pytest.mark.parametrize("step", [1.5, "1", 1 << 63, -(1 << 63) - 1])
def test_steps_that_are_no_integers(writer: ScalarWriter, step: int) -> None:
    with pytest.raises(UsageError, match="step"):
        writer.add("acc", 1.0, step, 0)


def test_the_last_value_at_or_before_a_step(writer: ScalarWriter) -> None:
    for step, value in [(10, 1.0), (20, 2.0), (20, 2.5), (30, 3.0)]:
        writer.add("loss", value, step, step)
    writer.add("late", 9.0, 25, 0)
    assert writer.last_at(9) == {}
    assert writer.last_at(10) == {"loss": 1.0}
    assert writer.last_at(24) == {"loss": 2.5}
    assert writer.last_at(99) == writer.last_at(None) == {"loss": 3.0, "late": 9.0}
    writer.close()


@given(st.lists(st.tuples(st.sampled_from("ab"), STEPS, VALUES)), st.none() | st.integers(-6, 25))
def test_memory_and_file_say_the_same(
    tmp_path_factory: pytest.TempPathFactory, added: list[tuple[str, int | None, float]], step: int | None
) -> None:
    path = tmp_path_factory.mktemp("w") / "f"
    writer = ScalarWriter(path)
    for time, (name, at, value) in enumerate(added):
        writer.add(name, value, at, time)
    writer.close()
    points = list(read_points([path]))
    assert repr(points) == repr([Point(name, at, value, float(t)) for t, (name, at, value) in enumerate(added)])
    assert repr(summarise(points)) == repr(writer.summary())
    assert ordered(last_at(points, step)) == ordered(writer.last_at(step))


def ordered(values: dict[str, float]) -> list[tuple[str, str]]:
    """NaN equals itself as text alone."""
    return sorted((name, repr(value)) for name, value in values.items())


def test_nan_counts_but_is_neither_least_nor_greatest(writer: ScalarWriter) -> None:
    for step, value in enumerate([2.0, math.nan, 1.0, math.nan]):
        writer.add("loss", value, step, 0)
    writer.add("none", math.nan, 0, 0)
    writer.add("all", math.inf, 0, 0)
    summary = writer.summary()
    assert repr(summary["loss"]) == repr(Curve(4, math.nan, 1.0, 2.0, 3))
    assert repr(summary["none"]) == repr(Curve(1, math.nan, math.nan, math.nan, 0))
    assert summary["all"] == Curve(1, math.inf, math.inf, math.inf, 0)
    writer.close()


def test_memory_is_bounded_and_the_last_stays_exact() -> None:
    trace = Trace(limit=100)
    for step in range(1000):
        trace.add(step, float(step), step)
    assert trace.count == 1000
    assert trace.find_at(999) == 999.0
    for step in range(999):
        found = trace.find_at(step)
        assert found is not None
        assert step - 20 <= found <= step
    assert trace.curve() == Curve(1000, 999.0, 0.0, 999.0, 999)


def test_threads_lose_nothing(writer: ScalarWriter, tmp_path: Path) -> None:
    def work(name: str) -> None:
        for step in range(2000):
            writer.add(name, 1.0, step, step)

    threads = [threading.Thread(target=work, args=(f"t{at}",)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    curves = summarise(read_points([tmp_path / "scalars.tsv"]))
    assert {name: curve.count for name, curve in curves.items()} == {f"t{at}": 2000 for at in range(4)}
