"""Compares versions: every field side by side, the differences from the first version, and the best metrics.

The time, the author and the name of a version are shown but are no difference, as with commits in git.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeGuard, TypeVar, get_args

from registry_cli.dataclass import dataclass, field, replace
from registry_cli.errors import UsageError
from registry_cli.records.values import Value, flatten
from registry_cli.registry.designs import diff_designs, identify_design
from registry_cli.registry.proof import find_sealed

if TYPE_CHECKING:
    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.registry.api import Registry

Group = Literal["fields", "metrics", "params", "labels", "metadata", "files", "parents", "design"]
GROUPS: Final[tuple[Group, ...]] = get_args(Group)
"""The groups of fields that can be compared, in the order in which they are shown."""

G = TypeVar("G", bound=str)

_SMALLER: Final = re.compile(r"loss|error|mse|mae|perplexity|latency|size", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Compared:
    """One field of all versions, or of all tasks.

    Attributes:
        group: One of `GROUPS`; tasks have groups of their own.
        key: Its name inside the group, such as `acc` in `metrics`.
        values: One value for each version, None where it has none; a file is its `size`, `sha256`
            and `url`, a design its `media`, `size` and `sha256`.
        deltas: Difference of each number from the first version's; None where one of them is not a finite number.
        best: Positions of the best values of a metric, empty where none is better than another.
        same: True where all versions agree.
        sealed: For a metric, by position, the published value where it was edited since; None where it was added then.
    """

    group: str
    key: str
    values: tuple[Value | None, ...]
    deltas: tuple[float | None, ...] = ()
    best: tuple[int, ...] = ()
    same: bool = True
    sealed: Mapping[int, int | float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Versions side by side.

    Attributes:
        rows: Fields in the order of `GROUPS`; in each group, those that differ come first.
        designs: Unified diff of each version's design against the first version's, empty where they are equal.
        sealed: For each version what `find_sealed` returns.
    """

    versions: tuple[VersionRow, ...]
    rows: tuple[Compared, ...]
    designs: tuple[str, ...]
    sealed: tuple[Mapping[str, Mapping[str, int | float | None]] | None, ...]

    @property
    def differs(self) -> bool:
        """True where any row differs."""
        return not all(row.same for row in self.rows)

    def __repr__(self) -> str:
        refs = " ".join(version.ref for version in self.versions)
        return f"<Comparison {refs}: {sum(not row.same for row in self.rows)} of {len(self.rows)} fields differ>"

    def _repr_html_(self) -> str:
        from registry_cli.registry.html import format_table

        rows: list[tuple[object, ...]] = []
        for row in self.rows:
            rows.append((f"{row.group}.{row.key}", *row.values, not row.same))
            if row.sealed:
                rows.append((f"sealed.{row.group}.{row.key}", *map(row.sealed.get, range(len(row.values))), False))
        return format_table(["", *(version.ref for version in self.versions)], rows, bold=True)


def compare_versions(registry: Registry, refs: Sequence[str], *, only: Sequence[str] = ()) -> Comparison:
    """Compare two or more versions.

    Args:
        registry: The registry.
        refs: Addresses; the others are compared with the first. One may be named twice.
        only: Groups to compare; all where empty.

    Raises:
        UsageError: There are fewer than two addresses, or no such group.
        NotFoundError: An address names nothing.
        CorruptError: A design's blob is missing.
    """
    if len(refs) < 2:
        raise UsageError("comparing takes two versions or more", hint="reg model compare --help")
    groups = choose_groups(GROUPS, only)
    versions = tuple(registry.get_row(ref) for ref in refs)
    rows = [row for group in groups for row in compare_group(group, [_table_of(group, one) for one in versions])]
    sealed = tuple(find_sealed(registry.layout, one) for one in versions)
    rows = [_add_sealed(row, sealed) if row.group == "metrics" else row for row in rows]
    designs = diff_designs(registry, versions) if "design" in groups else ("",) * len(versions)
    return Comparison(versions, tuple(rows), designs, sealed)


def _add_sealed(row: Compared, sealed: Sequence[Mapping[str, Mapping[str, int | float | None]] | None]) -> Compared:
    edited = [table["metrics"] if table else {} for table in sealed]
    return replace(row, sealed={at: one[row.key] for at, one in enumerate(edited) if row.key in one})


def choose_groups(groups: Sequence[G], only: Sequence[str]) -> list[G]:
    """Return the groups that are to be compared: those in `only`, or all where that is empty.

    Raises:
        UsageError: There is no such group.
    """
    for name in only:
        if name not in groups:
            raise UsageError(f"no group `{name}` to compare: groups are {', '.join(groups)}")
    return [group for group in groups if not only or group in only]


def prefers_small(metric: str) -> bool:
    """Return whether less is better, judged by the metric's name: a loss, an error, a latency, a size."""
    return _SMALLER.search(metric) is not None


def list_groups(rows: Iterable[Compared]) -> dict[str, list[Compared]]:
    """Return rows by their group, in their order."""
    groups: dict[str, list[Compared]] = {}
    for row in rows:
        groups.setdefault(row.group, []).append(row)
    return groups


def compare_group(group: str, tables: Sequence[Mapping[str, Value]]) -> list[Compared]:
    """Return a row for each key of the tables, those that differ first; only `metrics` have best values."""
    keys = dict.fromkeys(key for table in tables for key in table)
    rows = [_compare_key(group, key, tuple(table.get(key) for table in tables)) for key in keys]
    return sorted(rows, key=lambda row: row.same)


def _compare_key(group: str, key: str, values: tuple[Value | None, ...]) -> Compared:
    row = Compared(group, key, values, same=len({_comparable(value) for value in values}) == 1)
    if group == "labels":  # a label's id is a name, not an amount
        return row
    deltas = tuple(_delta(values[0], value) for value in values)
    return replace(row, deltas=deltas, best=_best(key, values) if group == "metrics" else ())


def _best(metric: str, values: Sequence[Value | None]) -> tuple[int, ...]:
    numbers = {at: value for at, value in enumerate(values) if _is_number(value) and not math.isnan(value)}
    if len(set(numbers.values())) < 2:
        return ()
    best = (min if prefers_small(metric) else max)(numbers.values())
    return tuple(at for at, number in numbers.items() if number == best)


def _delta(first: Value | None, value: Value | None) -> float | None:
    if not (_is_number(first) and _is_number(value) and math.isfinite(first) and math.isfinite(value)):
        return None
    return value - first


def _comparable(value: object) -> object:
    """Return an object that is equal for equal values: NaN equals NaN, `1` equals `1.0`, but `true` is no number."""
    match value:
        case bool():
            return ("bool", value)
        case float() if math.isnan(value):
            return ("nan",)
        case Mapping():
            return ("table", tuple(sorted((key, _comparable(inner)) for key, inner in value.items())))
        case str():
            return ("text", value)
        case Sequence():
            return ("list", tuple(map(_comparable, value)))
        case _:
            return value


def _table_of(group: Group, version: VersionRow) -> Mapping[str, Value]:
    match group:
        case "fields":
            return _fields(version)
        case "files":
            return {
                file.path: present_fields(size=file.size, sha256=file.sha256, url=file.url) for file in version.files
            }
        case "parents":
            return _parents(version)
        case "design":
            return {"design": identify_design(version.design)} if version.design else {}
        case "labels":
            return version.labels
        case "metrics" | "params" | "metadata":
            flat = flatten(getattr(version, group), group)
            return {name.partition(".")[2]: flat[name] for name in sorted(flat)}


def _fields(version: VersionRow) -> dict[str, Value]:
    state = [name for name in ("published", "archived", "removed") if getattr(version, name)]
    return present_fields(
        framework=version.framework,
        step=version.step,
        size=version.size,
        tags=list(version.tags) or None,
        state=" ".join(state) or "draft",
    )


def _parents(version: VersionRow) -> dict[str, Value]:
    roles: dict[str, list[str]] = {}
    for parent in version.parents:
        roles.setdefault(parent.role, []).append(f"{parent.name}:{parent.number}")
    return {role: sorted(refs) for role, refs in roles.items()}


def present_fields(**fields: Value | None) -> dict[str, Value]:
    """Return the fields that are not None, as a table."""
    return {key: value for key, value in fields.items() if value is not None}


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
