"""Turns rows of the table into Typer's commands and lays out help; the only module that knows Typer's classes.

A command is loaded to run it or to print its help, never to list it. Nothing here knows the purpose of any command.
"""

from __future__ import annotations

import sys
from contextlib import nullcontext
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from registry_cli import env
from registry_cli._version import __version__
from registry_cli.cli.option_groups import spread_groups
from registry_cli.cli.session import RAW_KEY, REGISTRY_KEY, TAIL_KEY
from registry_cli.cli.table import COMMANDS, GROUPS, PAGED, Row, aliases_in, children
from registry_cli.cli.usage_errors import refuse_second_values, to_usage_error
from registry_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

CLICK_ERROR: type[Exception] = typer.BadParameter.__mro__[2]
"""The error that Typer raises on words that make no sense: the base of BadParameter's base, exported under no name."""

_COMMAND_KEY = "registry_cli.command"
"""Key in a context's `meta` for the words of the command that runs, such as `reg model list`."""
_MARGIN = 2
"""Terminal columns that help leaves empty on its right."""
_NARROWEST = 40
"""Fewest terminal columns that help is written for."""

_ABOUT = "A model registry that needs no server: git's way of working, for machine-learning models."
_MORE = (
    "`reg COMMAND --help` explains a command, `reg help` lists topics to read.",
    "`reg add`, list, show, get, query and compare are short for `reg model add` …",
    "`reg demo` shows the main job on real data in a few seconds.",
)


class RegCommand(TyperCommand):
    """A command that runs, with help in sections and examples at the end."""

    examples: Sequence[str] = ()
    runs_command = False
    """True where a command to run, with options of its own, follows after `--`."""
    paged = False
    """True where long output goes through a pager."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the words after the command's name.

        Raises:
            UsageError: An option that takes one value has two.
        """
        if not ctx.resilient_parsing:
            refuse_second_values(self, ctx, args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command, its output through a pager where that is wanted."""
        with _paged(wanted=self.paged and not ctx.params.get("follow") and not ctx.meta.get(RAW_KEY)):
            return super().invoke(ctx)

    def get_help(self, ctx: Any) -> str:
        """Return the help, as wide as the terminal."""
        _fit(ctx)
        return super().get_help(ctx)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the words after the command's name: `[OPTIONS]`, then each argument as it is typed."""
        arguments = [param for param in self.params if param.param_type_name == "argument"]
        if self.runs_command:
            return ["[OPTIONS]", *(f"{argument.metavar}..." for argument in arguments)]
        return ["[OPTIONS]", *(_usage_piece(argument) for argument in arguments)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, then the options under their headings."""
        _write_parameters(self, ctx, formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the examples unchanged."""
        _write_lines(formatter, "Examples", self.examples)


class LazyCommand(TyperCommand):
    """Name and summary of a command, for listings; the command itself is loaded on first use."""

    def __init__(self, name: str, row: Row) -> None:
        super().__init__(name=name, help=row.summary, hidden=name != row.name, rich_markup_mode=None)
        self.row = row

    def load(self) -> RegCommand:
        """Return the command that Typer runs."""
        return _load(self.name or "", self.row)

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Parse `args` as the real command does; one that runs another command parses only the words before `--`."""
        real = self.load()
        end = args.index("--") if real.runs_command and "--" in args else None
        try:
            ctx = real.make_context(info_name, args[:end], parent=parent, **extra)
        except CLICK_ERROR as error:  # some of Typer's errors do not know the command
            if getattr(error, "ctx", None) is None:
                error.ctx = real.context_class(real, info_name=info_name, parent=parent)  # type: ignore[attr-defined]
            raise
        ctx.meta[_COMMAND_KEY] = ctx.command_path.removeprefix("reg ")
        if end is not None:
            ctx.meta[TAIL_KEY] = args[end + 1 :]
        return ctx


@cache
def _load(name: str, row: Row) -> RegCommand:
    """Import the module of a command and make what Typer runs of it, once in a process."""
    module = import_module(row.module)
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(cls=RegCommand)(spread_groups(module.command))
    real = typer.main.get_command(app)
    assert isinstance(real, RegCommand)
    real.name = name
    real.examples = getattr(module, "EXAMPLES", ())
    real.runs_command = getattr(module, "RUNS_COMMAND", False)
    real.paged = row.words in PAGED
    real.params += _everywhere(hidden=True)
    return real


class RegGroup(TyperGroup):
    """`reg` itself or a group of verbs below it."""

    def __init__(self, words: str, **settings: Any) -> None:
        settings.setdefault("params", _everywhere(hidden=True))
        row = COMMANDS.get(words)
        name, about = (row.name, row.summary) if row else ("reg", _ABOUT)
        super().__init__(name=name, help=about, rich_markup_mode=None, subcommand_metavar="COMMAND ...", **settings)
        self.words = words
        self.rows = children(words)
        for verb, below in self.rows.items():
            group = below.words in GROUPS
            self.commands[verb] = RegGroup(below.words) if group else LazyCommand(verb, below)
        for alias, below in aliases_in(words).items():
            self.commands[alias] = LazyCommand(alias, below)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Print help where no word is given: that is a question, not a mistake."""
        if not args and not ctx.resilient_parsing:
            with _paged():
                typer.echo(self.get_help(ctx))
            ctx.exit()
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that the first word names.

        Raises:
            UsageError: It names none; the hint names the one that is probably meant, in this group or elsewhere.
        """
        if args[0] in self.commands or args[0].startswith("-"):
            return super().resolve_command(ctx, args)
        from registry_cli.cli.suggest import suggest

        raise UsageError(f"no command `{ctx.command_path} {args[0]}`", hint=f"reg {suggest(self.words, args)}")

    def get_help(self, ctx: Any) -> str:
        """Return the help, as wide as the terminal."""
        _fit(ctx)
        return super().get_help(ctx)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the verbs under their headings, then the options."""
        for section in dict.fromkeys(row.section for row in self.rows.values()):
            with formatter.section(section):
                rows = [(name, _summary(row)) for name, row in self.rows.items() if row.section == section]
                formatter.write_dl([(f"{name:<{self._widest()}}", summary) for name, summary in rows])
        _write_parameters(self, ctx, formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write pointers to further help."""
        if not self.words:
            _write_lines(formatter, "More", _MORE)

    def _widest(self) -> int:
        return max(map(len, self.rows))


def run(words: Sequence[str]) -> int:
    """Run the command that `words` name, and return its exit code.

    Raises:
        RegError: The command failed in a way that the user can do something about.
    """
    root = root_group()
    try:
        with _paged(wanted=_asks_help(words)), root.make_context("reg", list(words)) as ctx:
            root.invoke(ctx)
    except UsageError as error:
        if error.hint is None and _COMMAND_KEY in ctx.meta:
            raise UsageError(error.message, hint=f"reg {ctx.meta[_COMMAND_KEY]} --help") from None
        raise
    except typer.Exit as end:
        return end.exit_code
    except CLICK_ERROR as error:
        raise to_usage_error(error) from None
    return 0


def _paged(*, wanted: bool = True) -> AbstractContextManager[None]:
    """Return a pager before standard output where one is wanted and standard output is a terminal."""
    if not (wanted and sys.stdout.isatty() and (env.read(env.REG_PAGER) or env.read(env.PAGER))):
        return nullcontext()
    from registry_cli.cli.pager import open_pager

    return open_pager()


def _asks_help(words: Sequence[str]) -> bool:
    ours = words[: words.index("--")] if "--" in words else words
    return not {"--help", "-h"}.isdisjoint(ours)


def _fit(ctx: Any) -> None:
    """Make help as wide as the terminal, but for a margin; in a pipe the width is that of COLUMNS, else 80."""
    from shutil import get_terminal_size

    ctx.terminal_width = max(_NARROWEST, get_terminal_size().columns - _MARGIN)


def root_group() -> RegGroup:
    """Return `reg` with all groups and commands below it."""
    version = TyperOption(
        param_decls=["--version", "-V"],
        is_flag=True,
        expose_value=False,
        callback=_print_version,
        help="Print the version.",
    )
    settings = {"help_option_names": ["--help", "-h"]}
    return RegGroup("", params=[*_everywhere(), version], context_settings=settings)


def help_text(words: Sequence[str]) -> str | None:
    """Return the output of `reg WORDS --help`, or None where the words name no command."""
    command: Any = root_group()
    ctx = command.make_context("reg", [], resilient_parsing=True)
    for word in words:
        command = command.get_command(ctx, word) if isinstance(command, RegGroup) else None
        if command is None:
            return None
        command = command.load() if isinstance(command, LazyCommand) else command
        ctx = command.context_class(command, info_name=word, parent=ctx)
    return str(command.get_help(ctx))


def _everywhere(*, hidden: bool = False) -> list[TyperOption]:
    """Return the options that are accepted after every word; help shows them once."""
    registry = TyperOption(
        param_decls=["--registry"],
        metavar="DIR",
        expose_value=False,
        callback=_remember_registry,
        hidden=hidden,
        help="Use this registry; also accepted after the command.",
    )
    raw = TyperOption(
        param_decls=["--raw"],
        is_flag=True,
        expose_value=False,
        callback=_remember_raw,
        hidden=hidden,
        help="Print text as it is stored, even if a terminal or spreadsheet obeys it.",
    )
    return [registry, raw]


def _remember_registry(ctx: Any, param: Any, value: str | None) -> None:
    if value is not None:
        ctx.meta[REGISTRY_KEY] = value


def _remember_raw(ctx: Any, param: Any, value: bool) -> None:
    if value:
        ctx.meta[RAW_KEY] = True


def _print_version(ctx: Any, param: Any, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        typer.echo(f"reg {__version__}")
        ctx.exit()


def _usage_piece(argument: Any) -> str:
    piece = (argument.metavar or argument.name.upper()) + ("..." if argument.nargs == -1 else "")
    return piece if argument.required else f"[{piece}]"


def _summary(row: Row) -> str:
    verbs = " ".join(children(row.words)) if row.words in GROUPS else ""
    return f"{row.summary}: {verbs}" if verbs else row.summary


def _write_parameters(command: Any, ctx: Any, formatter: Any) -> None:
    sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
    for param in command.get_params(ctx):
        record = param.get_help_record(ctx)
        if record is None:
            continue
        if param.param_type_name == "argument":
            sections["Arguments"].append((_usage_piece(param), param.help or ""))
        else:
            sections.setdefault(param.rich_help_panel or "Options", []).append(record)
    for heading, rows in sections.items():
        if any(text for _, text in rows):
            with formatter.section(heading):
                formatter.write_dl(rows)


def _write_lines(formatter: Any, heading: str, lines: Sequence[str]) -> None:
    if lines:
        with formatter.section(heading):
            for line in lines:
                formatter.write(f"  {line}\n")
