"""Promotion: moves an alias to a version if nobody holds it, or if the version is better than the one that does."""

from __future__ import annotations

from decimal import Decimal
from shlex import quote
from typing import TYPE_CHECKING

from registry_cli.catalog.fold import changes
from registry_cli.dataclass import dataclass
from registry_cli.errors import RefusedError
from registry_cli.near import cut_field, did_you_mean, list_near
from registry_cli.records.values import flatten
from registry_cli.registry.aliases import check_required, find_move
from registry_cli.registry.retention import find_number
from registry_cli.registry.transaction import transact

if TYPE_CHECKING:
    from registry_cli.catalog.fold.changes import Change
    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.ids import AliasName
    from registry_cli.registry.api import Registry
    from registry_cli.registry.goals import Goal


@dataclass(frozen=True, slots=True)
class Promotion:
    """The result of a promotion.

    Attributes:
        version: The version that holds the alias now.
        number: The number that was compared.
        before: The version that held it; None where nobody did, the version itself where nothing was moved.
        number_before: The number of that version, or None.
    """

    version: VersionRow
    number: float
    before: VersionRow | None
    number_before: float | None


def promote_version(
    registry: Registry,
    ref: str,
    name: AliasName,
    goal: Goal,
    *,
    least: Decimal = Decimal(0),
    require: str | None = None,
    message: str | None = None,
) -> Promotion:
    """Move an alias of its model to the version `ref` if nobody holds it, or if the version is better than the holder.

    The comparison and the move are one entry: where another process moves the alias meanwhile, the version is compared
    with the new holder.

    Args:
        registry: The registry.
        ref: An exact address.
        name: The alias.
        goal: The number that is compared, and its direction.
        least: Least difference by which the version must be better.
        require: A query that the version must match too.
        message: Reason, for the log.

    Raises:
        RefusedError: The version is not better, does not match `require`, or one of the two has no such number.
    """
    found: list[Promotion] = []

    rest = f" {name} --if-better {quote(f'{goal.way}({goal.field})')}"

    def plan() -> list[Change]:
        row, version, spelled, held = registry.read(lambda db: find_move(db, ref, name, "promote", rest=rest))
        before = registry.get_row(held) if held else None
        found[:] = [_compare(version, before, spelled, goal, least)]
        if require is not None:
            check_required(registry, version, row, require)
        return [] if held == version.id else [changes.alias(spelled, version=version.id, old=held)]

    transact(registry, plan, message=message)
    (done,) = found
    return Promotion(registry.get_row(done.version.id), done.number, done.before, done.number_before)


def _compare(version: VersionRow, before: VersionRow | None, name: AliasName, goal: Goal, least: Decimal) -> Promotion:
    """Return the promotion of a version, if it may take the place of the one before.

    Raises:
        RefusedError: It may not.
    """
    number = _get_number(version, goal.field)
    if before is None or before.id == version.id:
        return Promotion(version, number, before, number if before else None)
    other = find_number(before, goal.field)
    if other is None:
        raise RefusedError(
            f"{version.ref} has {goal.field} {number}, and {before.ref}, which holds @{name}, has no such number",
            hint=f"reg model show {quote(before.ref)}",
        )
    if not goal.is_better(number, other) or abs(_exact(number) - _exact(other)) < least:
        side = "above" if goal.way == "max" else "below"
        by = f" by {least} or more" if least else ""
        raise RefusedError(
            f"{version.ref} is not better than {before.ref}, which holds @{name}: {goal.field} {number} is not"
            f" {side} {other}{by}",
            hint=f"reg model compare {quote(before.ref)} {quote(version.ref)}",
        )
    return Promotion(version, number, before, other)


def _get_number(version: VersionRow, field: str) -> float:
    """Return the number that a version is compared by.

    Raises:
        RefusedError: It has none, or a NaN.
    """
    number = find_number(version, field)
    if number is None:
        raise RefusedError(
            f"{version.ref} has no number in {field}{_explain(version, field)}",
            hint=f"reg model show {quote(version.ref)}",
        )
    return number


def _explain(version: VersionRow, field: str) -> str:
    """Return the end of the message on a missing number: what the field holds instead, or the fields near to it."""
    known = flatten(version.metrics, "metrics") | flatten(version.metadata, "metadata")
    if field in known:
        return ": it is NaN" if isinstance(known[field], float) else ": its value is no number"
    return did_you_mean([f"`{one}`" for one in list_near(field, known, cut_field)])


def _exact(number: float) -> Decimal:
    """Return a number as it is printed, so that 0.94 is 0.01 above 0.93."""
    return Decimal(repr(number))
