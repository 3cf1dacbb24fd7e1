"""How many examples a property is tried with: few in the default run, many under `--hypothesis-profile many`."""

from __future__ import annotations

from typing import Any

from hypothesis import settings


def times(factor: float, **options: Any) -> settings:
    """Return settings with so many times the examples of the profile."""
    return settings(max_examples=int(factor * settings.default.max_examples), **options)
