"""Trusted registries of other users: a file of this user names each by its real path and its id.

Therefore another registry in the place of a trusted one is not trusted.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Final, Literal

from registry_cli import env
from registry_cli.dataclass import dataclass
from registry_cli.errors import CorruptError, NotFoundError, RegError
from registry_cli.records.toml import dump_table
from registry_cli.store import files
from registry_cli.store.config import read_table
from registry_cli.store.file_locks import open_file_lock
from registry_cli.store.format import read_format
from registry_cli.store.layout import DIRECTORY, Layout
from registry_cli.store.writer_name import new_name

if TYPE_CHECKING:
    from registry_cli.store.format import Format

_TABLE: Final = "registries"


@dataclass(frozen=True, slots=True)
class Trusted:
    """A registry that the user trusts.

    Attributes:
        path: The real path of its `.registry` folder.
        id: ULID that the registry there must have.
        state: `trusted` where it has that id, `replaced` where another is there, `gone` where none can be read.
    """

    path: str
    id: str
    state: Literal["trusted", "replaced", "gone"]


def is_trusted(root: Path, identity: str) -> bool:
    """Return whether the user trusts the registry with an id in a folder; raises the same errors as `list_trusted`."""
    return _read().get(str(root.resolve())) == identity


def trust_registry(root: Path) -> Trusted:
    """Add a registry to the trusted ones.

    Raises:
        NoRegistryError: There is no registry.
        CorruptError: The registry, or the file of trusted registries, cannot be read.
        ConflictError: Another process is changing that file.
    """
    identity, real = read_format(Layout(root)).id, str(root.resolve())
    with open_file_lock(_file()):
        _write({**_read(), real: identity})
    return Trusted(real, identity, "trusted")


def distrust_registry(root: Path) -> Trusted:
    """Remove a registry from the trusted ones; it may be gone, and another may be in its place.

    Args:
        root: The `.registry` folder, or the one that holds or held it.

    Raises:
        NotFoundError: The registry was not trusted.
    """
    known = {trusted.path: trusted for trusted in list_trusted()}
    found = known.get(str(root.resolve())) or known.get(str(root.resolve() / DIRECTORY))
    if found is None:
        raise NotFoundError(f"{root} is not among the trusted", hint="reg trust --list")
    with open_file_lock(_file()):
        _write({path: identity for path, identity in _read().items() if path != found.path})
    return found


def list_trusted() -> list[Trusted]:
    """Return the registries that the user trusts, by path.

    Raises:
        CorruptError: The file of trusted registries cannot be read.
    """
    rows = []
    for path, identity in sorted(_read().items()):
        form = find_format(Path(path))
        rows.append(Trusted(path, identity, "gone" if form is None else _state(form, identity)))
    return rows


def find_format(root: Path) -> Format | None:
    """Return the format file of the registry in a folder, or None where it cannot be read."""
    try:
        return read_format(Layout(root))
    except (RegError, OSError):
        return None


def _state(form: Format, identity: str) -> Literal["trusted", "replaced"]:
    return "trusted" if form.id == identity else "replaced"


def _file() -> Path:
    return env.config_home() / "trust.toml"


def _read() -> dict[str, str]:
    path = _file()
    table = read_table(path).get(_TABLE, {})
    if not isinstance(table, Mapping):
        raise CorruptError(f"{path} has no table `{_TABLE}`; mend it or delete it", hint=f"rm {quote(str(path))}")
    return {str(root): str(identity) for root, identity in table.items()}


def _write(trusted: Mapping[str, str]) -> None:
    path = _file()
    files.replace_file(path, dump_table({_TABLE: trusted}), path.parent / new_name())
