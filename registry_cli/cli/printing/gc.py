"""What a collection does or did, and why a version stays or goes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from registry_cli.views.care import explanation_table, verdict_table
from registry_cli.views.text import escape, format_size

if TYPE_CHECKING:
    from registry_cli.cli.output import Output
    from registry_cli.registry.gc.collect import Collected
    from registry_cli.registry.gc.explain import Explanation
    from registry_cli.registry.gc.plan import Plan
    from registry_cli.registry.prune import Pruning


STEPS = {
    "now": "freed now",
    "after_grace": "announced, to the trash after the grace",
    "after_trash": "in the trash, deleted after its time",
    "young": "unused, too young to be judged",
}
"""The amounts of a collection and what is said of them."""


def print_plan(output: Output, plan: Plan) -> None:
    """Print what a collection would free, now and later."""
    amounts = {key: getattr(plan, key) for key in STEPS}
    if output.mode == "json":
        blobs = [{"id": each.blob, "size": each.size, "fate": each.fate} for each in plan.unused]
        leftovers = [{"path": str(each.path), "size": each.size, "what": each.what} for each in plan.litter]
        trash = [{"path": str(each.path), "size": each.freed} for each in plan.purge]
        output.record({**amounts, "blobs": blobs, "trash": trash, "leftovers": leftovers})
        return
    _print_amounts(output, amounts)
    output.note("nothing was changed")


def print_collected(output: Output, done: Collected) -> None:
    """Print what a collection freed, and what it left for later."""
    amounts = {key: getattr(done, key) for key in STEPS}
    if output.mode == "json":
        output.record({**amounts, "deleted": done.blobs, "leftovers": done.leftovers})
        return
    _print_amounts(output, amounts)


def print_explanation(output: Output, told: Explanation) -> None:
    """Print why a version stays or goes, and what becomes of each of its files."""
    if output.mode == "json":
        output.record(explanation_table(told))
        return
    verb = "stays" if told.stays else "goes"
    lines = [f"{told.version.ref} {verb}: {'; '.join(told.why)}"]
    width = max((len(file.path) for file in told.files), default=0)
    lines += [f"  {file.path:<{width}}  {format_size(file.size):>8}  {file.fate}" for file in told.files]
    sys.stdout.write("".join(escape(line) + "\n" for line in lines))
    if told.hint:
        output.note(f"hint: {told.hint}")


def _print_amounts(output: Output, amounts: dict[str, int]) -> None:
    """Print one amount a line: as a person reads it, or key and bytes."""
    for key, amount in amounts.items():
        sys.stdout.write(f"{format_size(amount):>9}  {STEPS[key]}\n" if output.drawn else f"{key}\t{amount}\n")


def print_pruning(output: Output, plan: Pruning) -> None:
    """Print what would go and what would stay, and why; in JSON with the bytes that would be freed."""
    if output.mode == "json":
        output.record({"bytes": plan.freed, "versions": [verdict_table(verdict) for verdict in plan.verdicts]})
        return
    shown = [verdict for verdict in plan.verdicts if verdict.kept is None or output.mode != "ids"]
    output.rows(map(verdict_table, shown), ("ref", "fate", "why", "size", "created"), empty="no version to judge")
    output.note(f"would remove {summary(plan)}")


def summary(plan: Pruning) -> str:
    """Return how much would go, in words."""
    gone, all_of = len(plan.removed), len(plan.verdicts)
    if not gone:
        return f"none of {all_of:,} versions"
    models = len({row.name for row in plan.removed})
    of = f" of {models:,} models" if models > 1 else f" of {plan.removed[0].name}"
    return f"{gone:,} version{'s' if gone > 1 else ''}{of}; {format_size(plan.freed)} are only theirs"
