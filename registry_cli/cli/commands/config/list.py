"""`reg config list`: list all settings, their values and sources."""

from __future__ import annotations

import typer

from registry_cli.cli.options import TableForms
from registry_cli.cli.session import open_session

EXAMPLES = ("reg config list", "reg config list --json")


def command(ctx: typer.Context, forms: TableForms) -> None:
    """List all settings, their values and sources."""
    from registry_cli.registry.configure import list_settings
    from registry_cli.views.versions import view_setting

    session = open_session(ctx, forms)
    rows = [view_setting(found) for found in list_settings(session.registry)]
    session.output.rows(rows, ("key", "value", "origin", "summary"), id_key="key")
