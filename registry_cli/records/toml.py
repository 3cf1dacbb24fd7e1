"""Converts tables to canonical TOML and back: keys are sorted and bytes written once, because they are the identity.

TOML 1.0 (https://toml.io/en/v1.0.0).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from registry_cli.errors import CorruptError, UsageError
from registry_cli.sha256 import sha256_hex

try:  # compiled, several times faster than the standard library's parser; same interface
    from tomli import loads as _loads
except ImportError:
    from tomllib import loads as _loads

_MANY: Final = 64
"""Tables in a list from which on our own faster writer is used."""
_FLAT: Final = frozenset({str, int, float, bool})
_SEAL: Final = b"# sha256 "
_SEAL_SIZE: Final = len(_SEAL) + 64 + 1


def dump_table(table: Mapping[str, object]) -> bytes:
    """Return `table` as canonical TOML.

    Raises:
        UsageError: A text in it is not Unicode (a lone surrogate, as in a file name that is not UTF-8).
    """
    try:
        return (_dump_rows(table) or _dump(table)).encode()
    except UnicodeEncodeError as error:
        line = error.object[: error.end].rpartition("\n")[2] + error.object[error.end :].partition("\n")[0]
        raise UsageError(f"`{line}` is no Unicode text: a file needs a name in UTF-8") from None


def load_table(data: bytes, where: str, parse_float: Callable[[str], float] = float) -> dict[str, Any]:
    """Return the table that `data` holds; `parse_float` makes its floats.

    Raises:
        CorruptError: It is not TOML; the message names `where`.
    """
    try:
        return _loads(data.decode(), parse_float=parse_float)
    except (ValueError, RecursionError) as error:
        raise CorruptError(f"{where} cannot be read: {error}") from None


def seal(data: bytes) -> bytes:
    """Return `data` with a last line that holds the SHA-256 of all before it, for files not named by their digest."""
    return data + _SEAL + sha256_hex(data).encode() + b"\n"


def check_seal(data: bytes, where: str) -> None:
    """Check a file's last line against the rest.

    Raises:
        CorruptError: The file was changed after it was written; the message names `where`.
    """
    if seal(data[:-_SEAL_SIZE]) != data:
        raise CorruptError(f"{where} was changed after it was written")


def _dump(table: Mapping[str, object]) -> str:
    import tomli_w

    return tomli_w.dumps(cast("dict[str, Any]", _sorted(table)))


def _dump_rows(table: Mapping[str, object]) -> str | None:
    """Return a table as `_dump` does, several times faster where it has long lists of flat tables, such as of files.

    The first table of such a list is dumped like everything else, and shows where and how the others are written.
    Return None where it does not, and where there is no such list.
    """
    many = {key: cast("list[dict[str, object]]", value) for key, value in table.items() if _is_many(value)}
    if not many:
        return None
    text = _dump({key: many[key][:1] if key in many else value for key, value in table.items()})
    for key, rows in many.items():
        parts = text.split(_dump_row(key, rows[0]))
        if len(parts) != 2:
            return None
        text = "\n".join(_dump_row(key, row) for row in rows).join(parts)
    return text


def _is_many(value: object) -> bool:
    if not isinstance(value, list) or len(value) < _MANY:
        return False
    return all(isinstance(row, dict) and row and all(map(_is_plain, row, row.values())) for row in value)


def _is_plain(key: str, value: object) -> bool:
    return key.isidentifier() and key.isascii() and type(value) in _FLAT


def _dump_row(key: str, row: Mapping[str, object]) -> str:
    lines = [f"[[{key}]]\n"]
    for name in sorted(row):
        value = row[name]
        if type(value) is str and value.isascii() and value.isprintable() and '"' not in value and "\\" not in value:
            lines.append(f'{name} = "{value}"\n')
        elif type(value) is int:
            lines.append(f"{name} = {value}\n")
        else:
            lines.append(_dump({name: value}))
    return "".join(lines)


def _sorted(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [_sorted(item) for item in value]
    return value
