"""`autolog`: a script asks for automatic logging, or for less of it."""

from __future__ import annotations

from registry_cli.sdk.autolog.boot import wait_in_task

TYPE_CHECKING = False  # type checkers take the name for true; a script that imports no framework pays for none
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from registry_cli.sdk.argparse_hook import Connected


def autolog(
    enabled: bool | Mapping[str, object] = True,
    /,
    *,
    loads: Literal["known", "all", "none"] | None = None,
    keep: str | None = None,
    **frameworks: object,
) -> None:
    """Make versions of what frameworks save and inputs of what they load, from now on; again changes what is heard.

    A task begins where none runs in this process. What `reg log --auto-only` and `--auto-off` named at the prompt stays
    so, and with `REG_AUTOLOG=0` nothing happens at all.

    Args:
        enabled: False hears nothing any more, and gives every function back; a table is as keyword arguments.
        loads: Which loads are inputs of the task: of bytes that the registry knows, all, or none.
        keep: Which of the versions so made stay, such as `last 3, best 2 min(metrics.val_loss)`; all when None.
        frameworks: For a key such as `pytorch` or `scikit` False, a glob of the files that are heard, or several; a
            pattern without `/` is matched on the file's name. Keys that are missing are heard. `reg help autolog`
            lists them.

    Raises:
        NoRegistryError: There is no registry.
        UsageError: A key names nothing that is heard, or a rule is none.
    """
    if enabled is True and not frameworks and loads is None and keep is None and wait_in_task():
        return
    from registry_cli.errors import UsageError
    from registry_cli.records.task import LOADS
    from registry_cli.sdk.autolog.choice import hear, is_refused, parse_wish
    from registry_cli.sdk.autolog.current_sink import is_in_task

    if is_refused():
        return
    wish = parse_wish(_merge(enabled, frameworks)) or {}
    if loads is not None and loads not in LOADS:
        raise UsageError(f"loads is {loads!r}, and must be one of {', '.join(LOADS)}")
    if keep is not None:
        from registry_cli.registry.retention import check_keep

        check_keep(keep)
    if enabled is not False and not is_in_task():
        from registry_cli.sdk.task import Task

        Task.init()
    hear(wish, loads=loads, keep=keep)


def _merge(enabled: bool | Mapping[str, object], frameworks: Mapping[str, object]) -> Connected:
    """Return both ways of saying it as one; what is said by keyword counts."""
    if not isinstance(enabled, bool):
        return {**enabled, **frameworks}
    if frameworks and not enabled:
        from registry_cli.errors import UsageError

        raise UsageError("autolog(False) records nothing, so it takes no frameworks", hint="autolog(False)")
    return frameworks or enabled
