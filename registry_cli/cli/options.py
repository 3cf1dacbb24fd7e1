"""Options and arguments that several commands share, each declared once.

A metavar says what completes: REF, NAME, TASK, ALIAS, TAG, EXPR, TOPIC, KEY, FIELD, FIELDS, FIELD=VALUE, [ROLE=]REF,
and PATH, FILE or DIR for files; `cli/complete` reads it off the commands.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Final

import typer

OUTPUT: Final = "Output"
"""Heading of the options that say how results are printed."""

Words = list[str] | None
"""What a repeatable option gives."""

RefArg = Annotated[str, typer.Argument(metavar="REF", help="A version: name, name:number, name@alias or id.")]
RefsArg = Annotated[
    list[str], typer.Argument(metavar="REF", help="Versions: name, name:number, name@alias, id; `-` reads them.")
]
NameArg = Annotated[str, typer.Argument(metavar="NAME", help="A model, such as project/name.")]
TaskArg = Annotated[str, typer.Argument(metavar="TASK", help="A task: its name, project/name, id or @last.")]
TasksArg = Annotated[
    list[str], typer.Argument(metavar="TASK", help="Tasks: name, project/name, id, @last; `-` reads them.")
]
KeyArg = Annotated[str, typer.Argument(metavar="KEY", help="A setting; `reg config list` lists them.")]

JsonOpt = Annotated[bool, typer.Option("--json", help="Print JSON.", rich_help_panel=OUTPUT)]
CsvOpt = Annotated[bool, typer.Option("--csv", help="Print CSV with a header.", rich_help_panel=OUTPUT)]
TsvOpt = Annotated[bool, typer.Option("--tsv", help="Print tab-separated text with a header.", rich_help_panel=OUTPUT)]
QuietOpt = Annotated[bool, typer.Option("--quiet", "-q", help="Print ids only.", rich_help_panel=OUTPUT)]
ColumnsOpt = Annotated[
    str | None,
    typer.Option("--columns", metavar="FIELDS", help="Print these, such as name,metrics.acc.", rich_help_panel=OUTPUT),
]
LimitOpt = Annotated[
    int | None, typer.Option("--limit", "-n", metavar="N", min=0, help="Print at most N.", rich_help_panel=OUTPUT)
]
SortOpt = Annotated[
    str | None,
    typer.Option("--sort", metavar="FIELD", help="Sort by this, downwards with a `-` before.", rich_help_panel=OUTPUT),
]

MessageOpt = Annotated[str | None, typer.Option("--message", "-m", metavar="TEXT", help="Why, for the log.")]
DryRunOpt = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
YesOpt = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
ForceOpt = Annotated[bool, typer.Option("--force", "-f", help="Do it although something speaks against it.")]


def read_refs(words: Sequence[str]) -> list[str]:
    """Return the references in `words`, each `-` replaced by those on standard input, one a line.

    Of a line only what stands before the first tab counts, so that listings and what writing verbs print can be piped
    in as they are. Blank lines are passed over; nothing on standard input is nothing to do.
    """
    refs: list[str] = []
    for word in words:
        refs += _read_stdin() if word == "-" else [word]
    return refs


def _read_stdin() -> list[str]:
    lines = (line.rstrip("\r\n").partition("\t")[0].strip() for line in sys.stdin)
    return [line for line in lines if line]
