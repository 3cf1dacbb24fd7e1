"""`python -m registry_cli.cli.complete.generate`: rewrites `options.py` and `completions/` from the real commands.

Only developers run it; a test compares its result with the files in the repository.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from registry_cli.catalog.query.fields import FILES, PLAIN, TASK_PLAIN
from registry_cli.catalog.schema import SCHEMA
from registry_cli.cli.group import LazyCommand, RegGroup, root_group
from registry_cli.cli.shell_scripts import SHELLS, read_script
from registry_cli.cli.table import ALIASES, COMMANDS, GROUPS, SHORT
from registry_cli.frameworks.catalogue import KEYS as FRAMEWORKS
from registry_cli.records.status import STATUSES
from registry_cli.records.version import ROLES
from registry_cli.registry.settings import KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[3]
TABLE: Final = "registry_cli/cli/complete/options.py"

Option = tuple[tuple[str, ...], str, bool, str]
"""Spellings, kind (empty for a flag), True for a repeatable option, help."""

_HEAD: Final = '''"""Every command and its options as completion needs them: plain literals, quickly read.

Written by `python -m registry_cli.cli.complete.generate`; do not edit.
"""

from __future__ import annotations

# fmt: off
# ruff: noqa: E501
SCHEMA = {schema!r}
"""Version of the index that completion can read."""
ROLES = {roles!r}
FIELDS = {fields!r}
FILE_FIELDS = {file_fields!r}
"""Fields that only a query takes; the columns are those of `files`."""
TASK_FIELDS = {task_fields!r}
STATUSES = {statuses!r}
SETTINGS: tuple[tuple[str, str], ...] = {settings!r}
FRAMEWORKS: tuple[tuple[str, str], ...] = {frameworks!r}
ALIASES = {aliases!r}
SHORT = {short!r}
"""Verbs of `reg model` that `reg` itself takes too."""
OPTIONS: tuple[tuple[tuple[str, ...], str, bool, str], ...] = (
'''


def generate() -> dict[str, str]:
    """Return the text of each generated file by its path in the repository."""
    files = {f"completions/reg.{shell}": read_script(shell) for shell in SHELLS}
    return {TABLE: _table(), **files}


def _table() -> str:
    options: list[Option] = []
    lines = []
    for words, summary, found, arguments in _commands():
        options += [option for option in found if option not in options]
        indexes = tuple(options.index(option) for option in found)
        lines.append(f"    {words!r}: ({summary!r}, {indexes!r}, {arguments!r}),\n")
    head = _HEAD.format(
        schema=SCHEMA,
        roles=tuple(ROLES),
        fields=(*PLAIN, "tags", "aliases"),
        file_fields=tuple(FILES),
        task_fields=(*TASK_PLAIN, "tags"),
        statuses=STATUSES,
        settings=tuple((key.removesuffix("NAME"), described.summary) for key, described in KEYS.items()),
        frameworks=tuple(FRAMEWORKS.items()),
        aliases=ALIASES,
        short=SHORT,
    )
    rows = "".join(f"    {option!r},\n" for option in options)
    kinds = "COMMANDS: dict[str, tuple[str, tuple[int, ...], tuple[str, ...]]] = {\n"
    return f"{head}{rows})\n{kinds}{''.join(lines)}}}\n"


def _commands() -> Iterator[tuple[str, str, list[Option], tuple[str, ...]]]:
    root = root_group()
    yield "", str(root.help), [_option(param) for param in _params(root)], ()
    for words, row in COMMANDS.items():
        if words not in GROUPS and find_spec(row.module) is None:
            continue
        command = _find(root, words)
        params = _params(command)
        options = [_option(param) for param in params if param.param_type_name == "option"]
        arguments = tuple(_argument(param) for param in params if param.param_type_name == "argument")
        yield words, row.summary, options, arguments


def _find(root: RegGroup, words: str) -> Any:
    command: Any = root
    for word in words.split():
        command = command.commands[word]
    return command.load() if isinstance(command, LazyCommand) else command


def _params(command: Any) -> list[Any]:
    context = command.context_class(command, help_option_names=["--help", "-h"])
    return list(command.get_params(context))


def _option(param: Any) -> Option:
    flag = param.is_flag or param.count
    repeatable = param.multiple or param.count
    spellings = sorted([*param.opts, *param.secondary_opts], key=lambda name: not name.startswith("--"))
    return tuple(spellings), "" if flag else _kind(param), repeatable, (param.help or "").removesuffix(".")


def _argument(param: Any) -> str:
    return _kind(param) + ("..." if param.nargs == -1 else "")


def _kind(param: Any) -> str:
    choices = getattr(param.type, "choices", None)
    if choices:
        return "|".join(str(getattr(choice, "value", choice)) for choice in choices)
    return str(param.metavar or param.type.name.upper()).strip()


if __name__ == "__main__":
    for path, text in generate().items():
        (ROOT / path).write_text(text, encoding="utf-8")
