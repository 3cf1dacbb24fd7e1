"""Recognises names and values that look like secrets, which are never stored. In doubt a value counts as a secret.

Arguments and parameters are the exception: experiments have `--max-tokens` and `--sort-key`, so that a name alone
decides less there.

The forms of tokens are in `tokens`.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from registry_cli.secrets.tokens import find_token_in_text

if TYPE_CHECKING:
    from collections.abc import Sequence

_PLAIN_NAMES: Final = frozenset({"PWD", "OLDPWD", "SSH_TTY"})
_WORDS: Final = frozenset({
    "AUTH", "AUTHORIZATION", "BEARER", "COOKIE", "COOKIES", "CREDENTIAL", "CREDENTIALS", "CREDS", "DSN", "JWT", "KEY",
    "KEYS", "LOGIN", "MNEMONIC", "OAUTH", "OTP", "PASS", "PASSPHRASE", "PASSWD", "PASSWORD", "PAT", "PEM", "PIN",
    "PRIVATE", "PSK", "PW", "PWD", "SALT", "SAS", "SECRET", "SECRETS", "SESSION", "SIGNATURE", "TOKEN", "TOKENS",
})  # fmt: skip
"""Words that make a name secret; the words of a name are separated by `_`, digits or a change of case."""
_SURE: Final = re.compile(
    r"PASSW|PASSPHRASE|SECRET|CREDENTIAL|COOKIE|(API|ACCESS|PRIVATE|ACCOUNT|MASTER|SIGNING)_?KEY|CONN(ECTION)?_?STR"
    r"|SEED_?PHRASE"
)
_PARTS: Final = re.compile(rf"{_SURE.pattern}|TOKEN(?!I[ZS])")
"""Parts that make a name secret, anywhere in it."""
_LAST: Final = frozenset({
    "AUTH", "AUTHORIZATION", "BEARER", "CREDS", "DSN", "JWT", "MNEMONIC", "OAUTH", "OTP", "PASS", "PIN", "PSK", "PW",
    "PWD", "SAS", "TOKEN",
})  # fmt: skip
"""Words at the end of an argument's name whose value, unless it is a number, is a secret."""
_OF_TEXT: Final = frozenset({"BOS", "CLS", "END", "EOS", "IMAGE", "MASK", "PAD", "SEP", "START", "STOP", "UNK"})
"""Words before `token` where that means a token of a text."""
_PLACES: Final = frozenset({"DIR", "ENV", "FILE", "NAME", "PATH"})
"""Words at the end of an argument's name whose value is the location of a secret, not the secret."""
_NAME_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_VALUES: Final = re.compile(
    r"""
      [A-Za-z][\w.+-]*://[^/\s@]*:[^/\s@]+@          # a URL with a password
    | [A-Za-z][\w.+-]*://[^/\s@:]{16,}@              # or with a token
    | -----BEGIN\s                                   # PEM
    | \b(?:Bearer|Basic)\s+\S{8}
    | (?i:(?:passw(?:or)?d|pwd|secret|token|sig|signature|credential)=[^\s&;]{4})
    | (?i:(?:api|access|account|shared\w*)[_-]?key=[^\s&;]{4})
    """,
    re.VERBOSE,
)
_FILES: Final = (
    *(".env", ".env.*", "*.env", ".envrc", ".netrc", "_netrc", ".pypirc", ".npmrc", ".pgpass", ".htpasswd", ".boto"),
    *(".git-credentials", "credentials*", "client_secret*.json", "kaggle.json", "id_rsa*", "id_dsa*", "id_ecdsa*"),
    *("id_ed25519*", "*.pem", "*.key", "*.p12", "*.pfx", "*.ppk", "*.jks", "*.keystore", "*.kdbx"),
)
"""Names of files, in lower case."""
_FOLDERS: Final = frozenset({".ssh", ".aws", ".gnupg", ".kube", ".azure"})
_NO_SECRETS: Final = (
    *("*.py", "*.pyi", "*.ipynb", "*.c", "*.h", "*.cpp", "*.cu", "*.rs", "*.go", "*.js", "*.ts", "*.java", "*.md"),
    *("*.rst", "*.pub", "*.example", "*.sample", "*.template", "*.dist"),
)
"""Files without secrets, whatever else their name says: code, text, public keys, and examples of secret files."""
_SWITCH: Final = re.compile(r"|true|false|yes|no|on|off|none|null|auto", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[+-]?[\d.]+(?:e[+-]?\d+)?", re.IGNORECASE)
_DEVICES: Final = re.compile(r"\b(?:GPU|MIG)-[0-9a-f-]{36}\b")
"""NVIDIA's names of devices, which would otherwise look like keys."""
_UUID: Final = re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b")
_COMMIT_NAME: Final = re.compile(r"(?:SHA|COMMIT|SHA256|DIGEST)$|COMMIT_|_SHA_")
_COMMIT: Final = re.compile(r"(?:sha256:)?[0-9a-f]{7,64}")
_RUN: Final = re.compile(r"[A-Za-z0-9+/_=.~-]{20,}")
_AWS: Final = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[A-Za-z0-9/+]{40}")
"""The form of Amazon's secret keys."""
_DIGEST: Final = 32
"""Characters of the shortest digest in use."""
_MIXED: Final = 0.38
"""Least share of neighbours of different kinds; it is 0.62 in random letters and digits, 0.1 to 0.35 in words."""


def looks_secret(name: str, value: str) -> bool:
    """Return whether a variable of this name and value might be a secret."""
    return _is_secret_name(name) or _is_secret_value(name, value)


def looks_secret_argument(name: str, value: str) -> bool:
    """Return whether an argument or parameter is a secret; `max_tokens=512` and `sort_key=loss` are not.

    For values only known forms of tokens count: a digest or a run's id on a command line is not a secret.

    Args:
        name: Name with or without dashes.
        value: Value as it was typed; empty where there is none.
    """
    words = [word.upper() for word in _NAME_WORD.findall(name)]
    if holds_secret(value):
        return True
    if not words or words[-1] in _PLACES or _SWITCH.fullmatch(value):
        return False
    if _SURE.search(name.upper().replace("-", "_")) or (_WORDS & set(words) and _is_secret_value(name, value)):
        return True
    return words[-1] in _LAST and not (_OF_TEXT & set(words) or _NUMBER.fullmatch(value))


def is_secret_file(path: str) -> bool:
    """Return whether a file of this name, with `/` between its folders, usually holds secrets."""
    *folders, name = path.lower().split("/")
    return bool(_FOLDERS & set(folders)) or (_fits(name, _FILES) and not _fits(name, _NO_SECRETS))


def holds_secret(text: str) -> bool:
    """Return whether a text has the form of a secret: a token, a key, a URL with credentials, or `password=`."""
    return _VALUES.search(text) is not None or find_token_in_text(text) is not None


def _fits(name: str, globs: Sequence[str]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)


def _is_secret_name(name: str) -> bool:
    if name in _PLAIN_NAMES:
        return False
    words = {word.upper() for word in _NAME_WORD.findall(name)}
    return bool(words & _WORDS) or _PARTS.search(name.upper().replace("-", "_")) is not None


def _is_secret_value(name: str, value: str) -> bool:
    if holds_secret(value):
        return True
    if _COMMIT_NAME.search(name.upper()) and _COMMIT.fullmatch(value):
        return False
    rest = _DEVICES.sub("", value)
    return _UUID.search(rest) is not None or any(_is_random(run) for run in _iter_runs(rest))


def _iter_runs(text: str) -> list[str]:
    """Return the long words of a text, which could be keys; a path is split into its parts."""
    found: list[str] = []
    for run in _RUN.findall(text):
        parts = run.split("/") if run.startswith(("/", "~/", "./", "../")) else [run]
        found += [part for part in parts if len(part) >= 20]
    return found


def _is_random(run: str) -> bool:
    if _AWS.fullmatch(run) or any(_is_unbroken(part) for part in re.split(r"[^A-Za-z0-9]", run)):
        return True
    kinds = [_kind(letter) for letter in run if letter.isalnum()]
    if len(kinds) < 20 or len(set(kinds)) < 2 or "0" not in kinds:
        return False
    changes = sum(a != b for a, b in pairwise(kinds))
    least = _MIXED if len(set(kinds)) == 3 else _MIXED * 2 / 3  # with two kinds, neighbours differ less often
    return changes / (len(kinds) - 1) >= least


def _is_unbroken(word: str) -> bool:
    """Return whether letters and digits alternate over the length of a digest, which they do in no name."""
    return len(word) >= _DIGEST and len(re.findall(r"\d+", word)) >= 3


def _kind(letter: str) -> str:
    return "0" if letter.isdigit() else "a" if letter.islower() else "A"
