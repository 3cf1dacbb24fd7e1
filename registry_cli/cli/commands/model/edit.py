"""`reg model edit`: change fields of versions."""

from __future__ import annotations

import typer

from registry_cli.cli.fields import EditOptions, parse_edit
from registry_cli.cli.options import Change, RefsArg, read_refs
from registry_cli.cli.session import open_session
from registry_cli.errors import UsageError

EXAMPLES = (
    "reg model edit iris/softmax:2 --set metadata.threshold=0.42",
    "reg model edit iris/softmax:2 --set metrics.auc=0.97 -m 'measured again'",
    "reg model edit iris/softmax:2 --label virginica=2 --unset-label setosa",
    "reg model edit iris/softmax:2 --comment 'for the pilot'",
    "reg model edit iris/softmax:2 --set 'metadata.layers:=[4, 3]'",
)


def command(ctx: typer.Context, refs: RefsArg, options: EditOptions, change: Change) -> None:
    """Change fields of versions."""
    from registry_cli.registry.editing import Edit, edit_versions
    from registry_cli.views.versions import view_versions

    session = open_session(ctx, change)
    edit = parse_edit(options)
    if edit == Edit():
        raise UsageError(
            "nothing to change: --set, --label, --comment and others say what", hint="reg model edit --help"
        )
    rows = edit_versions(session.registry, read_refs(refs), edit, message=change.message)
    session.output.results(view_versions(rows))
