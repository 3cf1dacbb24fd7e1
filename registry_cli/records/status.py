"""The states of a task, in a module of their own: a query or a listing needs no more of a task's record."""

from __future__ import annotations

from typing import Final, Literal

Status = Literal["draft", "running", "completed", "failed", "cancelled", "crashed"]
"""State of a task; `running` means that an end is not yet written; a reader may find such a task to be `crashed`."""
STATUSES: Final[tuple[Status, ...]] = ("draft", "running", "completed", "failed", "cancelled", "crashed")
ENDED: Final[tuple[Status, ...]] = ("completed", "failed", "cancelled", "crashed")
