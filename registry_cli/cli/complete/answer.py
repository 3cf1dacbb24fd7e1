"""`reg __complete SHELL WORDS...`: answers the scripts in `completions/` at every press of the tab key.

The first line of the answer is the kind of the others: `words`, `nospace` (words that continue), `files` or `dirs`;
each other line is a candidate, a tab and its description. Imports neither Typer nor any other slow module, as a user
waits.
"""

from __future__ import annotations

import sys

from registry_cli.cli.complete.candidates import FILES, list_candidates
from registry_cli.cli.complete.parse import find_place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_GOES_ON = ("=", ":", "/", ".", "(", "@")
_REFERENCES = frozenset({"REF", "[ROLE=]REF", "[NAME=]REF"})


def answer(words: Sequence[str]) -> int:
    """Print the answer, or a shell's script where only the shell is named."""
    shell, typed = words[0] if words else "", list(words[1:])
    if not typed:
        from registry_cli.cli.shell_scripts import SHELLS, read_script

        sys.stdout.write(read_script(shell) if shell in SHELLS else "")
        return 0 if shell in SHELLS else 2
    if shell == "bash":
        kind, found = _answer_bash(*typed)
    else:
        kind, found = _answer(typed)
    lines = [kind, *(f"{value}\t{about}" if shell != "bash" else value for value, about in found)]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def _answer(typed: list[str]) -> tuple[str, list[tuple[str, str]]]:
    place = find_place(typed)
    if place.kind in FILES:
        return "dirs" if place.kind == "DIR" else "files", []
    found = [pair for pair in list_candidates(place) if not set("\t\n") & set(pair[0])]
    return "nospace" if _goes_on(place.kind, [value for value, _ in found]) else "words", found


def _goes_on(kind: str, values: list[str]) -> bool:
    """Return True where a word may continue after a candidate: a bare name may still get its number or alias."""
    bare = kind in _REFERENCES and len(values) == 1 and not {":", "@"} & set(values[0])
    return bare or any(value.endswith(_GOES_ON) for value in values)


def _answer_bash(text: str, breaks: str) -> tuple[str, list[tuple[str, str]]]:
    from registry_cli.cli.complete.bash import quote, split_line

    line = split_line(text, breaks)
    if line.redirected or len(line.words) < 2:
        return "files", []
    kind, found = _answer(line.words[1:])
    return kind, [(quote(value, line), "") for value, _ in found]
