"""The special case of bash: it splits words at `:`, `=` and `@`, and inserts candidates as they are, unquoted."""

from __future__ import annotations

_SPECIAL = frozenset(" \t\n\"'\\`$&|;<>()*?[]{}!#~")


class Line:
    """A command line up to the cursor, as bash reads it.

    Attributes:
        words: The words without quotes; the last one may be empty.
        quote: The quote that is open at the cursor, or empty.
        kept: Number of characters of the last word that bash keeps in front of the inserted text.
        redirected: True where the last word is a file to read or write.
    """

    __slots__ = ("kept", "quote", "redirected", "words")

    def __init__(self) -> None:
        self.words: list[str] = [""]
        self.quote = ""
        self.kept = 0
        self.redirected = False


def split_line(text: str, breaks: str) -> Line:
    """Read `text` as bash does; `breaks` are the characters of COMP_WORDBREAKS."""
    line = Line()
    breaking = frozenset(breaks) & frozenset(":=@")
    blank, escaped = True, False
    for character in text:
        if escaped:
            line.words[-1] += character
            escaped = False
        elif line.quote:
            if character == line.quote:
                line.quote, line.kept = "", 0
            else:
                line.words[-1] += character
        elif character == "\\":
            escaped, blank = True, False
        elif character in " \t\n<>":
            _end_word(line, operator=character in "<>", blank=blank)
            blank = True
            continue
        elif character in "\"'":
            line.quote, line.kept = character, len(line.words[-1])
        else:
            line.words[-1] += character
            if character in breaking:  # readline keeps an `@` with the word that it begins
                line.kept = len(line.words[-1]) - (character == "@")
        blank = False
    return line


def _end_word(line: Line, *, operator: bool, blank: bool) -> None:
    """Begin the next word; the file of a redirection is no word of the command."""
    if line.redirected and not blank:
        line.words[-1], line.redirected = "", False
    elif not blank:
        line.words.append("")
    line.redirected = line.redirected or operator
    line.kept = 0


def quote(candidate: str, line: Line) -> str:
    """Return the text that bash inserts for `candidate`: without the kept characters, quoted as the word is."""
    rest = candidate[line.kept :]
    if line.quote == "'":
        return rest.replace("'", "'\\''")
    if line.quote == '"':
        return "".join(f"\\{character}" if character in '"\\$`' else character for character in rest)
    return "".join(f"\\{character}" if character in _SPECIAL else character for character in rest)
