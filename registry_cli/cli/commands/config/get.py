"""`reg config get`: print one setting."""

from __future__ import annotations

import typer

from registry_cli.cli.options import JsonForms, KeyArg
from registry_cli.cli.session import open_session

EXAMPLES = ("reg config get author", "reg config get view.top")


def command(ctx: typer.Context, key: KeyArg, forms: JsonForms) -> None:
    """Print one setting."""
    from registry_cli.registry.configure import get_setting
    from registry_cli.views.versions import view_setting

    session = open_session(ctx, forms)
    found = get_setting(session.registry, key)
    if found.value is None:
        raise typer.Exit(1)
    session.output.values([view_setting(found)], "value")
