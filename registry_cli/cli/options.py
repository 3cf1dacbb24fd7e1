"""Options and arguments that several commands share, each declared once.

A metavar says what completes: REF, NAME, TASK, ALIAS, TAG, EXPR, TOPIC, KEY, FIELD, FIELDS, FIELD=VALUE, [ROLE=]REF,
and PATH, FILE or DIR for files; `cli/complete` reads it from the commands.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Final

import typer

OUTPUT: Final = "Output"
"""Heading of the options that select the form of results."""

Words = list[str] | None
"""Values of a repeatable option."""

RefArg = Annotated[str, typer.Argument(metavar="REF", help="A version: name, name:number, name@alias or id.")]
RefsArg = Annotated[
    list[str], typer.Argument(metavar="REF", help="Versions: name, name:number, name@alias, id; `-` reads stdin.")
]
NameArg = Annotated[str, typer.Argument(metavar="NAME", help="A model, such as project/name.")]
TaskArg = Annotated[str, typer.Argument(metavar="TASK", help="A task: its name, project/name, id or @last.")]
TasksArg = Annotated[
    list[str], typer.Argument(metavar="TASK", help="Tasks: name, project/name, id, @last; `-` reads stdin.")
]
KeyArg = Annotated[str, typer.Argument(metavar="KEY", help="A setting; `reg config list` lists them.")]

JsonOpt = Annotated[bool, typer.Option("--json", help="Print JSON.", rich_help_panel=OUTPUT)]
CsvOpt = Annotated[bool, typer.Option("--csv", help="Print CSV with a header.", rich_help_panel=OUTPUT)]
TsvOpt = Annotated[bool, typer.Option("--tsv", help="Print tab-separated text with a header.", rich_help_panel=OUTPUT)]
QuietOpt = Annotated[bool, typer.Option("--quiet", "-q", help="Print ids only.", rich_help_panel=OUTPUT)]
ColumnsOpt = Annotated[
    str | None,
    typer.Option("--columns", metavar="FIELDS", help="Print these fields: name,metrics.acc.", rich_help_panel=OUTPUT),
]
LimitOpt = Annotated[
    int | None, typer.Option("--limit", "-n", metavar="N", min=0, help="Print at most N.", rich_help_panel=OUTPUT)
]
SortOpt = Annotated[
    str | None,
    typer.Option("--sort", metavar="FIELD", help="Sort by this field; `-FIELD` descending.", rich_help_panel=OUTPUT),
]

MessageOpt = Annotated[str | None, typer.Option("--message", "-m", metavar="TEXT", help="The reason, for the log.")]
DryRunOpt = Annotated[bool, typer.Option("--dry-run", help="Print what would be done, and do nothing.")]
YesOpt = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
ForceOpt = Annotated[bool, typer.Option("--force", "-f", help="Do it even where the version is published or in use.")]


def read_refs(words: Sequence[str]) -> list[str]:
    """Return the references in `words`, each `-` replaced by those on standard input, one per line.

    Only the part of a line before its first tab counts, so that the output of listings and writing verbs can be piped
    in as it is. Blank lines are skipped; empty standard input gives no reference.
    """
    refs: list[str] = []
    for word in words:
        refs += _read_stdin() if word == "-" else [word]
    return refs


def _read_stdin() -> list[str]:
    lines = (line.rstrip("\r\n").partition("\t")[0].strip() for line in sys.stdin)
    return [line for line in lines if line]
