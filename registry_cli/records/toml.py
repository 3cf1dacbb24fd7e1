"""Tables to canonical TOML and back: sorted keys, written once, because the bytes are the identity.

TOML 1.0 (https://toml.io/en/v1.0.0).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from registry_cli.errors import CorruptError, UsageError
from registry_cli.sha256 import sha256_hex

try:  # compiled, several times faster than the standard library's; same interface
    from tomli import loads as _loads
except ImportError:
    from tomllib import loads as _loads

_SEAL: Final = b"# sha256 "
_SEAL_SIZE: Final = len(_SEAL) + 64 + 1


def dump_table(table: Mapping[str, object]) -> bytes:
    """Return `table` as canonical TOML.

    Raises:
        UsageError: A text in it is no Unicode (a lone surrogate, as in a file name that is no UTF-8).
    """
    import tomli_w

    try:
        return tomli_w.dumps(cast("dict[str, Any]", _sorted(table))).encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{error.object[:60]!r} is no Unicode text", hint="rename the file to UTF-8") from None


def load_table(data: bytes, where: str) -> dict[str, Any]:
    """Return the table that `data` holds.

    Raises:
        CorruptError: It is no TOML; the message names `where`.
    """
    try:
        return _loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise CorruptError(f"{where} cannot be read: {error}") from None


def seal(data: bytes) -> bytes:
    """Return `data` with a last line that holds the SHA-256 of all before it, for files that no name vouches for."""
    return data + _SEAL + sha256_hex(data).encode() + b"\n"


def check_seal(data: bytes, where: str) -> None:
    """Check a file's last line against the rest.

    Raises:
        CorruptError: It was changed after it was written; the message names `where`.
    """
    if seal(data[:-_SEAL_SIZE]) != data:
        raise CorruptError(f"{where} was changed after it was written")


def _sorted(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [_sorted(item) for item in value]
    return value
