"""The scripts that shells load to complete words; `completions/` holds copies, and `reg completion SHELL` prints one.

Each passes the words before the cursor to `reg __complete` and inserts the answer, which has the form that
`complete/answer.py` describes.
"""

from __future__ import annotations

from pathlib import Path

SHELLS = ("bash", "zsh", "fish")


def read_script(shell: str) -> str:
    """Return the script of one of the shells."""
    return (Path(__file__).parent / "completions" / f"reg.{shell}").read_text(encoding="utf-8")
