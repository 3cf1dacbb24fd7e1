"""Prints collections and prunings: the bytes that each step frees, and why a version stays or goes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from registry_cli.views.care import collected_table, explanation_table, list_amounts, plan_table, verdict_table
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
"""Label of each amount of a collection."""


def print_plan(output: Output, plan: Plan) -> None:
    """Print the bytes that a collection would free, now and later."""
    if output.mode == "json":
        output.record(plan_table(plan))
        return
    _print_amounts(output, list_amounts(plan))
    output.note("nothing was changed")


def print_collected(output: Output, done: Collected) -> None:
    """Print the bytes that a collection freed, and those that it left for later."""
    if output.mode == "json":
        output.record(collected_table(done))
        return
    _print_amounts(output, list_amounts(done))


def print_explanation(output: Output, explanation: Explanation) -> None:
    """Print why a version stays or goes, and what happens to each of its files."""
    if output.mode == "json":
        output.record(explanation_table(explanation))
        return
    verb = "stays" if explanation.stays else "goes"
    lines = [f"{explanation.version.ref} {verb}: {'; '.join(explanation.why)}"]
    width = max((len(file.path) for file in explanation.files), default=0)
    lines += [f"  {file.path:<{width}}  {format_size(file.size):>8}  {file.state}" for file in explanation.files]
    sys.stdout.write("".join(escape(line) + "\n" for line in lines))
    if explanation.hint:
        output.note(f"hint: {explanation.hint}")


def _print_amounts(output: Output, amounts: dict[str, int]) -> None:
    """Print one amount a line: size and label on a terminal, key and bytes elsewhere."""
    for key, amount in amounts.items():
        sys.stdout.write(f"{format_size(amount):>9}  {STEPS[key]}\n" if output.drawn else f"{key}\t{amount}\n")


def print_pruning(output: Output, plan: Pruning) -> None:
    """Print which versions would go, which would stay, and why; JSON also holds the bytes that would be freed."""
    if output.mode == "json":
        output.record({"bytes": plan.freed, "versions": [verdict_table(verdict) for verdict in plan.verdicts]})
        return
    shown = [verdict for verdict in plan.verdicts if verdict.kept is None or output.mode != "ids"]
    output.rows(map(verdict_table, shown), ("ref", "fate", "why", "size", "created"), empty="no version to judge")
    output.note(f"would remove {summary(plan)}")


def summary(plan: Pruning) -> str:
    """Return a sentence that says how many versions and bytes would go."""
    gone, all_of = len(plan.removed), len(plan.verdicts)
    if not gone:
        return f"none of {all_of:,} versions"
    models = len({row.name for row in plan.removed})
    of = f" of {models:,} models" if models > 1 else f" of {plan.removed[0].name}"
    return f"{gone:,} version{'s' if gone > 1 else ''}{of}; {format_size(plan.freed)} are only theirs"
