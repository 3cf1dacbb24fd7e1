"""Hides the secrets of a command line: a record holds a placeholder such as `{secret:SECRET_API_KEY}` for each.

To run the command again, a user sets the variable of that name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from registry_cli.errors import UsageError
from registry_cli.secrets.names import holds_secret, looks_secret_argument
from registry_cli.secrets.tokens import PRIVATE_KEY, iter_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_PLACEHOLDER: Final = re.compile(r"\{secret:(SECRET_[A-Z0-9_]+)\}")
_ARGUMENT: Final = re.compile(r"(?P<dashes>-{0,2}|\+{1,2})(?P<name>[^\W\d][\w.-]*)(?P<joined>=.*)?", re.DOTALL)
_SHELLS: Final = frozenset({"sh", "bash", "dash", "zsh", "ksh", "fish"})
_HEADER: Final = re.compile(r"(?i:authorization)[\"']?\s*:\s*[\"']?(?:\w+\s+)?(?P<value>[\w.~+/=-]{8,})")
"""An HTTP header with credentials (RFC 9110, section 11.6.2)."""
_KEY_END: Final = re.compile(r"-----END [A-Z0-9 ]+-----")

Span = tuple[int, int, int, str]
"""A secret of a command line: position of its word, start and stop within it, and the option it belongs to."""


def hide_secrets(argv: Sequence[str]) -> tuple[str, ...]:
    """Return a command line with a placeholder instead of each secret; existing placeholders stay.

    A value is secret by its option's name, as in `--password=x`, or by its form. In a program's text, as after
    `python -c`, only strings in the form of a token are hidden.
    """
    words = list(argv)
    known: dict[str, str] = {}
    spans = sorted(set(_iter_spans(argv)))
    names = [_name(spelling, argv[at][start:stop], known) for at, start, stop, spelling in spans]
    for (at, start, stop, _), name in reversed(list(zip(spans, names, strict=True))):  # else positions would shift
        words[at] = f"{words[at][:start]}{{secret:{name}}}{words[at][stop:]}"
    return tuple(words)


def list_hidden(argv: Sequence[str]) -> list[str]:
    """Return the variables that the placeholders of a command line name, in order."""
    return list(dict.fromkeys(name for word in argv for name in _PLACEHOLDER.findall(word)))


def fill_secrets(argv: Sequence[str], environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return a command line with its placeholders replaced by the values of their variables.

    Raises:
        UsageError: A variable is not set.
    """
    missing = [name for name in list_hidden(argv) if name not in environ]
    if missing:
        raise UsageError(
            f"the command needs a secret that is not on record: set {', '.join(missing)} in the environment"
        )
    return tuple(_PLACEHOLDER.sub(lambda match: environ[match[1]], word) for word in argv)


def _name(spelling: str, value: str, known: dict[str, str]) -> str:
    """Return the variable for a secret; secrets with the same name and the same value share it."""
    first = name = f"SECRET_{re.sub(r'[^A-Z0-9]+', '_', spelling.upper()).strip('_')}"
    count = 1
    while known.setdefault(name, value) != value:
        count += 1
        name = f"{first}_{count}"
    return name


def _iter_spans(argv: Sequence[str]) -> Iterator[Span]:
    for at, word in enumerate(argv):
        if _PLACEHOLDER.search(word):
            continue
        if " " in word or "\n" in word:
            shell = any(before.rpartition("/")[2] in _SHELLS for before in argv[:at])
            yield from ((at, start, stop, spelling) for start, stop, spelling in _iter_in_text(word, at, shell=shell))
        else:
            yield from _iter_in_word(argv, at, word)


def _iter_in_text(text: str, at: int, *, shell: bool) -> Iterator[tuple[int, int, str]]:
    """Yield the secrets in a word that is a text: a program, a header, or a shell command."""
    found = [(start, stop) for start, stop in _iter_token_spans(text)]
    found += [match.span("value") for match in _HEADER.finditer(text)]
    if shell:
        words = list(re.finditer(r"\S+", text))
        for inner, start, stop, spelling in _iter_spans([word[0] for word in words]):
            begin = words[inner].start()
            quoted = words[inner][0][start:stop].strip("\"'")
            first = begin + words[inner][0].index(quoted, start)
            if not any(before < first + len(quoted) and first < after for before, after in found):
                yield first, first + len(quoted), spelling
    yield from ((start, stop, f"word {at}") for start, stop in _join(found))


def _iter_in_word(argv: Sequence[str], at: int, word: str) -> Iterator[Span]:
    argument = _ARGUMENT.fullmatch(word)
    before = _ARGUMENT.fullmatch(argv[at - 1]) if at else None
    if argument and argument["joined"]:
        start = argument.start("joined") + 1
        if looks_secret_argument(word[: start - 1], word[start:]):
            yield at, start, len(word), word[: start - 1]
    elif before and before["dashes"] and not before["joined"] and not word.startswith("-"):
        if looks_secret_argument(argv[at - 1], word):
            yield at, 0, len(word), argv[at - 1]
    elif holds_secret(word):
        yield at, 0, len(word), f"word {at}"


def _iter_token_spans(text: str) -> Iterator[tuple[int, int]]:
    raw = text.encode(errors="surrogatepass")
    for token in iter_tokens(raw):
        start = len(raw[: token.start].decode(errors="surrogatepass"))
        if token.kind == PRIVATE_KEY:  # it continues over several lines
            end = _KEY_END.search(text, start)
            yield start, end.end() if end else len(text)
        else:
            yield start, start + len(raw[token.start : token.stop].decode(errors="surrogatepass"))


def _join(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans in order, with overlapping ones merged."""
    joined: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(stop, joined[-1][1]))
        else:
            joined.append((start, stop))
    return joined
