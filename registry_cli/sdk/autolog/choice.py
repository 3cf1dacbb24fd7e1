"""Merges the command line's and the script's choice of frameworks to log. Begins no task.

The command line's choice comes first, then the script's; frameworks that neither names are logged.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import time
from typing import TYPE_CHECKING

from registry_cli import env
from registry_cli.dataclass import replace
from registry_cli.frameworks.patching.rules import nothing, parse_rules
from registry_cli.frameworks.patching.switch import turn_off, turn_on
from registry_cli.records.task import Auto
from registry_cli.sdk.autolog.boot import BASE, stop_waiting
from registry_cli.sdk.autolog.current_sink import drain, find_sink, set_task
from registry_cli.tasks.attempt.autolog_setting import dump_auto, is_off, load_auto

if TYPE_CHECKING:
    from registry_cli.records.task import Loads
    from registry_cli.sdk.argparse_hook import Connected

Choice = dict[str, bool | tuple[str, ...]]

_prompt = env.read(env.REG_AUTOLOG)
"""The setting when this process began; later the variable carries the script's choice to its child processes."""
_said = Auto()
"""The script's choice."""
_before: dict[str, str | None] | None = None
"""Variables before they were changed for child processes."""


def is_refused() -> bool:
    """Return True where the user has turned automatic logging off, whatever a script chooses."""
    return is_off(_prompt)


def parse_choice(wanted: Connected) -> Choice | None:
    """Return a script's choice as rules; None for True, which changes nothing.

    Raises:
        UsageError: A key names no framework, or a rule is not valid.
    """
    if isinstance(wanted, Mapping):
        return parse_rules(wanted) if wanted else nothing()
    return None if wanted else nothing()


def apply_choice(wish: Choice | None, *, loads: Loads | None = None, keep: str | None = None) -> None:
    """Log frameworks from now on for the task of the current sink, or stop.

    Args:
        wish: As `parse_choice` returns it.
        loads: The loads that become inputs; None leaves the earlier choice, as for `keep`.
        keep: Retention rule for the versions so made.
    """
    global _said
    if is_refused():
        return
    _said = Auto(_said.frameworks if wish is None else wish, loads or _said.loads, keep or _said.keep)
    auto = _merge(load_auto(_prompt) or Auto())
    stop_waiting()
    if any(auto.frameworks.get(key, True) for key in nothing()):
        turn_on(find_sink, auto.frameworks, base=BASE)
        _let_children(dump_auto(auto))
    else:
        turn_off()
        _let_children("")
    sink = find_sink() if loads is not None or keep is not None else None
    if sink is not None:
        from registry_cli.tasks.attempt.notes import WishNote

        sink.reconsider()
        sink.wish(WishNote(time(), loads, keep))


def leave_task(*, ended: bool) -> None:
    """Write the buffered notes for a task that this process leaves; one that has not ended stays the hooks' target.

    The hooks stay, for a task that may begin later.
    """
    global _before
    if not ended:
        drain()
        return
    set_task(None)
    if _before is not None:
        env.restore(_before)
        _before = None


def _merge(prompt: Auto) -> Auto:
    loads = prompt.loads if prompt.loads != "known" else _said.loads
    return replace(
        prompt, frameworks={**_said.frameworks, **prompt.frameworks}, loads=loads, keep=prompt.keep or _said.keep
    )


def _let_children(told: str) -> None:
    """Set the variables with which child processes do the same; forked children do so anyway."""
    global _before
    if _before is None:
        _before = {name: env.read(name) for name in (env.REG_AUTOLOG, *env.with_site({}))}
    env.set_all({env.REG_AUTOLOG: told, **(env.with_site(env.read_all()) if told else {})})
