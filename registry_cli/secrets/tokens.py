"""Finds tokens in bytes by their forms: the keys of well-known services. Knows no names and no files.

Each form is one that the provider documents or issues: a fixed beginning and the characters after it. The list was
compared with those of gitleaks (MIT licence, https://github.com/gitleaks/gitleaks) and detect-secrets (Apache licence
2.0, https://github.com/Yelp/detect-secrets); no text is copied from either. Their rules that judge by entropy, or by a
word such as `password` nearby, are left out: in source code they are wrong more often than right.

Sources: https://docs.github.com/en/code-security/secret-scanning/introduction/supported-secret-scanning-patterns,
https://docs.gitlab.com/security/tokens/, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html,
RFC 7468 and RFC 9580 (private keys), RFC 7519 (JWT).
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from registry_cli.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CHUNK: Final = 1 << 20
"""Bytes that are searched at once, without the overlap."""
OVERLAP: Final = 1 << 12
"""Bytes that two neighbouring chunks share; every form is recognised within fewer bytes."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token that was found.

    Attributes:
        kind: Kind and service, in words that follow "a": `GitHub token`.
        start: Offset of its first byte.
        stop: Offset after its last byte.
    """

    kind: str
    start: int
    stop: int


PRIVATE_KEY: Final = "private key"
_DIGIT: Final = r"(?=[A-Za-z_-]*\d)"
"""A name in a program may begin like a token, but seldom has digits in the middle."""
_LINE: Final = r"[A-Za-z0-9+/]{2,}={0,2}[ \t]*(?:\Z|[\\\"'\r\n])"
_KEY: Final = (
    r"(?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:"
    rf"(?:\\[nr]|\n[-+]?|[^\S\n])+(?:{_LINE}|[A-Z][A-Za-z-]+: )"
    r"|(?:\\[nr]|[\"'\s,+\\#*>-]){1,60}[A-Za-z0-9+/]{32})"
)
"""A line of the key must follow, to tell a key from a program that searches for one. JSON writes its line feeds as
`\\n`, a diff has a sign before each line, a program quotes each line."""
_FORMS: Final[tuple[tuple[str, tuple[str, ...], str], ...]] = (
    (PRIVATE_KEY, ("-----BEGIN ",), _KEY),
    (PRIVATE_KEY, ("PuTTY-User-Key-File-",), r"\d: \S"),
    (PRIVATE_KEY, ("AGE-SECRET-KEY-1",), r"[A-Z0-9]{32,}"),
    ("GitHub token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"[A-Za-z0-9]{16,}"),
    ("GitHub token", ("github_pat_",), rf"{_DIGIT}\w{{10,}}"),
    ("GitLab token", ("glpat-", "gldt-", "glrt-"), r"[\w-]{16,}"),
    ("AWS key", ("AKIA", "ASIA"), r"[A-Z0-9]{12,}(?<!EXAMPLE)(?![A-Za-z0-9])"),
    ("AWS key", ("aws_secret_access_key", "AWS_SECRET_ACCESS_KEY"),
     r"[\"']?\s*[:=]\s*[\"']?[A-Za-z0-9/+]{40}(?<!EXAMPLEKEY)(?![A-Za-z0-9/+])"),
    ("Azure key", ("AccountKey=", "SharedAccessKey="), r"[A-Za-z0-9+/]{40,}"),
    ("Google key", ("AIza",), r"[\w-]{30,}"),
    ("Google key", ("ya29.", "GOCSPX-"), r"[\w-]{16,}"),
    ("Hugging Face token", ("hf_",), rf"(?:{_DIGIT}[A-Za-z0-9]{{16,}}|[A-Za-z]{{34,}})(?!\w)"),
    ("API key", ("sk-",), rf"(?:(?:proj|svcacct|admin|ant-\w+)-[\w-]{{8,}}|(?:or-v1|lf)-[0-9a-f-]{{20,}}"
     rf"|{_DIGIT}[A-Za-z0-9]{{20,}})"),
    ("API key", ("gsk_", "r8_", "pplx-", "xai-", "nvapi-"), rf"{_DIGIT}[\w-]{{24,}}"),
    ("Stripe key", ("sk_live_", "rk_live_"), r"[A-Za-z0-9]{16,}"),
    ("Slack token", ("xox",), r"[abeoprs]-\d[\w-]{9,}"),
    ("Slack token", ("xapp-",), r"\d[\w-]{9,}"),
    ("webhook", ("hooks.slack.com/services/", "discord.com/api/webhooks/"), r"\w+/[\w/-]{16,}"),
    ("npm token", ("npm_",), rf"{_DIGIT}[A-Za-z0-9]{{24,}}"),
    ("PyPI token", ("pypi-AgE",), r"[\w-]{10,}"),
    ("Docker token", ("dckr_pat_",), r"[\w-]{16,}"),
    ("Vault token", ("hvs.",), r"[\w-]{20,}"),
    ("SendGrid key", ("SG.",), r"[\w-]{16,}\.[\w-]{16,}"),
    ("Shopify token", ("shpat_",), r"[0-9a-fA-F]{24,}"),
    ("DigitalOcean token", ("dop_v1_",), r"[0-9a-f]{24,}"),
    ("Grafana token", ("glsa_",), r"\w{24,}"),
    ("Databricks token", ("dapi",), r"[0-9a-f]{32}(?![0-9A-Za-z])"),
    ("web token", ("eyJ",), r"[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{3,}"),
    ("signature of a URL", ("-Signature=", "X-Amz-Security-Token="), r"[\w%+/-]{8,}"),
    ("signature of a URL", ("?sig=", "&sig=", "?Signature=", "&Signature="), r"[\w%+/~-]{24,}"),
    ("token in a URL", ("access_token=", "private_token="), rf"{_DIGIT}[\w.-]{{16,}}"),
    ("password in a URL", ("://",),
     r"[^\s/@:\"'`<>{}$()\\]{0,64}:(?=[^@]{0,64}\d)(?=[^@]{0,64}[A-Za-z])[^\s/@\"'`<>{}$()\\]{8,64}@[\w\[]"),
    ("token in a URL", ("://",), rf"{_DIGIT}[\w-]{{20,}}@[\w\[]"),
)  # fmt: skip
"""Kind, beginnings, and the characters after one of them; a token may be shorter than the provider's, because half of
one is still a secret. Each beginning costs one search through all bytes."""
_RULES: Final[dict[bytes, list[tuple[str, str]]]] = {}
for _kind, _beginnings, _rest in _FORMS:
    for _beginning in _beginnings:
        _RULES.setdefault(_beginning.encode(), []).append((_kind, _rest))
_ALNUM: Final = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")
_ESCAPES: Final = frozenset(b"nrt")


def iter_tokens(data: bytes) -> Iterator[Token]:
    """Yield the tokens in `data`, form by form; two may overlap."""
    for beginning, rules in _RULES.items():  # a search for one fixed word is 50 times faster than for any of many
        at = data.find(beginning)
        while at >= 0:
            stop = at + len(beginning)
            for kind, rest in rules if _stands_alone(data, at) else ():
                if match := _compile(rest).match(data, stop):
                    yield Token(kind, at, match.end())
                    stop = match.end()
                    break
            at = data.find(beginning, stop)


def find_token(data: bytes) -> str | None:
    """Return the kind of a token in `data`, or None."""
    return next((token.kind for token in iter_tokens(data)), None)


def find_token_in_text(text: str) -> str | None:
    """Return the kind of a token in a text, or None."""
    return find_token(text.encode(errors="surrogatepass"))


def hide_tokens(text: str) -> str:
    """Return a text with `***` in place of each token."""
    raw = text.encode(errors="surrogatepass")
    for token in sorted(iter_tokens(raw), key=lambda token: token.start, reverse=True):
        raw = raw[: token.start] + b"***" + raw[token.stop :]
    return raw.decode(errors="surrogatepass")


def find_token_in(chunks: Iterable[bytes]) -> str | None:
    """Return the kind of a token in the joined chunks, or None; a token may lie across two of them."""
    before = b""
    for chunk in chunks:
        data = before + chunk
        if kind := find_token(data):
            return kind
        before = data[-OVERLAP:]
    return None


@cache
def _compile(rest: str) -> re.Pattern[bytes]:
    """Compile a form when its beginning first occurs: compiling all of them takes longer than scanning most diffs."""
    return re.compile(rest.encode())


def _stands_alone(data: bytes, at: int) -> bool:
    """Return whether a word begins at `at`; the letter of an escaped line feed or tab before it does not count."""
    if not at or data[at] not in _ALNUM or data[at - 1] not in _ALNUM:
        return True
    return data[at - 1] in _ESCAPES and data[at - 2 : at - 1] == b"\\"
