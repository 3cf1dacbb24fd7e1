"""The shapes of changes: the keys and types that a change must have before the fold reads it. Knows no state.

The log may hold changes that other programs wrote. Every reader checks the same shapes, so a malformed change is void
for all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, get_args

from registry_cli.catalog.fold import changes
from registry_cli.errors import UsageError
from registry_cli.records.values import check_number, check_value

Check = Callable[[Any], bool]

_ID: Final = re.compile(r"[0-9a-f]{64}")
_XXH3: Final = re.compile(r"[0-9a-f]{32}")
_ULID: Final = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


def find_flaw(change: Mapping[str, Any]) -> str | None:
    """Return a description of what is malformed in a change of a known operation, or None."""
    required, optional = _SHAPES[str(change["op"])]
    missing = [key for key in required if key not in change]
    if missing:
        return f"`{change['op']}` lacks {', '.join(missing)}"
    checks = {**required, **optional}
    wrong = [key for key, check in checks.items() if key in change and not check(change[key])]
    if wrong:
        return f"`{change['op']}` has a malformed {', '.join(wrong)}"
    both = sorted(_names_set(change) & set(change.get("unset", ()))) if change["op"] == changes.EDIT else []
    return f"{', '.join(both)} is to be set and unset" if both else None


def is_id(value: object) -> bool:
    """Return whether a value is a SHA-256 in hex digits, the name of a record or blob."""
    return _matches(_ID, value)


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_ids(value: object) -> bool:
    return isinstance(value, list | tuple) and all(map(is_id, value))


def _names_set(change: Mapping[str, Any]) -> set[str]:
    put: Mapping[str, Any] = change.get("set", {})
    inner = {f"{group}.{key}" for group in changes.TABLES for key in put.get(group, ())}
    return inner | set(put) - set(changes.TABLES)


def _is_stage(value: object) -> bool:
    return value in get_args(changes.Stage)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_word(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _is_words(value: object) -> bool:
    return isinstance(value, list | tuple) and all(_is_word(item) for item in value)


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63


def _passes(check: Callable[[object, str], object], value: object) -> bool:
    try:
        check(value, "")
    except UsageError:
        return False
    return True


_is_xxh3: Final = partial(_matches, _XXH3)
_is_ulid: Final = partial(_matches, _ULID)
_is_value: Final = partial(_passes, check_value)
_is_number: Final = partial(_passes, check_number)


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping) and _is_value(value)


def _is_metrics(value: object) -> bool:
    return isinstance(value, Mapping) and _is_value(value) and all(_is_number(item) for item in value.values())


def _is_design(value: object) -> bool:
    checks: dict[str, Check] = {
        "media": _is_word,
        "text": _is_text,
        "sha256": is_id,
        "xxh3": _is_xxh3,
        "size": _is_size,
    }
    return (
        isinstance(value, Mapping)
        and "media" in value
        and ("text" in value or "sha256" in value)
        and all(key in checks and checks[key](item) for key, item in value.items())
    )


def _is_put(value: object) -> bool:
    """Return whether a value is a table of fields that `edit` sets; the fold refuses names that cannot be edited."""
    return isinstance(value, Mapping) and all(_FIELDS.get(key, _is_value)(item) for key, item in value.items())


_FIELDS: Final[dict[str, Check]] = {
    "framework": _is_text,
    "comment": _is_text,
    "design": _is_design,
    "labels": _is_table,
    "metadata": _is_table,
    "metrics": _is_metrics,
}
_VERSION: Final[dict[str, Check]] = {"version": is_id}
_SHAPES: Final[dict[str, tuple[dict[str, Check], dict[str, Check]]]] = {
    # change             required keys                                       optional keys
    changes.ADD_VERSION: ({**_VERSION, "model": _is_word}, {}),
    changes.TAG: (_VERSION, {"add": _is_words, "remove": _is_words}),
    changes.ALIAS: ({"alias": _is_word}, {"version": is_id, "old": is_id}),
    changes.EDIT: (_VERSION, {"set": _is_put, "unset": _is_words}),
    changes.PUBLISH: ({**_VERSION, "publication": is_id}, {}),
    changes.ARCHIVE: (_VERSION, {}),
    changes.RESTORE: (_VERSION, {}),
    changes.REMOVE: (_VERSION, {"force": lambda value: isinstance(value, bool)}),
    changes.RENAME: ({"model": _is_word, "to": _is_word}, {}),
    changes.DIGEST: ({**_VERSION, "path": _is_word, "size": _is_size, "sha256": is_id, "xxh3": _is_xxh3}, {}),
    changes.SETTING: ({"key": _is_word}, {"value": _is_value}),
    changes.TASK: ({"task": _is_ulid, "stage": _is_stage}, {"record": is_id, "old": is_id}),
    **dict.fromkeys(changes.COLLECTION, ({"blobs": _is_ids}, {})),
}
