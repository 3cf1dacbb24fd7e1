from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue

import pytest

from registry_cli.store import threads
from registry_cli.store.threads import Background, run_parallel
from tests.interrupts import interrupt_everywhere


def never(*_: object) -> None:
    raise RuntimeError("can't start new thread")


def take_all(left: SimpleQueue[int], done: list[int]) -> Callable[[], None]:
    def work() -> None:
        try:
            while True:
                done.append(left.get_nowait())
        except Empty:
            pass

    return work


@pytest.fixture
def left() -> SimpleQueue[int]:
    queue: SimpleQueue[int] = SimpleQueue()
    for number in range(100):
        queue.put(number)
    return queue


@pytest.fixture
def gate() -> Iterator[SimpleQueue[None]]:
    queue: SimpleQueue[None] = SimpleQueue()
    yield queue
    queue.put(None)


def test_what_runs_in_the_background_gives_its_result_or_its_error() -> None:
    assert Background(lambda: 7).get() == 7
    assert Background(lambda: None).get() is None
    failing: Background[int] = Background(lambda: [][0])
    for _ in range(2):
        with pytest.raises(IndexError):
            failing.get()
    assert failing.done


def test_nobody_waits_long_for_what_hangs(gate: SimpleQueue[None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "PATIENCE", 0.01)
    hanging = Background(gate.get)
    hanging.give_up()
    assert not hanging.done
    gate.put(None)
    hanging.get()
    hanging.give_up()


def test_threads_share_the_work(left: SimpleQueue[int]) -> None:
    done: list[int] = []
    run_parallel(take_all(left, done), 3, stop=never)
    assert sorted(done) == list(range(100))


def test_the_caller_works_where_no_thread_starts(left: SimpleQueue[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "start_new_thread", never)
    done: list[int] = []
    run_parallel(take_all(left, done), 3, stop=never)
    assert done == list(range(100))


def test_an_interrupt_stops_the_threads() -> None:
    stopped, ended = threading.Event(), SimpleQueue[None]()

    def work() -> None:
        signal.pthread_kill(main, signal.SIGUSR1)
        assert stopped.wait(60)
        ended.put(None)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    main = threading.get_ident()
    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_parallel(work, 1, stopped.set)
    finally:
        signal.signal(signal.SIGUSR1, before)
    ended.get(timeout=60)


def test_an_error_stops_the_threads() -> None:
    stopped, turns = threading.Event(), SimpleQueue[bool]()
    for turn in (True, False):
        turns.put(turn)

    def work() -> None:
        if turns.get():
            raise ValueError("first")
        assert stopped.wait(60)

    with pytest.raises(ValueError, match="first"):
        run_parallel(work, 2, stopped.set)
    assert stopped.is_set()


def test_no_interrupt_leaves_anybody_waiting() -> None:
    def work_all() -> None:
        left: SimpleQueue[int] = SimpleQueue()
        for number in range(3):
            left.put(number)
        done: list[int] = []
        run_parallel(take_all(left, done), 2, lambda: None)
        assert sorted(done) == [0, 1, 2]

    assert interrupt_everywhere(work_all) > 20
