"""What a repair did, as a list and in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.cli.printing.fsck import shorten_refs
from registry_cli.cli.printing.fsck import summary as tell_checked
from registry_cli.views.care import outcome_row, repair_table

if TYPE_CHECKING:
    from pathlib import Path

    from registry_cli.cli.output import Output
    from registry_cli.registry.repair.outcome import Repair

_SHOWN = 5
"""Versions and tasks that are named in a sentence."""


def print_repair(output: Output, repair: Repair, root: Path, *, dry_run: bool) -> None:
    """Print what became of each damaged file, or would; then what one should know of it.

    Args:
        output: Where.
        repair: What.
        root: The registry, from which paths are shown.
        dry_run: Whether nothing was done yet.
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
        output.note(f"nothing to mend: {tell_checked(repair.report)}")
    if dry_run:
        return
    if any(outcome.lost and outcome.kind == "log" for outcome in repair.outcomes):
        output.warn("an entry of the log is lost: if it added versions, later ones of their models have other numbers")
    if repair.orphans:
        listed = "\n".join(repair.orphans)
        output.warn(f"records that no entry names; a lost entry may have, so they are kept:\n{listed}")


def summary(repair: Repair) -> str:
    """Return what is lost, in words."""
    touched = {user for outcome in repair.lost for user in outcome.users}
    named = sorted(repair.names.get(user, user[:12]) for user in touched)
    lost = f"{len(repair.lost):,} file{'s are' if len(repair.lost) > 1 else ' is'} lost in this copy"
    if not named:
        return lost
    more = f" and {len(named) - _SHOWN:,} more" if len(named) > _SHOWN else ""
    return f"{lost}; partial: {', '.join(named[:_SHOWN])}{more}"
