"""Bytes of others on a terminal: text, line breaks and colours reach it; whatever else it would obey is shown instead.

What a task printed may set the window's title, fill the clipboard, ask the terminal to type an answer into the shell,
or paint over what stood there before. Kept are tab, backspace and carriage return, colours (SGR) and the erasing of a
line (EL), which bars of progress need; see ECMA-48 and https://invisible-island.net/xterm/ctlseqs/ctlseqs.html.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Final

from registry_cli.views.text import escape, list_controls

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RESET: Final = "\x1b[0m"
_LONGEST: Final = 60
"""Characters of the numbers in a sequence that is kept; the longest that set a colour have twenty."""
_NUMBERS: Final = rf"\x1b\[[0-9;:]{{0,{_LONGEST}}}"
_CONTROLS: Final = "".join(
    re.escape(chr(code)) for code in list_controls() if chr(code) not in {"\t", "\n", "\r", "\b"}
)
_OBEYED: Final = re.compile(rf"({_NUMBERS}[mK])|[{_CONTROLS}]")
_UNFINISHED: Final = re.compile(rf"(?:\x1b|{_NUMBERS})\Z")
_BYTES: Final = {0xDC00 + byte: f"\\x{byte:02x}" for byte in range(0x80, 0x100)}
"""Bytes that are no UTF-8: an 8-bit terminal may obey them."""


def tame(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield what of some bytes a terminal may be given, piece by piece; colours end with the last one."""
    decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
    held, coloured = "", False
    for piece in pieces:
        text = held + decode(piece)
        open_end = _UNFINISHED.search(text)
        held = open_end[0] if open_end else ""
        text = _tame(text.removesuffix(held))
        coloured = coloured or "\x1b[" in text
        yield text
    rest = _tame(held + decode(b"", final=True))
    yield rest + (RESET if coloured else "")


def tame_text(text: str) -> str:
    """Return what of a text a terminal may be given."""
    return "".join(tame([text.encode(errors="surrogateescape")]))


def _tame(text: str) -> str:
    return _OBEYED.sub(lambda found: found[1] or escape(found[0]), text).translate(_BYTES)
