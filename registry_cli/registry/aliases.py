"""Aliases: movable names that one version of a model holds. Each move is recorded and can be undone."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from registry_cli.catalog.fold import changes
from registry_cli.catalog.read import versions
from registry_cli.catalog.read.address import get_line, resolve, resolve_exact
from registry_cli.catalog.read.address_form import parse_address
from registry_cli.catalog.read.aliases import find_holder, find_spelling, list_steps
from registry_cli.catalog.read.journal import iter_changes
from registry_cli.errors import ConflictError, NotFoundError, RefusedError, UsageError
from registry_cli.registry.transaction import transact

if TYPE_CHECKING:
    from registry_cli.catalog.connection import Connection
    from registry_cli.catalog.fold.changes import Change
    from registry_cli.catalog.read.journal import ChangeRow
    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.ids import AliasName, ModelName, VersionId
    from registry_cli.registry.api import Registry


def plan_alias(db: Connection, line: int | None, name: AliasName, version: VersionId | None) -> Change:
    """Return the change that moves an alias of a line from its present holder to `version`."""
    if line is None:
        return changes.alias(name, version=version, old=None)
    spelled = find_spelling(db, line, name)
    return changes.alias(spelled, version=version, old=find_holder(db, line, spelled))


def find_move(
    db: Connection, ref: str, name: AliasName, verb: str, *, rest: str
) -> tuple[int, VersionRow, AliasName, VersionId | None]:
    """Return the row and the version that `ref` names, the alias as its line spells it, and its present holder.

    Args:
        db: The index.
        ref: An exact address.
        name: The alias.
        verb: The command's verb, for the hint where `ref` names several versions.
        rest: The words that follow `ref` in that hint.
    """
    row = resolve_exact(db, ref, verb, rest=rest)
    version = versions.get_version(db, row)
    line = get_line(db, version.name)
    spelled = find_spelling(db, line, name)
    return row, version, spelled, find_holder(db, line, spelled)


def set_alias(
    registry: Registry, ref: str, name: AliasName, *, expect: str | None = None, require: str | None = None,
    message: str | None = None,
) -> VersionRow:  # fmt: skip
    """Move an alias of its model to the version `ref`, and return the version.

    Args:
        registry: The registry.
        ref: An exact address.
        name: The alias.
        expect: Address of the version that must hold it now; the empty text for no version.
        require: A query that the version must match, such as `metrics.auc > 0.9`.
        message: Reason, for the log.

    Raises:
        ConflictError: The holder is not the expected one.
        RefusedError: The version does not match `require`.
    """
    target: list[VersionId] = []

    def plan() -> list[Change]:
        row, version, spelled, held = registry.read(lambda db: find_move(db, ref, name, "alias", rest=f" {name}"))
        target[:] = [version.id]
        if expect is not None:
            _check_holder(registry, version.name, spelled, held, expect)
        if require is not None:
            check_required(registry, version, row, require)
        return [] if held == version.id else [changes.alias(spelled, version=version.id, old=held)]

    transact(registry, plan, message=message)
    return registry.get_row(target[0])  # `ref` may be the alias itself, and mean another version by now


def remove_alias(registry: Registry, ref: str, *, message: str | None = None) -> VersionRow:
    """Remove the alias that `ref` (`name@alias`) names; return the version that held it.

    Raises:
        UsageError: `ref` names no alias.
        NotFoundError: No version holds it.
    """
    name, alias = _alias_of(ref)
    held = registry.get_row(f"{name}@{alias}")

    def plan() -> list[Change]:
        return [registry.read(lambda db: plan_alias(db, get_line(db, name), alias, None))]

    transact(registry, plan, message=message)
    return held


def undo_alias(registry: Registry, ref: str, *, message: str | None = None) -> VersionRow | None:
    """Undo the last move of the alias that `ref` (`name@alias`) names that is not undone yet; return the new holder.

    Raises:
        UsageError: `ref` names no alias.
        NotFoundError: It was never moved, or all its moves are undone.
        RefusedError: The holder before is archived or removed.
    """
    name, typed = _alias_of(ref)
    line = registry.read(lambda db: get_line(db, name))
    alias = registry.read(lambda db: find_spelling(db, line, typed))

    def plan() -> list[Change]:
        steps = registry.read(lambda db: list_steps(db, line, alias))
        if len(steps) < 2:
            problem = f"every move of {name}@{alias} is undone" if steps else f"{name} never had an alias `{alias}`"
            raise NotFoundError(problem, hint=f"reg model alias --list {quote(name)}")
        return [changes.alias(alias, version=steps[-2], old=steps[-1], back=True)]

    transact(registry, plan, message=message)
    holder = registry.read(lambda db: find_holder(db, line, alias))
    return registry.get_row(holder) if holder else None


def list_moves(registry: Registry, name: str) -> list[ChangeRow]:
    """Return every move of a model's aliases, newest first."""
    rows = registry.read(lambda db: list(iter_changes(db, line=get_line(db, name), newest=True)))
    return [row for row in rows if row.op == changes.ALIAS]


def _alias_of(ref: str) -> tuple[ModelName, AliasName]:
    address = parse_address(ref)
    if address.name is None or address.alias is None:
        raise UsageError(f"{ref} names no alias, as NAME@alias does", hint="reg model alias --help")
    return address.name, address.alias


def _check_holder(registry: Registry, model: ModelName, name: AliasName, held: VersionId | None, expect: str) -> None:
    wanted = registry.read(lambda db: versions.get_version(db, resolve(db, expect)).id) if expect else None
    if held != wanted:
        holder = registry.get_row(held).ref if held else "nobody"
        raise ConflictError(f"{model}@{name} is held by {holder}, not by {expect or 'nobody'}",
                            hint=f"reg model alias --list {quote(model)}")  # fmt: skip


def check_required(registry: Registry, version: VersionRow, row: int, require: str) -> None:
    """Check that the version of an index row matches a query.

    Raises:
        RefusedError: It does not.
    """
    from registry_cli.registry.query import matches

    if not matches(registry, row, require):
        raise RefusedError(f"{version.ref} does not satisfy `{require}`", hint=f"reg model show {quote(version.ref)}")
