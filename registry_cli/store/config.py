"""Settings files, one of this copy and one of this user: small TOML files that decide nothing about data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from registry_cli.errors import CorruptError
from registry_cli.records.toml import dump_table, load_table
from registry_cli.store import files
from registry_cli.store.writer_name import new_name

if TYPE_CHECKING:
    from pathlib import Path


def read_settings(path: Path) -> dict[str, str]:
    """Return a settings file as dotted keys and text; an empty table where the file is missing.

    Raises:
        CorruptError: It cannot be parsed.
    """
    return dict(_dotted(read_table(path), ""))


def read_table(path: Path) -> dict[str, Any]:
    """Return the table of a small file that the user may edit; raises as `read_settings`."""
    try:
        return load_table(files.read_small(path), str(path))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except CorruptError as error:
        from shlex import quote

        raise CorruptError(f"{error.message}; mend the file or delete it", hint=f"rm {quote(str(path))}") from None


def write_settings(path: Path, settings: Mapping[str, str]) -> None:
    """Replace a settings file in one step."""
    files.make_dirs(path.parent)
    files.replace_file(path, dump_settings(settings), path.parent / new_name())


def dump_settings(settings: Mapping[str, str]) -> bytes:
    """Return the bytes of a settings file."""
    tree: dict[str, object] = {}
    for key, value in settings.items():
        *groups, leaf = key.split(".")
        table = tree
        for group in groups:
            table = table.setdefault(group, {})  # type: ignore[assignment]  # only tables are set here
        table[leaf] = value
    return dump_table(tree)


def _dotted(table: Mapping[str, object], prefix: str) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for key, value in table.items():
        if isinstance(value, Mapping):
            pairs += _dotted(value, f"{prefix}{key}.")
        else:
            pairs.append((f"{prefix}{key}", str(value).lower() if isinstance(value, bool) else str(value)))
    return pairs
