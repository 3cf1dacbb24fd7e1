"""What must not be under way while this process forks. Knows nothing of what that is.

A forked child has one thread, and a copy of every lock as it was: what another thread held in its parent is held for
ever. Libraries' own locks, such as those inside SQLite, cannot be made anew as ours are.
"""

from __future__ import annotations

import os
from _thread import RLock

TYPE_CHECKING = False  # completion waits for this: `typing` costs as much as the rest of its start
if TYPE_CHECKING:
    from typing import Final

quiet: Final = RLock()
"""Held by who does what no child may find half done, and by who forks."""
guarded = True
"""Whether another thread may fork at any time. A command forks when it is ready to, and need not pay for that."""

os.register_at_fork(before=quiet.acquire, after_in_parent=quiet.release, after_in_child=quiet.release)
