"""Which frameworks a script wants heard, between what the prompt asks for and what the script says. Begins no task.

What the prompt names comes first, then what the script says; what neither names is heard.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from time import time
from typing import TYPE_CHECKING

from registry_cli import env
from registry_cli.frameworks.patching.rules import nothing, parse_rules
from registry_cli.frameworks.patching.switch import turn_off, turn_on
from registry_cli.records.task import Auto
from registry_cli.sdk.autolog.boot import BASE, stop_waiting
from registry_cli.sdk.autolog.current_sink import drain, find_sink, set_task
from registry_cli.tasks.attempt.autolog_setting import dump_auto, is_off, load_auto

if TYPE_CHECKING:
    from registry_cli.records.task import Loads
    from registry_cli.sdk.argparse_hook import Connected

Heard = dict[str, bool | tuple[str, ...]]

_prompt = env.read(env.REG_AUTOLOG)
"""What was asked for when this process began; the variable then carries the script's word to its children."""
_said = Auto()
"""What the script has said."""
_before: dict[str, str | None] | None = None
"""Variables as they were before the script's children were to be heard too."""


def is_refused() -> bool:
    """Return whether the user has turned automatic logging off, whatever a script says."""
    return is_off(_prompt)


def parse_wish(wanted: Connected) -> Heard | None:
    """Return what a script asks for as rules; None for True, with which everything stays as it is.

    Raises:
        UsageError: A key names nothing that is heard, or a rule is none.
    """
    if isinstance(wanted, Mapping):
        return parse_rules(wanted) if wanted else nothing()
    return None if wanted else nothing()


def hear(wish: Heard | None, *, loads: Loads | None = None, keep: str | None = None) -> None:
    """Hear frameworks from now on for the task that `where` knows, or no more.

    Args:
        wish: As `parse_wish` returns it.
        loads: Which loads are inputs; None leaves it as it was said before, as of `keep`.
        keep: Which of the versions so made stay.
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


def stop_hearing(*, ended: bool) -> None:
    """Write what was heard for a task that this process leaves; one that does not end with that goes on to be told.

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
    """Have processes that this one starts do the same; forked ones do anyhow."""
    global _before
    if _before is None:
        _before = {name: env.read(name) for name in (env.REG_AUTOLOG, *env.with_site({}))}
    env.set_all({env.REG_AUTOLOG: told, **(env.with_site(env.read_all()) if told else {})})
