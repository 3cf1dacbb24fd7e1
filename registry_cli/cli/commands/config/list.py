"""`reg config list`: list all settings, their values and sources."""

from __future__ import annotations

import typer

from registry_cli.cli.options import ColumnsOpt, CsvOpt, JsonOpt, QuietOpt, TsvOpt
from registry_cli.cli.session import open_session

EXAMPLES = ("reg config list", "reg config list --json")


def command(
    ctx: typer.Context,
    columns: ColumnsOpt = None,
    as_json: JsonOpt = False,
    as_csv: CsvOpt = False,
    as_tsv: TsvOpt = False,
    quiet: QuietOpt = False,
) -> None:
    """List all settings, their values and sources."""
    from registry_cli.registry.configure import list_settings
    from registry_cli.views.versions import view_setting

    session = open_session(ctx, as_json=as_json, as_csv=as_csv, as_tsv=as_tsv, quiet=quiet, columns=columns)
    rows = [view_setting(found) for found in list_settings(session.registry)]
    session.output.rows(rows, ("key", "value", "origin", "summary"), id_key="key")
