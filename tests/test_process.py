"""A property that is computed once holds no lock."""

from __future__ import annotations

import threading

from registry_cli.process import cached_property
from tests.forks import end, fork


class Circle:
    """Has an area, which takes as long as is wanted."""

    def __init__(self, gate: threading.Event, begun: threading.Event) -> None:
        self.asked = 0
        self._gate, self._begun = gate, begun

    @cached_property
    def area(self) -> int:
        """Of it."""
        self.asked += 1
        self._begun.set()
        self._gate.wait(30)
        return 3


def test_it_is_computed_once_for_each_object() -> None:
    gate = threading.Event()
    gate.set()
    one, two = Circle(gate, gate), Circle(gate, gate)
    assert (one.area, one.area, one.asked, two.asked) == (3, 3, 1, 0)
    del one.area
    assert (one.area, one.asked, Circle.area.__doc__) == (3, 2, "Of it.")


def test_a_child_that_is_forked_while_a_thread_computes_it_can() -> None:
    slow, begun, gate = threading.Event(), threading.Event(), threading.Event()
    gate.set()
    busy = Circle(slow, begun)
    thread = threading.Thread(target=lambda: busy.area)
    thread.start()
    assert begun.wait(30)
    assert end(fork(lambda: Circle(gate, gate).area), seconds=10) == 0
    slow.set()
    thread.join(30)
