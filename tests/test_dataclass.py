"""The package's `dataclass` does what the standard library's does, on classes of the same text."""

from __future__ import annotations

import copy
import dataclasses
import os
import pickle
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from registry_cli import dataclass as ours

if TYPE_CHECKING:
    from types import ModuleType


def _define(lib: Any) -> dict[str, Any]:
    """Return classes made by one of the two libraries."""

    @lib.dataclass(frozen=True, slots=True)
    class Point:
        """A point."""

        x: int
        y: int = 2

        @property
        def sum(self) -> int:
            return self.x + self.y

    @lib.dataclass(frozen=True, slots=True)
    class Nested:
        point: Point
        many: list[Point] = lib.field(default_factory=list)
        names: dict[str, Point] = lib.field(default_factory=dict)
        pair: tuple[int, Point | None] = (0, None)
        hidden: int = lib.field(default=1, repr=False, compare=False)

    @lib.dataclass(slots=True)
    class Changing:
        count: Counter[str] = lib.field(default_factory=Counter)
        seen: int = 0
        late: int = lib.field(init=False)

    @lib.dataclass(frozen=True, slots=True)
    class Checked:
        x: int

        def __post_init__(self) -> None:
            if self.x < 0:
                raise ValueError(self.x)

        def __repr__(self) -> str:
            return "checked"

        def __hash__(self) -> int:
            return 7

    @lib.dataclass(frozen=True, slots=True)
    class Empty:
        pass

    return {each.__name__: each for each in (Point, Nested, Changing, Checked, Empty)}


OURS, THEIRS = _define(ours), _define(dataclasses)
globals().update(OURS)  # so that pickle finds them
for _each in OURS.values():
    _each.__qualname__ = _each.__name__
for _each in THEIRS.values():
    _each.__qualname__ = _each.__name__

PAIRS = pytest.mark.parametrize(("lib", "made"), [(ours, OURS), (dataclasses, THEIRS)], ids=["ours", "theirs"])


@PAIRS
def test_fields_are_given_by_position_or_name(lib: ModuleType, made: dict[str, Any]) -> None:
    point = made["Point"]
    assert (point(1).x, point(1).y, point(y=5, x=4).sum) == (1, 2, 9)
    assert point.__doc__ == "A point."
    match point(1, 3):
        case point(x, y):
            assert (x, y) == (1, 3)
    assert point.__match_args__ == ("x", "y")
    for bad in (lambda: point(), lambda: point(1, 2, 3), lambda: point(1, z=2), lambda: point(1, x=2)):
        with pytest.raises(TypeError):
            bad()


@PAIRS
def test_equal_fields_of_one_class_are_equal(lib: ModuleType, made: dict[str, Any]) -> None:
    point, nested, changing = made["Point"], made["Nested"], made["Changing"]
    assert point(1) == point(1, 2) != point(1, 3)
    assert len({point(1), point(1, 2), point(1, 3)}) == 2
    assert made["Empty"]() == made["Empty"]()
    assert made["Empty"]() != made["Checked"](1) != point(1)
    assert point(1) != (1, 2)
    assert nested(point(1)) == nested(point(1), hidden=9)
    assert hash(made["Checked"](1)) == 7
    with pytest.raises(TypeError, match="unhashable"):
        hash(changing())


@PAIRS
def test_a_frozen_one_cannot_be_changed(lib: ModuleType, made: dict[str, Any]) -> None:
    point = made["Point"](1)
    for change in (lambda: setattr(point, "x", 2), lambda: setattr(point, "z", 2), lambda: delattr(point, "x")):
        with pytest.raises((AttributeError, TypeError)):
            change()
    assert point.x == 1
    one = made["Changing"]()
    one.seen, one.late = 3, 4
    assert (one.seen, one.late) == (3, 4)
    with pytest.raises(AttributeError):
        one.other = 1


@PAIRS
def test_each_object_has_a_default_of_its_own(lib: ModuleType, made: dict[str, Any]) -> None:
    first, second = made["Changing"](), made["Changing"]()
    first.count["a"] += 1
    assert not second.count
    assert made["Changing"](Counter("b")).count == {"b": 1}


@PAIRS
def test_reads_as_its_call(lib: ModuleType, made: dict[str, Any]) -> None:
    assert repr(made["Point"](1)) == "Point(x=1, y=2)"
    assert repr(made["Nested"](made["Point"](1))) == "Nested(point=Point(x=1, y=2), many=[], names={}, pair=(0, None))"
    assert repr(made["Checked"](1)) == "checked"
    assert repr(made["Empty"]()) == "Empty()"


@PAIRS
def test_replace_makes_a_copy_that_is_checked(lib: ModuleType, made: dict[str, Any]) -> None:
    assert lib.replace(made["Point"](1), y=7) == made["Point"](1, 7)
    assert lib.replace(made["Changing"](), seen=5).seen == 5
    with pytest.raises(TypeError):
        lib.replace(made["Point"](1), z=1)
    with pytest.raises(ValueError, match="-1"):
        lib.replace(made["Checked"](1), x=-1)


@PAIRS
def test_asdict_goes_into_lists_tables_and_tuples(lib: ModuleType, made: dict[str, Any]) -> None:
    point = made["Point"]
    one = made["Nested"](point(1), [point(2)], {"a": point(3)}, (1, point(4)))
    assert lib.asdict(one) == {
        "point": {"x": 1, "y": 2},
        "many": [{"x": 2, "y": 2}],
        "names": {"a": {"x": 3, "y": 2}},
        "pair": (1, {"x": 4, "y": 2}),
        "hidden": 1,
    }


def test_copies_and_pickles() -> None:
    point = OURS["Point"]
    one = OURS["Nested"](point(1), [point(2)])
    for other in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert other == one
        assert repr(other) == repr(one)
    assert copy.deepcopy(one).many is not one.many


def test_a_subclass_calls_the_same_init() -> None:
    class Named(OURS["Point"]):  # type: ignore[misc]
        pass

    assert (Named(1).y, Named(2).x, OURS["Point"](3).x) == (2, 2, 3)


def test_two_threads_may_make_the_first_objects() -> None:
    point = _define(ours)["Point"]
    init = point.__init__  # as a thread has looked it up that another one overtakes
    point(1)
    slow = point.__new__(point)
    init(slow, 5)
    assert (slow.x, slow.y) == (5, 2)


def test_the_first_object_may_be_made_while_ctrl_c_ends_a_script(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        """
import atexit
from registry_cli.dataclass import dataclass

@dataclass(frozen=True, slots=True)
class Point:
    x: int

atexit.register(lambda: print(Point(1)))
raise KeyboardInterrupt
"""
    )
    variables = {**os.environ, "PYTHONPATH": str(Path(ours.__file__).parents[1])}
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, env=variables)
    assert (done.returncode, done.stdout) == (-signal.SIGINT, "Point(x=1)\n")
