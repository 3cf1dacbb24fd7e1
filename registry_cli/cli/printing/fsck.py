"""Prints the report of a check: damages as rows, on a terminal sorted by the models they affect, and a summary."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from registry_cli.catalog.read.task_address import PREFIX as TASK
from registry_cli.views.care import damage_row, report_table
from registry_cli.views.text import format_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from registry_cli.catalog.read.rows import UserId
    from registry_cli.cli.output import Output
    from registry_cli.registry.fsck.report import Damage, Report
    from registry_cli.registry.repair.outcome import Outcome

_SHOWN = 3
"""Most models of one damage that a terminal shows."""


def print_report(output: Output, report: Report, root: Path) -> None:
    """Print the report of a check.

    Args:
        output: Sink of the report.
        report: Report to print.
        root: Root of the registry; paths are shown relative to its parent.
    """
    if output.mode == "json":
        output.record(report_table(report))
        return
    rows = [damage_row(damage, report, root) for damage in report.damages]
    if output.drawn:
        rows = [{**row, "models": shorten_refs(row["models"], _SHOWN)} for row in rows]
        rows.sort(key=lambda row: row["models"])  # damages of one model stand together
    columns = ("what", "problem", "models") if output.drawn else ("kind", "path", "problem", "models")
    output.rows(rows, columns, empty="")
    for note in report.notes:
        output.note(f"note: {note}")
    output.note(summary(report))


def summary(report: Report) -> str:
    """Return a sentence that says what was checked and what was found."""
    counts = report.counts
    looked = {"fast": "names and sizes of", "default": "", "strong": "SHA-256 of"}[report.level]
    what = (
        f"checked {_count(counts.entries, 'entry', 'entries')}, {_count(counts.records, 'record', 'records')},"
        f" {looked} {format_size(counts.size)} in {_count(counts.blobs, 'blob', 'blobs')}"
    ).replace("  ", " ")
    if not report.damages:
        return f"{what}: no damage found"
    found = f"{what}: {_count(len(report.damages), 'damaged file', 'damaged files')}"
    tasks = sum(name.startswith(TASK) for name in report.names.values())
    versions = len(report.names) - tasks
    affected = [_count(versions, "version", "versions")] if versions else []
    affected += [_count(tasks, "task", "tasks")] if tasks else []
    return f"{found}, {' and '.join(affected) or 'no version'} affected"


def find_outside(found: Iterable[Damage | Outcome], names: Mapping[UserId, str]) -> str | None:
    """Return the first version to verify where only files outside the registry are damaged, else None.

    A repair has their bytes only where another registry holds them.
    """
    damages = list(found)
    users = [names.get(user, user) for damage in damages for user in damage.users]
    if not users or any(damage.kind != "external" for damage in damages):
        return None
    return quote(users[0])


def shorten_refs(refs: list[str], shown: int) -> str:
    """Return the first `shown` addresses and the number of the others; `-` for none."""
    more = f" and {len(refs) - shown:,} more" if len(refs) > shown else ""
    return ", ".join(refs[:shown]) + more or "-"


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
