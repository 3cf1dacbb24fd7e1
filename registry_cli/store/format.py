"""Reads and writes `format.toml`: the layout's version, the registry's id, and the features a program must know.

Flags are per operation: an unknown one under `read` refuses the registry, under `write` makes it read-only for this
program, under `gc` forbids garbage collection. So old programs can use new registries as far as that is safe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from registry_cli.dataclass import dataclass
from registry_cli.errors import CorruptError, NoRegistryError, RefusedError
from registry_cli.records.toml import check_seal, dump_table, load_table, seal
from registry_cli.store import files
from registry_cli.store.layout import DIRECTORY

if TYPE_CHECKING:
    from registry_cli.store.layout import Layout

LAYOUT: Final = 1
"""Version of the layout that this program writes."""
_KNOWN: Final[dict[str, frozenset[str]]] = {"read": frozenset(), "write": frozenset(), "gc": frozenset()}


@dataclass(frozen=True, slots=True)
class Format:
    """The content of `format.toml`.

    Attributes:
        id: ULID of the registry.
        shared: True where files are created writable for the folder's group.
        features: Flags per operation, `read`, `write` and `gc`.
    """

    id: str
    layout: int = LAYOUT
    shared: bool = False
    features: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def check_write(self) -> None:
        """Check that this program may write to the registry.

        Raises:
            RefusedError: It does not know a feature that writing requires.
        """
        self._check("write", "this registry is read-only for this program")

    def check_gc(self) -> None:
        """Check that this program may collect unused blobs.

        Raises:
            RefusedError: It does not know a feature that may use them.
        """
        self._check("gc", "this program must not collect here")

    def _check(self, operation: str, refusal: str) -> None:
        unknown = _unknown(self, operation)
        if unknown:
            raise RefusedError(f"{refusal}: it uses {', '.join(unknown)}", hint="reg --version")


def dump_format(form: Format) -> bytes:
    """Return the bytes of `format.toml`, sealed."""
    features = {operation: list(flags) for operation, flags in form.features}
    return seal(dump_table({"layout": form.layout, "id": form.id, "shared": form.shared, "features": features}))


def read_format(layout: Layout) -> Format:
    """Read and check `format.toml`.

    Raises:
        NoRegistryError: The file is missing.
        CorruptError: It cannot be parsed, or was changed after it was written.
        RefusedError: The layout is newer than this program, or reading needs a feature it does not know.
    """
    try:
        data = files.read_small(layout.format)
    except (FileNotFoundError, NotADirectoryError):
        from shlex import quote

        folder = layout.root.parent if layout.root.name == DIRECTORY else layout.root
        raise NoRegistryError(
            f"{layout.root} is not a registry: it has no format.toml", hint=f"reg init {quote(str(folder))}"
        ) from None
    table = load_table(data, str(layout.format))
    check_seal(data, str(layout.format))
    version, identity = table.get("layout"), table.get("id")
    if not isinstance(version, int) or not isinstance(identity, str):
        raise CorruptError(f"{layout.format} names no layout and id")
    if version > LAYOUT:
        raise RefusedError(
            f"{layout.root} has layout {version}, this program knows layouts up to {LAYOUT}", hint="reg --version"
        )
    form = Format(identity, version, bool(table.get("shared")), _features(layout, table.get("features", {})))
    unknown = _unknown(form, "read")
    if unknown:
        raise RefusedError(
            f"{layout.root} uses {', '.join(unknown)}, which this program does not know", hint="reg --version"
        )
    return form


def _features(layout: Layout, table: object) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if not isinstance(table, dict) or not all(isinstance(flags, list) for flags in table.values()):
        raise CorruptError(f"{layout.format} has no readable `features`")
    return tuple((key, tuple(map(str, flags))) for key, flags in table.items())


def _unknown(form: Format, operation: str) -> list[str]:
    flags = dict(form.features).get(operation, ())
    return sorted(set(flags) - _KNOWN[operation])
