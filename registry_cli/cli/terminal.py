"""Makes bytes of others safe for a terminal: text, line breaks and colours pass; all else it would obey is shown.

The output of a task may set the window's title, fill the clipboard, ask the terminal to type an answer into the shell,
or paint over earlier output. Tab, backspace, carriage return, colours (SGR) and the erasing of a line (EL) pass, since
progress bars need them; see ECMA-48 and https://invisible-island.net/xterm/ctlseqs/ctlseqs.html.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Final

from registry_cli.views.text import BYTES, escape, list_controls

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RESET: Final = "\x1b[0m"
_LONGEST: Final = 60
"""Most characters of the numbers in a sequence that passes; the longest that set a colour have twenty."""
_NUMBERS: Final = rf"\x1b\[[0-9;:]{{0,{_LONGEST}}}"
_CONTROLS: Final = "".join(
    re.escape(chr(code)) for code in list_controls() if chr(code) not in {"\t", "\n", "\r", "\b"}
)
_OBEYED: Final = re.compile(rf"({_NUMBERS}[mK])|[{_CONTROLS}]")
_UNFINISHED: Final = re.compile(rf"(?:\x1b|{_NUMBERS})\Z")


def tame(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield the text of some bytes that is safe for a terminal, piece by piece; colours are reset at the end."""
    decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
    pending, coloured = "", False
    for piece in pieces:
        text = pending + decode(piece)
        open_end = _UNFINISHED.search(text)
        pending = open_end[0] if open_end else ""
        text = _tame(text.removesuffix(pending))
        coloured = coloured or "\x1b[" in text
        yield text
    rest = _tame(pending + decode(b"", final=True))
    yield rest + (RESET if coloured else "")


def tame_text(text: str) -> str:
    """Return a text as it is safe for a terminal."""
    return "".join(tame([text.encode(errors="surrogateescape")]))


def _tame(text: str) -> str:
    return _OBEYED.sub(lambda found: found[1] or escape(found[0]), text).translate(BYTES)
