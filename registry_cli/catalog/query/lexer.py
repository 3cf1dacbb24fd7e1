"""The lexer: a query's text as tokens, and the error that marks a place in it. Knows no fields and no grammar."""

from __future__ import annotations

from typing import Final, Literal, NoReturn

from registry_cli.dataclass import dataclass
from registry_cli.errors import UsageError

_OPERATORS: Final = ("==", "!=", "!~", "<=", ">=", "=", "<", ">", "~")
_WIDTH: Final = 100


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a query.

    Attributes:
        text: Its text; a string, or a quoted part of a word, is without quotes and escapes.
        start: Offset of its first character in the query.
        end: Offset one past its last character.
    """

    kind: Literal["word", "string", "operator", "mark", "end"]
    text: str
    start: int
    end: int


def point_at(
    source: str, start: int, end: int, problem: str, accepted: str | None = None, *, hint: str = "reg help query"
) -> UsageError:
    """Return an error that shows the query on one line and marks the place below it."""
    first_line = f"{problem}: {accepted}" if accepted else problem
    first = max(0, start - _WIDTH // 2) if len(source) > _WIDTH else 0
    shown = "".join(character if character.isprintable() else " " for character in source[first : first + _WIDTH])
    carets = "^" * max(1, min(end, first + len(shown)) - start)
    lead = "…" if first else ""
    tail = "…" if first + _WIDTH < len(source) else ""
    mark = " " * (len(lead) + start - first) + carets
    return UsageError(f"{first_line}\n  {lead}{shown}{tail}\n  {mark}", hint=hint)


class TokenReader:
    """Reads the tokens of one text in their order; the parser of each grammar is one.

    Attributes:
        accepted: What the grammar accepts in general, for errors that say nothing more exact.
        hint: The command that explains the grammar.
    """

    accepted: str | None = None
    hint = "reg help query"

    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = list_tokens(source)
        self.at = 0

    @property
    def token(self) -> Token:
        """The next token."""
        return self.tokens[self.at]

    def next(self) -> Token:
        """Return the next token and go past it; the last one stays."""
        token = self.token
        self.at += token.kind != "end"
        return token

    def take_mark(self, mark: str) -> bool:
        """Go past a mark, and return whether it was the next token."""
        found = self.token.kind == "mark" and self.token.text == mark
        self.at += found
        return found

    def need_mark(self, mark: str) -> Token:
        """Go past a mark that must be the next token, and return it."""
        if not self.take_mark(mark):
            self.fail(f"expected `{mark}` here")
        return self.tokens[self.at - 1]

    def fail(self, problem: str, token: Token | None = None, accepted: str | None = None) -> NoReturn:
        """Raise the error that marks a token, the next one by default."""
        token = token or self.token
        raise point_at(self.source, token.start, token.end, problem, accepted or self.accepted, hint=self.hint)


def list_tokens(source: str) -> list[Token]:
    """Return the tokens of `source`, the last of kind `end`.

    Raises:
        UsageError: A quote is not closed.
    """
    tokens = []
    at = 0
    while at < len(source):
        character = source[at]
        if character.isspace():
            at += 1
            continue
        operator = _operator_at(source, at)
        if character in "(),":
            token = Token("mark", character, at, at + 1)
        elif operator:
            token = Token("operator", operator, at, at + len(operator))
        elif character in "\"'":
            text, end = _read_string(source, at)
            token = Token("string", text, at, end)
        else:
            token = _read_word(source, at)
        tokens.append(token)
        at = token.end
    return [*tokens, Token("end", "", len(source), len(source))]


def read_reference(source: str, at: int) -> Token:
    """Return the address that starts at `at` and ends before the next `)`; it may hold `~`, `@` and `:`.

    Raises:
        UsageError: The address is empty, or its quote or parenthesis is not closed.
    """
    while at < len(source) and source[at].isspace():
        at += 1
    if at < len(source) and source[at] in "\"'":
        text, end = _read_string(source, at)
        return Token("string", text, at, end)
    end = source.find(")", at)
    if end < 0:
        raise point_at(source, at, len(source), "`)` is missing after the address")
    text = source[at:end].rstrip()
    if not text:
        raise point_at(source, at, at, "an address is missing here", "write it as in `descends(fraud/xgb:1)`")
    return Token("word", text, at, at + len(text))


def _operator_at(source: str, at: int) -> str | None:
    return next((operator for operator in _OPERATORS if source.startswith(operator, at)), None)


def _read_word(source: str, start: int) -> Token:
    """Read up to a space, mark or operator; a quote right after `.`, `:` or `@` is part of the word."""
    pieces: list[str] = []
    at = start
    while at < len(source):
        character = source[at]
        if character in "\"'" and source[at - 1] in ".:@" and at > start:
            text, at = _read_string(source, at)
            pieces.append(text)
            continue
        if character.isspace() or character in "(),\"'" or _operator_at(source, at):
            break
        pieces.append(character)
        at += 1
    return Token("word", "".join(pieces), start, at)


def _read_string(source: str, start: int) -> tuple[str, int]:
    """Read a quoted string; a backslash escapes the quote and itself, and is literal before any other character."""
    quote = source[start]
    pieces: list[str] = []
    at = start + 1
    while at < len(source):
        character = source[at]
        if character == quote:
            return "".join(pieces), at + 1
        if character == "\\" and source[at + 1 : at + 2] in {quote, "\\"}:
            at += 1
            character = source[at]
        pieces.append(character)
        at += 1
    raise point_at(source, start, start + 1, "this quote is not closed")
