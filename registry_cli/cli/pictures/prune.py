"""What a pruning would do, as a list and in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from registry_cli.cli.cells import format_size
from registry_cli.cli.views import view_version

if TYPE_CHECKING:
    from registry_cli.cli.output import Output
    from registry_cli.registry.prune import Pruning, Verdict


def print_pruning(output: Output, plan: Pruning) -> None:
    """Print what would go and what would stay, and why; in JSON with the bytes that would be freed."""
    if output.mode == "json":
        output.record({"bytes": plan.freed, "versions": [verdict_table(verdict) for verdict in plan.verdicts]})
        return
    shown = [verdict for verdict in plan.verdicts if verdict.kept is None or output.mode != "ids"]
    output.rows(map(verdict_table, shown), ("ref", "fate", "why", "size", "created"), empty="no version to judge")
    output.note(f"would remove {summary(plan)}")


def verdict_table(verdict: Verdict) -> dict[str, Any]:
    """Return a version with what becomes of it and why it stays."""
    fate = "remove" if verdict.kept is None else "keep"
    return {"fate": fate, "why": verdict.kept, **view_version(verdict.version)}


def summary(plan: Pruning) -> str:
    """Return how much would go, in words."""
    gone, all_of = len(plan.removed), len(plan.verdicts)
    if not gone:
        return f"none of {all_of:,} versions"
    models = len({row.name for row in plan.removed})
    of = f" of {models:,} models" if models > 1 else f" of {plan.removed[0].name}"
    return f"{gone:,} version{'s' if gone > 1 else ''}{of}; {format_size(plan.freed)} are only theirs"
