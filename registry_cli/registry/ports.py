"""The port `Upstream`. `Gate` and `Listener`, which are given a registry, stand beside it in `api.py`."""

from __future__ import annotations

from typing import Protocol

from registry_cli.store.content import Source


class Upstream(Source, Protocol):
    """A port to the registry that this one is a copy of; it has the bytes that are not in this copy."""
