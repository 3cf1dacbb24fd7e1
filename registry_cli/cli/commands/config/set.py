"""`reg config set`: change a setting."""

from __future__ import annotations

from typing import Annotated

import typer

from registry_cli.cli.options import JsonForms, KeyArg
from registry_cli.cli.session import open_session

EXAMPLES = (
    "reg config set author 'Ada Lovelace'",
    "reg config set author ada --user",
    "reg config set view.top 'metrics.acc > 0.9'",
)


def command(
    ctx: typer.Context,
    key: KeyArg,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="Its new value.")],
    user: Annotated[bool, typer.Option("--user", help="Set it for all your registries, not for this copy.")] = False,
    *,
    forms: JsonForms,
) -> None:
    """Change a setting."""
    from registry_cli.registry.configure import set_setting
    from registry_cli.views.versions import view_setting

    session = open_session(ctx, forms)
    found = set_setting(session.registry, key, value, user=user)
    session.output.values([view_setting(found)], "value")
    if found.origin == "environment":
        session.output.warn("REG_AUTHOR is set and overrides it")
