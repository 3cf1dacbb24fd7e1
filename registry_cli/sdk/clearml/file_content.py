"""Writes a script's objects as files, by their types, without importing the libraries that the types are of."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry_cli.errors import NotFoundError, UsageError
from registry_cli.frameworks.patching.wrap import log_nothing
from registry_cli.registry.sources import list_sources
from registry_cli.sdk.clearml.png import encode_png
from registry_cli.tasks.globs import iter_matches, parse_glob

if TYPE_CHECKING:
    from collections.abc import Callable

Content = dict[str, "bytes | Path"]
"""Bytes, or files to copy, by their paths inside the artifact."""


def read_object(
    value: Any, *, serialize: Callable[[Any], bytes] | None = None, extension: str | None = None, sort_keys: bool = True
) -> Content:
    """Return the files of an object.

    Files and folders are kept as they are, also those that a text with `*` matches; a dict or list as JSON, a data
    frame as CSV, an array as `.npy`, an image as PNG, a text as text, anything else as a pickle.

    Args:
        value: The object.
        serialize: A function that returns its bytes.
        extension: The file's extension, such as `.json`; by the type when None.
        sort_keys: Sort the keys of a dict.

    Raises:
        NotFoundError: There is no such file.
        UsageError: It cannot be pickled.
    """
    if serialize is not None:
        return {f"data{extension or '.bin'}": bytes(serialize(value))}
    if (paths := _find_files(value)) is not None:
        return {source.path: source.file for source in list_sources(paths)}
    with log_nothing():  # an object may save its parts by a framework's function
        suffix, data = _read(value, sort_keys)
    return {f"data{extension or suffix}": data}


def find_file(path: str | Path) -> Path:
    """Return the path of a file.

    Raises:
        NotFoundError: There is no such file.
    """
    found = Path(path)
    if not found.is_file():
        raise NotFoundError(f"no file {path}")
    return found


def _find_files(value: Any) -> list[Path] | None:
    if isinstance(value, Path):
        if not value.exists():
            raise NotFoundError(f"no file {value}")
        return [value]
    if not isinstance(value, str) or not value or "\n" in value or "\0" in value:
        return None
    try:
        if Path(value).exists():
            return [Path(value)]
        return sorted(iter_matches(parse_glob(value, Path.cwd()))) or None if "*" in value else None
    except (OSError, ValueError, UsageError):  # a text that is no path
        return None


def _read(value: Any, sort_keys: bool) -> tuple[str, bytes]:
    if isinstance(value, str):
        return ".txt", value.encode(errors="surrogateescape")
    if isinstance(value, bytes | bytearray):
        return ".bin", bytes(value)
    if isinstance(value, Mapping) or (isinstance(value, Sequence) and not hasattr(value, "tobytes")):
        try:
            return ".json", (json.dumps(value, indent=2, sort_keys=sort_keys, ensure_ascii=False) + "\n").encode()
        except (TypeError, ValueError):
            return ".pkl", _pickle(value)
    if callable(to_csv := getattr(value, "to_csv", None) or getattr(value, "write_csv", None)):
        return ".csv", str(to_csv()).encode()
    if is_image(value):
        return ".png", encode_png(value)
    if hasattr(value, "tobytes") and str(getattr(value, "dtype", "object")) != "object":
        return ".npy", _save_array(value)
    return ".pkl", _pickle(value)


def is_image(value: Any) -> bool:
    """Return True for an image of Pillow's."""
    return hasattr(value, "save") and hasattr(value, "getbands")


def _save_array(value: Any) -> bytes:
    import numpy  # type: ignore[import-not-found,unused-ignore]  # the script has it: the value is an array

    buffer = BytesIO()
    numpy.save(buffer, value, allow_pickle=False)
    return buffer.getvalue()


def _pickle(value: Any) -> bytes:
    import pickle

    try:
        return pickle.dumps(value)
    except Exception as error:
        raise UsageError(f"{value!r:.60} cannot be kept: {error}") from None
