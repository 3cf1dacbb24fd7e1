"""Time for collectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from registry_cli.registry.gc import plan
from registry_cli.store.layout import Layout
from registry_cli.store.litter import DAY, read_clock

Later = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """Let a collector work thirty days later: the times that the file system gave, nobody can change."""

    @contextmanager
    def shift() -> Iterator[None]:
        def read_later(layout: Layout) -> float:
            return read_clock(layout) + 30 * DAY

        with monkeypatch.context() as patch:
            patch.setattr(plan, "read_clock", read_later)
            yield

    return shift
