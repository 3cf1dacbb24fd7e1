"""Options and arguments that several commands share, each declared once; and groups of options, one parameter each.

A metavar says what completes: REF, NAME, TASK, ALIAS, TAG, EXPR, TOPIC, KEY, FIELD, FIELDS, FIELD=VALUE, [ROLE=]REF,
and PATH, FILE or DIR for files; `cli/complete` reads it from the commands.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Final

import typer

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
AttemptOpt = Annotated[int | None, typer.Option("--attempt", metavar="N", min=1, help="This attempt at it, from 1.")]
KeyArg = Annotated[str, typer.Argument(metavar="KEY", help="A setting; `reg config list` lists them.")]

output_option: Final = partial(typer.Option, rich_help_panel="Output")
"""Declares an option that selects the form of results."""

narrow_option: Final = partial(typer.Option, rich_help_panel="Narrow")
"""Declares an option that narrows a query."""

JsonOpt = Annotated[bool, output_option("--json", help="Print JSON.")]
CsvOpt = Annotated[bool, output_option("--csv", help="Print CSV with a header.")]
TsvOpt = Annotated[bool, output_option("--tsv", help="Print tab-separated text with a header.")]
QuietOpt = Annotated[bool, output_option("--quiet", "-q", help="Print ids only.")]
ColumnsOpt = Annotated[
    str | None, output_option("--columns", metavar="FIELDS", help="Print these fields: name,metrics.acc.")
]
LimitOpt = Annotated[int | None, output_option("--limit", "-n", metavar="N", min=0, help="Print at most N.")]
SortOpt = Annotated[
    str | None, output_option("--sort", metavar="FIELD", help="Sort by this field; `-FIELD` descending.")
]

MessageOpt = Annotated[str | None, typer.Option("--message", "-m", metavar="TEXT", help="The reason, for the log.")]
DryRunOpt = Annotated[bool, typer.Option("--dry-run", help="Print what would be done, and do nothing.")]
YesOpt = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
ForceOpt = Annotated[bool, typer.Option("--force", "-f", help="Do it even where the version is published or in use.")]


class Options:
    """A group of options that a command takes as one parameter: each annotated attribute is declared as one of them.

    An option that has no default here is None. A group that inherits from another one has its own options first.
    """

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)

    def fields(self) -> dict[str, Any]:
        """Return the options that are not None by their names; the words of a repeatable one as a tuple."""
        given = {name: value for name, value in vars(self).items() if value is not None}
        return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}


class Forms(Options):
    """The forms of output that the user may choose; a group below it declares those that a command has."""

    as_json = as_csv = as_tsv = quiet = False
    columns: str | None = None
    limit: int | None = None


class JsonForms(Forms):
    """JSON."""

    as_json: JsonOpt = False


class ResultForms(Forms):
    """The forms of the things that a verb makes or changes."""

    as_json: JsonOpt = False
    quiet: QuietOpt = False


class RecordForms(ResultForms):
    """The forms of one thing."""

    columns: ColumnsOpt


class TableForms(Forms):
    """The forms of a table."""

    columns: ColumnsOpt
    as_json: JsonOpt = False
    as_csv: CsvOpt = False
    as_tsv: TsvOpt = False
    quiet: QuietOpt = False


class Listing(TableForms):
    """The rows of a table, and its forms."""

    sort: SortOpt
    limit: LimitOpt


class Change(ResultForms):
    """The reason of a change, and the forms of what it changes."""

    message: MessageOpt


def split_list(text: str | None) -> tuple[str, ...]:
    """Return the words of a comma-separated list; none where it is empty or None."""
    return tuple(word.strip() for word in (text or "").split(",") if word.strip())


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
