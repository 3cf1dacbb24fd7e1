"""The guides that ship with the program and print with `reg help TOPIC`."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final

GUIDES: Final = Path(__file__).parent.parent / "guides"
MADE: Final = {"<!-- made: frameworks -->\n": ("registry_cli.cli.frameworks", "format_frameworks")}
"""Lines of guides in whose place stands what a function returns, imported when somebody reads it."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One guide; its summary is its heading."""

    name: str
    summary: str


def list_topics() -> list[Topic]:
    """Return all topics by name."""
    return [Topic(path.stem, _heading(path)) for path in sorted(GUIDES.glob("*.md"))]


def find_topic(name: str) -> str | None:
    """Return the text of a guide as Markdown, or None where there is none of that name."""
    if name not in {path.stem for path in GUIDES.glob("*.md")}:
        return None
    text = (GUIDES / f"{name}.md").read_text(encoding="utf-8")
    for mark, (module, function) in MADE.items():
        if mark in text:
            text = text.replace(mark, f"{getattr(import_module(module), function)()}\n")
    return text


def _heading(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        return file.readline().lstrip("# ").rstrip().rstrip(".")
