"""What checks, repairs, collections and prunings found and did, as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from registry_cli.views.versions import name_file, view_version

if TYPE_CHECKING:
    from pathlib import Path

    from registry_cli.registry.fsck.report import Damage, Kind, Report
    from registry_cli.registry.gc.explain import Explanation
    from registry_cli.registry.prune import Verdict
    from registry_cli.registry.repair.outcome import Outcome, Repair


_ID = 12
"""Hex digits of an id that are shown."""


def report_table(report: Report) -> dict[str, Any]:
    """Return all of a report as plain data."""
    counts = report.counts
    return {
        "ok": not report.damages,
        "level": report.level,
        "checked": {
            "entries": counts.entries,
            "records": counts.records,
            "blobs": counts.blobs,
            "views": counts.views,
            "bytes": counts.size,
            "read": counts.read,
        },
        "damages": [
            {
                "kind": damage.kind,
                "path": str(damage.path),
                "problem": damage.problem,
                "models": _refs(damage, report),
                "blob": damage.blob,
                "record": damage.record,
                "seq": damage.seq,
            }
            for damage in report.damages
        ],
        "notes": list(report.notes),
    }


def damage_row(damage: Damage, report: Report, root: Path) -> dict[str, Any]:
    """Return one damage as a row; its path from the folder that holds the registry."""
    return {
        "kind": damage.kind,
        "what": name_damaged(damage.kind, damage.path, root),
        "path": str(damage.path.relative_to(root.parent)),
        "problem": damage.problem,
        "models": _refs(damage, report),
    }


def name_damaged(kind: Kind, path: Path, root: Path) -> str:
    """Return what a damaged file is, for a table: `blob ad02a91d3935`, `log 000002`."""
    area, *inner = path.relative_to(root).parts
    if kind == "view":
        return f"view {inner[0][:_ID]}" if inner else f"view {area}"
    name = name_file(path)
    return f"{kind} {name[:_ID] if kind in {'blob', 'record', 'trash'} else name}"


def _refs(damage: Damage, report: Report) -> list[str]:
    return [report.names.get(user, str(user)) for user in damage.users]


def repair_table(repair: Repair, *, dry_run: bool) -> dict[str, Any]:
    """Return all of a repair as plain data."""
    tables = [(outcome.lost, _outcome_table(repair, outcome)) for outcome in repair.outcomes]
    return {
        "dry_run": dry_run,
        "mended": [table for lost, table in tables if not lost],
        "lost": [table for lost, table in tables if lost],
        "orphans": list(repair.orphans),
    }


def _outcome_table(repair: Repair, outcome: Outcome) -> dict[str, Any]:
    models = [repair.names.get(user, str(user)) for user in outcome.users]
    return {"kind": outcome.kind, "path": str(outcome.path), "how": outcome.how, "models": models}


def outcome_row(repair: Repair, outcome: Outcome, root: Path, *, dry_run: bool) -> dict[str, Any]:
    """Return what became of one damaged file, or would, as a row."""
    result = "lost" if outcome.lost else "would mend" if dry_run else "mended"
    path = str(outcome.path.relative_to(root.parent))
    what = name_damaged(outcome.kind, outcome.path, root)
    return {**_outcome_table(repair, outcome), "result": result, "what": what, "path": path}


def explanation_table(told: Explanation) -> dict[str, Any]:
    """Return why a version stays or goes, as plain data."""
    return {
        "ref": told.version.ref,
        "id": told.version.id,
        "stays": told.stays,
        "why": list(told.why),
        "files": [{"path": file.path, "size": file.size, "blob": file.blob, "fate": file.fate} for file in told.files],
    }


def verdict_table(verdict: Verdict) -> dict[str, Any]:
    """Return a version with what becomes of it and why it stays."""
    fate = "remove" if verdict.kept is None else "keep"
    return {"fate": fate, "why": verdict.kept, **view_version(verdict.version)}
