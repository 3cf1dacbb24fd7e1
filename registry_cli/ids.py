"""The types of names and ids, with the only parser of each: nothing else decides which names are legal.

Knows no registry: the catalog decides whether a name is taken.
"""

from __future__ import annotations

import os
import re
import time
import unicodedata
from typing import NewType

from registry_cli.errors import UsageError

BlobHash = NewType("BlobHash", str)
"""SHA-256 of a file's bytes, 64 lower-case hex digits."""
Xxh3 = NewType("Xxh3", str)
"""XXH3-128 of a file's bytes, 32 lower-case hex digits, canonical (big-endian), seed 0."""
RecordId = NewType("RecordId", str)
"""SHA-256 of a record's exact bytes, 64 lower-case hex digits."""
VersionId = NewType("VersionId", RecordId)
EntryId = NewType("EntryId", str)
"""ULID of a log entry: 26 characters of Crockford's base 32, ordered by time."""
TaskId = NewType("TaskId", str)
"""ULID of a task: 26 characters of Crockford's base 32, ordered by the time of creation."""
ModelName = NewType("ModelName", str)
"""A line's name as it is shown, NFC, such as `fraud/xgb`."""
LineKey = NewType("LineKey", str)
"""A line's name as it is compared: the casefold of its `ModelName`."""
AliasName = NewType("AliasName", str)
TagName = NewType("TagName", str)

KEEP_TAG = TagName("keep")
"""A tag that protects a version from pruning."""
NAME_LIMIT = 200
"""Longest model name, in characters."""
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_HEX = re.compile(r"[0-9a-fA-F]+")
_LABEL = re.compile(r"[^\s=:@~,\x00-\x1f\x7f]{1,100}")


def new_ulid(now: float | None = None) -> str:
    """Return a new ULID (https://github.com/ulid/spec): 48 bits of Unix milliseconds, then 80 random bits.

    Args:
        now: Seconds since 1970 UTC; the current time when None.
    """
    milliseconds = int((time.time() if now is None else now) * 1000)
    value = (milliseconds & ((1 << 48) - 1)) << 80 | int.from_bytes(os.urandom(10), "big")
    return "".join([CROCKFORD[(value >> shift) & 31] for shift in range(125, -1, -5)])


def parse_model_name(text: str) -> ModelName:
    """Return `text` as a model name in NFC.

    Raises:
        UsageError: It is not a legal name; the message says which rule it breaks.
    """
    name = unicodedata.normalize("NFC", text)
    problem = _name_problem(name)
    if problem:
        raise UsageError(
            f"{name!r} is not a model name: {problem}; a name is PROJECT/NAME of letters, digits, inner spaces, "
            "`.`, `_` and `-`",
            hint="reg help addresses",
        )
    return ModelName(name)


def line_key(name: str) -> LineKey:
    """Return the key that names share when they differ only by case or Unicode composition."""
    folded = unicodedata.normalize("NFC", name).casefold()
    return LineKey(unicodedata.normalize("NFC", folded))


def project_of(name: str) -> str:
    """Return all but the last segment of a model name; an empty text where it has only one."""
    return name.rpartition("/")[0]


def parse_task_name(text: str) -> str:
    """Return `text` as a task's name: any printable text without spaces around it.

    Raises:
        UsageError: It is empty, too long, or holds unprintable characters.
    """
    name = unicodedata.normalize("NFC", text).strip()
    if not name or len(name) > NAME_LIMIT or not name.isprintable():
        raise UsageError(f"{text[:60]!r} is not a task name: a name is printable text, up to {NAME_LIMIT} long")
    return name


def model_segment(text: str) -> str:
    """Return any text as one segment of a model's name: characters that a segment may not hold become `-`."""
    kept = "".join(c if _is_name_character(c) else "-" for c in unicodedata.normalize("NFC", text))
    segment = kept.lstrip(" -")[:NAME_LIMIT].rstrip(" ")
    return segment if segment.strip(" .-") else "task"


def parse_alias(text: str) -> AliasName:
    """Return `text` as an alias.

    Raises:
        UsageError: It is empty, all digits, or holds a character that addresses reserve.
    """
    return AliasName(_parse_label(text, "an alias"))


def parse_tag(text: str) -> TagName:
    """Return `text` as a tag; the rules are those of an alias, but digits alone are allowed."""
    return TagName(_parse_label(text, "a tag"))


def is_hex(text: str) -> bool:
    """Return whether `text` consists of hex digits only, as an id prefix does."""
    return _HEX.fullmatch(text) is not None


def _parse_label(text: str, kind: str) -> str:
    label = unicodedata.normalize("NFC", text)
    if not _LABEL.fullmatch(label) or label.startswith("-") or not label.isprintable():
        raise UsageError(f"{text!r} is not {kind}: it has no spaces and none of `= : @ ~ ,`, and no `-` in front")
    if kind == "an alias" and label.isdigit():
        raise UsageError(f"{text!r} is not an alias: digits alone are a version number")
    return label


def _name_problem(name: str) -> str | None:
    if not name:
        return "it is empty"
    if len(name) > NAME_LIMIT:
        return f"it has {len(name)} characters, {NAME_LIMIT} are allowed"
    if name.startswith("/"):
        return "it starts with `/`"
    if name.startswith("-"):
        return "it starts with `-`"
    if "/" not in name and is_hex(name):
        return "hex digits alone would read as an id; put it in a project"
    for segment in name.split("/"):
        if not segment:
            return "it has an empty segment"
        if segment in {".", ".."}:
            return f"it has a segment `{segment}`"
        if segment != segment.strip(" "):
            return f"its segment {segment!r} starts or ends with a space"
        wrong = next((c for c in segment if not _is_name_character(c)), None)
        if wrong is not None:
            return f"it holds {wrong!r}"
    return None


def _is_name_character(character: str) -> bool:
    return character in " ._-" or unicodedata.category(character)[0] in "LMN"
