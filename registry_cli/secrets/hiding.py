"""Secrets of a command line: in a record a place such as `{secret:SECRET_API_KEY}` stands for each.

Whoever runs the command again sets the variable of that name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from registry_cli.errors import UsageError
from registry_cli.secrets.names import holds_secret, looks_secret_argument
from registry_cli.secrets.tokens import PRIVATE_KEY, iter_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_PLACE: Final = re.compile(r"\{secret:(SECRET_[A-Z0-9_]+)\}")
_ARGUMENT: Final = re.compile(r"(?P<dashes>-{0,2}|\+{1,2})(?P<name>[^\W\d][\w.-]*)(?P<joined>=.*)?", re.DOTALL)
_SHELLS: Final = frozenset({"sh", "bash", "dash", "zsh", "ksh", "fish"})
_HEADER: Final = re.compile(r"(?i:authorization)[\"']?\s*:\s*[\"']?(?:\w+\s+)?(?P<value>[\w.~+/=-]{8,})")
"""What lets one in by HTTP (RFC 9110, section 11.6.2)."""
_KEY_END: Final = re.compile(r"-----END [A-Z0-9 ]+-----")

Span = tuple[int, int, int, str]
"""A secret of a command line: position of its word, start and stop within it, and the option it is given to."""


def hide_secrets(argv: Sequence[str]) -> tuple[str, ...]:
    """Return a command line with a place in each spot where a secret stands; places that are there stay.

    A value is one by its option's name, as in `--password=x`, or by its form. Of a program's text, as in `python -c`,
    only what has the form of a token is hidden.
    """
    words = list(argv)
    known: dict[str, str] = {}
    spans = sorted(set(_iter_spans(argv)))
    names = [_name(spelling, argv[at][start:stop], known) for at, start, stop, spelling in spans]
    for (at, start, stop, _), name in reversed(list(zip(spans, names, strict=True))):  # else places would shift
        words[at] = f"{words[at][:start]}{{secret:{name}}}{words[at][stop:]}"
    return tuple(words)


def list_hidden(argv: Sequence[str]) -> list[str]:
    """Return the variables that a command line needs, in order."""
    return list(dict.fromkeys(name for word in argv for name in _PLACE.findall(word)))


def fill_secrets(argv: Sequence[str], environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return a command line with its secrets, as variables of these names tell them.

    Raises:
        UsageError: A variable is not set.
    """
    missing = [name for name in list_hidden(argv) if name not in environ]
    if missing:
        raise UsageError(
            f"the command needs a secret that is not on record: set {', '.join(missing)} in the environment"
        )
    return tuple(_PLACE.sub(lambda match: environ[match[1]], word) for word in argv)


def _name(spelling: str, value: str, known: dict[str, str]) -> str:
    """Return the variable of a secret; two with one name and one value share it."""
    first = name = f"SECRET_{re.sub(r'[^A-Z0-9]+', '_', spelling.upper()).strip('_')}"
    count = 1
    while known.setdefault(name, value) != value:
        count += 1
        name = f"{first}_{count}"
    return name


def _iter_spans(argv: Sequence[str]) -> Iterator[Span]:
    for at, word in enumerate(argv):
        if _PLACE.search(word):
            continue
        if " " in word or "\n" in word:
            shell = any(before.rpartition("/")[2] in _SHELLS for before in argv[:at])
            yield from ((at, start, stop, spelling) for start, stop, spelling in _iter_in_text(word, at, shell=shell))
        else:
            yield from _iter_in_word(argv, at, word)


def _iter_in_text(text: str, at: int, *, shell: bool) -> Iterator[tuple[int, int, str]]:
    """Yield what is secret in a word that is a text: a program, a header, or a command of a shell."""
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
        if token.kind == PRIVATE_KEY:  # it goes on line by line
            end = _KEY_END.search(text, start)
            yield start, end.end() if end else len(text)
        else:
            yield start, start + len(raw[token.start : token.stop].decode(errors="surrogatepass"))


def _join(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans in order, those that overlap made one."""
    joined: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(stop, joined[-1][1]))
        else:
            joined.append((start, stop))
    return joined
