"""Refuses values for a record that hold a secret: a record is permanent, and every reader of it sees the secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, unquote

from registry_cli.errors import UsageError
from registry_cli.secrets.names import looks_secret, looks_secret_argument
from registry_cli.secrets.tokens import find_token, find_token_in_text

if TYPE_CHECKING:
    from urllib.parse import SplitResult

_SIGNED: Final = frozenset({
    "sig", "signature", "x-amz-signature", "x-amz-security-token", "x-amz-credential", "x-goog-signature",
    "x-goog-credential", "awsaccesskeyid", "googleaccessid", "hdnts", "hdnea",
})  # fmt: skip
"""Parameters of a URL that give everyone access for a while: signatures of S3, Google Cloud Storage, Azure, CloudFront
and Akamai, and the names of the keys that made them."""
_PERMANENT: Final = "and a record is permanent"


def check_value(what: str, value: object) -> None:
    """Check that a value contains no token at any depth.

    Args:
        what: The user's name for it, for the message.
        value: Text, bytes, or a table or list of them; any other value passes.

    Raises:
        UsageError: It contains a token.
    """
    if isinstance(value, str | bytes):
        kind = find_token(value) if isinstance(value, bytes) else find_token_in_text(value)
        if kind:
            raise UsageError(f"{what} holds a {kind}, {_PERMANENT}: leave it out, a script can read a variable")
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            check_value(f"{what}.{key}", inner)
    elif isinstance(value, Sequence):
        for inner in value:
            check_value(what, inner)


def check_url(parts: SplitResult) -> None:
    """Check that a URL grants no access: that it has no password, no token and no signature.

    Raises:
        UsageError: It has one; the message does not repeat it.
    """
    problem = _find_problem(parts)
    if problem:
        plain = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
        shown = find_token_in_text(unquote(plain)) is None
        instead = f"give the address alone, {plain}, or " if shown else ""
        raise UsageError(f"the URL holds {problem}, {_PERMANENT}: {instead}fetch the file and add that")


def _find_problem(parts: SplitResult) -> str | None:
    """Return the kind of secret in a URL, in words; None where there is none."""
    if parts.password is not None:
        return "a password"
    user = parts.netloc.rpartition("@")[0]
    if user and (parts.scheme in {"http", "https"} or looks_secret("", unquote(user))):
        return "a user or token before the `@`"
    for name, value in (*parse_qsl(parts.query), *parse_qsl(parts.fragment)):
        if name.lower() in _SIGNED or looks_secret_argument(name, value):
            return f"a signature or token, `{name}`"
    kind = find_token_in_text(unquote(parts.geturl()))
    return f"a {kind}" if kind else None
