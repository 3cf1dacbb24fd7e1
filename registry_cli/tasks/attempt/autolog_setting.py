"""The setting that passes automatic logging from process to process: the JSON in REG_AUTOLOG. Reads no environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry_cli.catalog.documents import dump_doc, load_doc
from registry_cli.errors import RegError
from registry_cli.records.task import Auto

OFF = "0"
"""Value that turns automatic logging off, whatever a script or the prompt asks for."""


def dump_auto(auto: Auto) -> str:
    """Return the settings as one line of JSON."""
    frameworks = {key: value if isinstance(value, bool) else list(value) for key, value in auto.frameworks.items()}
    return dump_doc({"frameworks": frameworks, "loads": auto.loads, "keep": auto.keep})


def load_auto(text: str | None) -> Auto | None:
    """Return the settings of a line; None if automatic logging is off, or the line is not a valid setting."""
    if not text or is_off(text):
        return None
    try:
        doc: Any = load_doc(text)
        frameworks = doc.get("frameworks", {})
        keep = doc.get("keep")
        if not isinstance(frameworks, Mapping) or not isinstance(keep, str | None):
            return None
        return Auto({key: _load_wish(value) for key, value in frameworks.items()}, doc.get("loads", "known"), keep)
    except (ValueError, TypeError, AttributeError, RecursionError, RegError):
        return None


def is_off(text: str | None) -> bool:
    """Return whether a value of REG_AUTOLOG turns everything off."""
    return text == OFF


def _load_wish(value: object) -> bool | tuple[str, ...]:
    if isinstance(value, bool):
        return value
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise TypeError(f"{value!r:.60} is not a list of globs")
    return tuple(value)
