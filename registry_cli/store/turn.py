"""Writers take turns: a courtesy that spares them work lost to each other. It decides nothing.

Who waits too long goes ahead without a turn, so that a writer that was stopped in the middle hangs nobody; the log's
slots alone say who was first.
"""

from __future__ import annotations

import os
import random
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from registry_cli.errors import CorruptError
from registry_cli.store import files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registry_cli.store.layout import Layout

PATIENCE: Final = 0.5
"""Seconds to wait for those before us."""
_SHORTEST: Final = 0.0005
_LONGEST: Final = 0.004


@contextmanager
def open_turn(layout: Layout) -> Iterator[None]:
    """Hold a turn, or go ahead after `PATIENCE`; where there are no locks, go ahead at once."""
    import fcntl

    try:
        fd = files.open_file(layout.turn, os.O_RDONLY | os.O_NONBLOCK)  # a pipe there has no end
    except (CorruptError, OSError):
        yield
        return
    try:
        end, pause = time.monotonic() + PATIENCE, _SHORTEST
        while time.monotonic() < end:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(pause * random.random())
                pause = min(pause * 1.5, _LONGEST)
            except OSError:
                break
        yield
    finally:
        os.close(fd)
