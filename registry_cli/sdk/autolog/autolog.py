"""`autolog`: turns automatic logging on, off or down for a script."""

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
    """Make versions of frameworks' saves and inputs of their loads, from now on; another call changes the choice.

    A task begins where none runs in this process. The choices of `reg log --auto-only` and `--auto-off` on the command
    line take precedence, and with `REG_AUTOLOG=0` nothing happens at all.

    Args:
        enabled: False stops automatic logging and restores every patched function; a table works as keyword arguments.
        loads: The loads that become inputs of the task: those of bytes that the registry knows, all, or none.
        keep: Retention rule for the versions so made, such as `last 3, best 2 min(metrics.val_loss)`; all stay when
            None.
        frameworks: For a key such as `pytorch` or `scikit` False, a glob of the files to log, or several; a pattern
            without `/` is matched on the file's name. Frameworks that are not named are logged. `reg help autolog`
            lists the keys.

    Raises:
        NoRegistryError: There is no registry.
        UsageError: A key names no framework, or a rule is not valid.
    """
    if enabled is True and not frameworks and loads is None and keep is None and wait_in_task():
        return
    from registry_cli.errors import UsageError
    from registry_cli.records.task import LOADS
    from registry_cli.sdk.autolog.choice import apply_choice, is_refused, parse_choice
    from registry_cli.sdk.autolog.current_sink import is_in_task

    if is_refused():
        return
    wish = parse_choice(_merge(enabled, frameworks)) or {}
    if loads is not None and loads not in LOADS:
        raise UsageError(f"loads is {loads!r}, and must be one of {', '.join(LOADS)}")
    if keep is not None:
        from registry_cli.registry.retention import check_keep

        check_keep(keep)
    if enabled is not False and not is_in_task():
        from registry_cli.sdk.task import Task

        Task.init()
    apply_choice(wish, loads=loads, keep=keep)


def _merge(enabled: bool | Mapping[str, object], frameworks: Mapping[str, object]) -> Connected:
    """Return the positional and the keyword choice as one; keywords take precedence."""
    if not isinstance(enabled, bool):
        return {**enabled, **frameworks}
    if frameworks and not enabled:
        from registry_cli.errors import UsageError

        raise UsageError("autolog(False) records nothing, so it takes no frameworks", hint="autolog(False)")
    return frameworks or enabled
