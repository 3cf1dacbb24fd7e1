"""Checks, repairs, collections and prunings as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from registry_cli.views.text import pick
from registry_cli.views.versions import name_file, view_version

if TYPE_CHECKING:
    from pathlib import Path

    from registry_cli.registry.fsck.report import Damage, Kind, Report
    from registry_cli.registry.gc.collect import Collected
    from registry_cli.registry.gc.explain import Explanation
    from registry_cli.registry.gc.plan import Plan
    from registry_cli.registry.prune import Verdict
    from registry_cli.registry.repair.outcome import Outcome, Repair

_ID = 12
"""Hex digits of an id that are shown."""
_AMOUNTS = ("now", "after_grace", "after_trash", "young")
"""Amounts of bytes that a planned and a finished collection both have."""


def report_table(report: Report) -> dict[str, Any]:
    """Return a report of a check as plain data."""
    counts = report.counts
    return {
        "ok": not report.damages,
        "level": report.level,
        "checked": {
            **pick(counts, ("entries", "records", "blobs", "views")),
            "bytes": counts.size,
            "read": counts.read,
        },
        "damages": [
            {
                "kind": damage.kind,
                "path": str(damage.path),
                "problem": damage.problem,
                "models": _refs(damage, report),
                **pick(damage, ("blob", "record", "seq")),
            }
            for damage in report.damages
        ],
        "notes": list(report.notes),
    }


def damage_row(damage: Damage, report: Report, root: Path) -> dict[str, Any]:
    """Return one damage as a row; its path is relative to the folder that holds the registry, if that holds it."""
    return {
        "kind": damage.kind,
        "what": name_damaged(damage.kind, damage.path, root),
        "path": _shorten(damage.path, root),
        "problem": damage.problem,
        "models": _refs(damage, report),
    }


def name_damaged(kind: Kind, path: Path, root: Path) -> str:
    """Return the name of a damaged file in a table: `blob ad02a91d3935`, `log 000002`."""
    if kind == "external":
        return f"{kind} {path.name}"
    area, *inner = path.relative_to(root).parts
    if kind == "view":
        return f"view {inner[0][:_ID]}" if inner else f"view {area}"
    name = name_file(path)
    return f"{kind} {name[:_ID] if kind in {'blob', 'record', 'trash'} else name}"


def _shorten(path: Path, root: Path) -> str:
    return str(path.relative_to(root.parent) if path.is_relative_to(root.parent) else path)


def _refs(damage: Damage, report: Report) -> list[str]:
    return [report.names.get(user, str(user)) for user in damage.users]


def repair_table(repair: Repair, *, dry_run: bool) -> dict[str, Any]:
    """Return a repair as plain data."""
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
    """Return the outcome of one damaged file, or on a dry run the expected one, as a row."""
    result = "lost" if outcome.lost else "would mend" if dry_run else "mended"
    path = _shorten(outcome.path, root)
    what = name_damaged(outcome.kind, outcome.path, root)
    return {**_outcome_table(repair, outcome), "result": result, "what": what, "path": path}


def list_amounts(collection: Plan | Collected) -> dict[str, int]:
    """Return the bytes that a collection frees in each of its steps."""
    return {key: getattr(collection, key) for key in _AMOUNTS}


def plan_table(plan: Plan) -> dict[str, Any]:
    """Return a planned collection as plain data."""
    return {
        **list_amounts(plan),
        "blobs": [{"id": each.blob, "size": each.size, "fate": each.decision} for each in plan.unused],
        "trash": [{"path": str(each.path), "size": each.freed} for each in plan.purge],
        "leftovers": [{"path": str(each.path), "size": each.size, "what": each.what} for each in plan.litter],
    }


def collected_table(done: Collected) -> dict[str, Any]:
    """Return a finished collection as plain data."""
    return {**list_amounts(done), "deleted": done.blobs, "leftovers": done.leftovers}


def explanation_table(explanation: Explanation) -> dict[str, Any]:
    """Return the explanation why a version stays or goes, as plain data."""
    return {
        "ref": explanation.version.ref,
        "id": explanation.version.id,
        "stays": explanation.stays,
        "why": list(explanation.why),
        "files": [{**pick(file, ("path", "size", "blob")), "fate": file.state} for file in explanation.files],
    }


def verdict_table(verdict: Verdict) -> dict[str, Any]:
    """Return a version with its fate and the reason why it stays."""
    fate = "remove" if verdict.kept is None else "keep"
    return {"fate": fate, "why": verdict.kept, **view_version(verdict.version)}
