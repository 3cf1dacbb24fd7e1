"""Reads the time that records and entries carry."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current time in UTC. Callers write `clock.now()`, so that a test can set it in one place."""
    return datetime.now(UTC)
