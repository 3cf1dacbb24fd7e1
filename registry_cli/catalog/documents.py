"""The JSON documents and the times of the index. Light: reading a catalog imports nothing heavier than this."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
OWN: Final = "metrics!"
"""Group whose fields mark the metrics that are called like a bound of a curve, as `loss.min` beside the curve `loss`.

It sorts beside `metrics.`, so that one range holds both, and no query can name it.
"""


def dump_doc(doc: Mapping[str, object]) -> str:
    """Return a document as JSON, with its keys sorted as in a record.

    A time becomes a table with its ISO text under `$time`; NaN and infinities stay.
    """
    import json  # not at module level: lists of names do not need it

    return json.dumps(doc, default=_dump_time, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def load_doc(text: str) -> dict[str, Any]:
    """Return a document from JSON, times included."""
    import json

    if '"$time"' not in text:
        loaded: dict[str, Any] = json.loads(text)
        return loaded
    return json.loads(text, object_hook=_load_time)  # type: ignore[no-any-return]  # the root is a table, no time


def microseconds(moment: datetime) -> int:
    """Return a time as microseconds since 1970 UTC, exactly."""
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def from_microseconds(value: int) -> datetime:
    """Return the UTC time of a count of microseconds since 1970 UTC."""
    seconds, rest = divmod(value, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)


def _dump_time(value: object) -> object:
    if isinstance(value, datetime) and value.tzinfo:
        return {"$time": value.astimezone(UTC).isoformat()}
    if isinstance(value, date | time):  # TOML's local times: only records written by other programs hold them
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} in a document")


def _load_time(table: dict[str, Any]) -> object:
    try:
        return datetime.fromisoformat(table["$time"]) if table.keys() == {"$time"} else table
    except (TypeError, ValueError):  # the user has a key of that name
        return table
