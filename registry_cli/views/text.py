"""Values as text: exact and on one line for programs, short for people.

Names, comments and messages may come from strangers: control characters, which terminals obey, are shown as escapes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Final

from registry_cli.ids import is_hex

_BREAKS: Final = {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r"}
_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Characters with which a formula of a spreadsheet begins, the wide forms of `=+-@` included."""
BYTES: Final = {0xDC00 + byte: f"\\x{byte:02x}" for byte in range(0x80, 0x100)}
"""Bytes of a name that is no UTF-8, by the surrogates that stand for them (PEP 383), as text."""
_NUMBER: Final = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|-inf"
_SHORT_ID: Final = 12
_SIZES: Final = frozenset({"bytes", "disk", "own", "shared"})
"""Columns that hold bytes, besides every field named `size`."""


def list_controls() -> list[int]:
    """Return the code points that no terminal may get; computed on first use, so that start-up does not wait for them.

    They are C0, DEL and C1, the marks that reorder text (https://trojansource.codes), and lone surrogates, which JSON
    may hold; a surrogate that stands for a byte of a file name is left out, since some output is printed as that byte.
    """
    halves = [code for code in range(0xD800, 0xE000) if not 0xDC80 <= code <= 0xDCFF]
    return [*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A), *halves]


def escape(text: str) -> str:
    """Return `text` on one line, without characters that a terminal obeys."""
    return text if text.isascii() and text.isprintable() else text.translate(_list_escapes())


def escape_but_bytes(text: str) -> str:
    """Return `text` as `escape` does, but with bytes that are no UTF-8, by which a program finds a file."""
    return text if text.isascii() and text.isprintable() else text.translate(_list_controls_escapes())


def escape_command(text: str) -> str:
    r"""Return a quoted command as `escape` does, but with bytes that are no UTF-8 as a shell reads them: `$'\xe9'`."""
    return escape(re.sub("[\udc80-\udcff]+", lambda found: f"'$'{escape(found[0])}''", text))


def escape_breaks(text: str) -> str:
    """Return `text` as it is, but on one line and in one cell of tab-separated text."""
    return text.translate(_BREAKS)


def guard_formula(text: str) -> str:
    """Return `text` so that no spreadsheet takes it for a formula: a `'` is put before one; numbers stay as they are.

    See https://owasp.org/www-community/attacks/CSV_Injection.
    """
    return f"'{text}" if text.startswith(_FORMULAS) and not re.fullmatch(_NUMBER, text) else text


def lookup(row: Mapping[str, object], path: str) -> object:
    """Return the value that `path`, such as `metrics.acc`, names in `row`; None where it names nothing.

    The longest key wins, so keys may hold dots. For a list, return the list of the values in its items.
    """
    if path in row:
        return row[path]
    for end in (at for at in range(len(path) - 1, 0, -1) if path[at] == "."):
        if path[:end] in row:
            inner, rest = row[path[:end]], path[end + 1 :]
            if isinstance(inner, Mapping):
                return lookup(inner, rest)
            if isinstance(inner, (list, tuple)):
                return [lookup(item, rest) for item in inner if isinstance(item, Mapping)]
    return None


def pick(record: object, keys: Iterable[str]) -> dict[str, object]:
    """Return some attributes of a record by their names."""
    return {key: getattr(record, key) for key in keys}


def format_exact(value: object, shown: Callable[[str], str] = escape) -> str:
    """Return `value` for a program to read back: nothing cut, nothing rounded, empty for None.

    Args:
        value: A value of a record.
        shown: Applied to text that others wrote.
    """
    match value:
        case None:
            return ""
        case str():
            return shown(value)
        case bool():
            return "true" if value else "false"
        case datetime():
            return format_time(value)
        case list() | tuple() if not any(isinstance(item, (Mapping, list, tuple)) for item in value):
            return ",".join(format_exact(item, shown) for item in value)
        case Mapping() | list() | tuple():
            return shown(dump_json(value))
        case _:
            return str(value)


def format_short(value: object, path: str = "") -> str:
    """Return `value` for a person to read: sizes in units, ids and numbers shortened, times in local time."""
    match value:
        case str() if len(value) == 64 and is_hex(value):
            return value[:_SHORT_ID]
        case bool():
            return "yes" if value else ""
        case int() if path in _SIZES or path.rpartition(".")[2] == "size":
            return format_size(value)
        case int() | float() if path == "duration":
            return format_duration(value)
        case float():
            return f"{value:.6g}"
        case datetime():
            return f"{value.astimezone():%Y-%m-%d %H:%M}"
        case list() | tuple() if not any(isinstance(item, (Mapping, list, tuple)) for item in value):
            return ", ".join(format_short(item, path) for item in value)
        case Mapping() if not any(isinstance(item, (Mapping, list, tuple)) for item in value.values()):
            return ", ".join(f"{escape(key)}={format_short(item)}" for key, item in value.items())
        case _:
            return format_exact(value)


def format_size(size: int) -> str:
    """Return a number of bytes in decimal units, three digits."""
    amount, units = float(size), ["B", "kB", "MB", "GB", "TB", "PB"]
    while amount >= 999.5 and len(units) > 1:
        amount /= 1000
        del units[0]
    return f"{amount:.3g} {units[0]}"


def format_duration(seconds: float) -> str:
    """Return a span of time in its two largest units, such as `4 min 10 s`; with decimals below a minute."""
    if seconds < 59.95:
        return f"{seconds:.2f} s" if seconds < 9.995 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def format_time(time: datetime) -> str:
    """Return a moment as ISO 8601 in UTC, such as `2026-01-01T00:00:00Z`; microseconds only where there are some."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def dump_json(value: object, *, indent: int | None = None) -> str:
    """Return `value` as JSON; times as ISO 8601, NaN and infinities, which JSON does not know, as null."""
    import json

    try:
        text = json.dumps(value, allow_nan=False, default=_as_json, indent=indent, ensure_ascii=False)
    except ValueError:
        text = json.dumps(_finite(value), allow_nan=False, default=_as_json, indent=indent, ensure_ascii=False)
    return text if text.isascii() and "\x7f" not in text else text.translate(_list_json_escapes())


@cache
def _list_controls_escapes() -> dict[int, str]:
    return {code: ascii(chr(code))[1:-1] for code in list_controls()}


@cache
def _list_escapes() -> dict[int, str]:
    return {**_list_controls_escapes(), **BYTES}


@cache
def _list_json_escapes() -> dict[int, str]:
    """Return escapes of the control characters that `json.dumps` leaves as they are; it escapes C0 itself."""
    controls = {code: f"\\u{code:04x}" for code in list_controls() if code >= 0x7F}
    return {**controls, **{code: f"\\{text}" for code, text in BYTES.items()}}


def _as_json(value: object) -> object:
    match value:
        case datetime():
            return format_time(value)
        case Mapping():
            return dict(value)
        case set() | frozenset():
            return sorted(value)
        case _:
            return str(value)


def _finite(value: object) -> object:
    match value:
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {key: _finite(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_finite(inner) for inner in value]
        case _:
            return value


def format_sealed(value: int | float | None) -> str:
    """Return the note on a metric that was edited after its version was published; None where it was added then."""
    return f"sealed: {'none' if value is None else format_short(value)}"
