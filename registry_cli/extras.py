"""Optional packages: import one inside the function that needs it, or say in one line how to install it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from registry_cli.errors import MissingExtraError

if TYPE_CHECKING:
    from types import ModuleType


def require(module: str, *, extra: str) -> ModuleType:
    """Import `module`.

    Raises:
        MissingExtraError: It is not installed; the hint names the extra that brings it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"this needs the package `{module.partition('.')[0]}`", hint=f"pip install 'registry-cli[{extra}]'"
        ) from error
