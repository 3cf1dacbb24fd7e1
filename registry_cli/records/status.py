"""How a task can be: the words alone, as a query or a listing needs no more of a task's record."""

from __future__ import annotations

from typing import Final, Literal

Status = Literal["draft", "running", "completed", "failed", "cancelled", "crashed"]
"""How a task is; `running` is a start whose end nobody has written, which a reader may find to be `crashed`."""
STATUSES: Final[tuple[Status, ...]] = ("draft", "running", "completed", "failed", "cancelled", "crashed")
ENDED: Final[tuple[Status, ...]] = ("completed", "failed", "cancelled", "crashed")
