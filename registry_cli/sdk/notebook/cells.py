"""The cells of a notebook as one Python file with `# %%` marks, which editors know as the percent format.

The format: https://jupytext.readthedocs.io/en/latest/formats-scripts.html#the-percent-format. Code is kept as it was
typed, with its magics. A cell that holds a secret is left out.
"""

from __future__ import annotations

import re
from typing import Final

from registry_cli.dataclass import dataclass
from registry_cli.secrets.tokens import find_token_in_text, hide_tokens

_MARK: Final = re.compile(r"# %% In\[(\d+)\]")
_RAISED: Final = re.compile(r"# raised (\w+)(?:: .*)?")
_BEFORE: Final = "# ran before the task began"
_LEFT_OUT: Final = re.compile(r"# left out, as it holds .*")
_LONGEST: Final = 200
"""Characters of an exception's text that are kept."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that ran.

    Attributes:
        number: Its execution count, as in `In[3]`.
        code: Its code as it was typed; a comment where it is left out.
        raised: Name of the exception that ended it; None where it ran to its end, or the end is not known.
        before: True where it ran before the task began, so that its end was not seen.
    """

    number: int
    code: str
    raised: str | None = None
    before: bool = False

    @property
    def is_left_out(self) -> bool:
        """True where its code is not on record."""
        return _LEFT_OUT.fullmatch(self.code) is not None


def find_secret(code: str) -> str | None:
    """Return the kind of a secret in a cell's code, such as `a GitHub token`, or None."""
    kind = find_token_in_text(code)
    return None if kind is None else f"a {kind}"


def format_begin(number: int, code: str) -> str:
    """Return the part of the file that is written when a cell begins."""
    secret = find_secret(code)
    text = code.strip("\n") if secret is None else f"# left out, as it holds {secret}"
    return f"# %% In[{number}]\n{text}\n"


def format_end(error: BaseException | None) -> str:
    """Return the part of the file that is written when a cell ends, or an exception ends it."""
    if error is None:
        return "\n"
    words = f"{type(error).__name__}: {error}".partition("\n")[0].rstrip(": ")
    return f"# raised {hide_tokens(words)[:_LONGEST]}\n\n"


def format_before(number: int, code: str) -> str:
    """Return the part of the file for a cell that ran before the task began."""
    return f"{format_begin(number, code)}{_BEFORE}\n\n"


def parse_cells(text: str) -> list[Cell]:
    """Return the cells of a file in the order in which they ran; text before the first mark is ignored."""
    found: list[tuple[int, list[str]]] = []
    for line in text.split("\n"):
        if mark := _MARK.fullmatch(line):
            found.append((int(mark[1]), []))
        elif found:
            found[-1][1].append(line)
    return [_parse(number, "\n".join(lines).rstrip("\n")) for number, lines in found]


def _parse(number: int, code: str) -> Cell:
    text, _, last = code.rpartition("\n")
    if last == _BEFORE:
        return Cell(number, text, before=True)
    raised = _RAISED.fullmatch(last)
    return Cell(number, text, raised[1]) if raised else Cell(number, code)
