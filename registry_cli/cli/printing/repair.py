"""Prints a repair: the outcome of each damaged file as a row, then notes and warnings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.cli.printing.fsck import shorten_refs
from registry_cli.cli.printing.fsck import summary as summarize_check
from registry_cli.views.care import outcome_row, repair_table

if TYPE_CHECKING:
    from pathlib import Path

    from registry_cli.cli.output import Output
    from registry_cli.registry.repair.outcome import Repair

_SHOWN = 5
"""Most versions and tasks that a sentence names."""


def print_repair(output: Output, repair: Repair, root: Path, *, dry_run: bool) -> None:
    """Print the outcome of each damaged file, on a dry run the expected one; then warnings about what is lost.

    Args:
        output: Sink of the outcomes.
        repair: Repair to print.
        root: Root of the registry; paths are shown relative to its parent.
        dry_run: True where nothing was changed.
    """
    if output.mode == "json":
        output.record(repair_table(repair, dry_run=dry_run))
        return
    rows = [outcome_row(repair, outcome, root, dry_run=dry_run) for outcome in repair.outcomes]
    if rows:
        if output.drawn:
            rows = [{**row, "models": shorten_refs(row["models"], 1)} for row in rows]
            output.rows(rows, ("result", "what", "models", "how"))
        else:
            output.rows(rows, ("result", "kind", "how", "models", "path"))
    if repair.report and not repair.outcomes:
        output.note(f"nothing to repair: {summarize_check(repair.report)}")
    if dry_run:
        return
    if any(outcome.lost and outcome.kind == "log" for outcome in repair.outcomes):
        output.warn("an entry of the log is lost: if it added versions, later ones of their models have other numbers")
    if repair.orphans:
        listed = "\n".join(repair.orphans)
        output.warn(f"records that no entry names; a lost entry may have, so they are kept:\n{listed}")


def summary(repair: Repair) -> str:
    """Return a sentence that says what is lost, and what to do about files outside the registry."""
    affected = {user for outcome in repair.lost for user in outcome.users}
    named = sorted(repair.names.get(user, user[:12]) for user in affected)
    outside = sum(outcome.kind == "external" for outcome in repair.lost)
    inside = len(repair.lost) - outside
    parts = [f"{inside:,} file{'s are' if inside > 1 else ' is'} lost in this copy"] if inside else []
    if outside:
        parts.append(
            f"{outside:,} file{'s' if outside > 1 else ''} outside the registry changed or gone: bring the bytes back,"
            " or add what is there and remove the version"
        )
    if named:
        more = f" and {len(named) - _SHOWN:,} more" if len(named) > _SHOWN else ""
        parts.append(f"partial: {', '.join(named[:_SHOWN])}{more}")
    if inside:
        parts.append("--from mends it from a copy of the registry")
    return "; ".join(parts)
