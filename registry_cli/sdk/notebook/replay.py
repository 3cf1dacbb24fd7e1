"""Runs the cells of a task again, in their order and in one process, as its notebook ran them.

IPython runs them where it can be imported; else Python does, if all of them are plain Python. A cell may raise an
exception where it did so before, or where its end was not seen; any other exception ends the run.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from registry_cli import opening
from registry_cli.errors import RegError
from registry_cli.records.task import CELLS
from registry_cli.sdk.notebook.cells import Cell, parse_cells
from registry_cli.sdk.warning import report_loss
from registry_cli.tasks.record import read_task_file
from registry_cli.tasks.running import get_running

if TYPE_CHECKING:
    from collections.abc import Callable

Run: TypeAlias = "Callable[[Cell], BaseException | None]"
"""Runs a cell, shows its traceback, and returns the exception that ended it."""
_STDOUT: Final = 1


def main() -> None:
    """Run the cells of the task that this process belongs to; the process ends with 1 where one fails."""
    try:
        cells = _read_cells()
    except RegError as error:
        raise SystemExit(f"error: {error}") from None
    sys.argv = sys.argv[1:]  # the notebook, and the arguments that a clone was given
    run = _open_ipython() or _open_python(cells)
    for cell in cells:
        if cell.is_left_out:
            report_loss(f"cell {cell.number} is not on record: {cell.code.removeprefix('# ')}")
            continue
        raised = run(cell)
        if isinstance(raised, KeyboardInterrupt):
            raise raised
        if raised is not None and cell.raised is None and not cell.before:
            if isinstance(raised, SystemExit):
                raise raised
            raise SystemExit(f"cell {cell.number} failed, which it did not before: {type(raised).__name__}")


def _read_cells() -> list[Cell]:
    with opening.Registry.find() as registry:
        task = get_running(registry).task
        file = task.find_file(CELLS)
        if file is None:
            raise SystemExit(f"the cells of task {task.name} are not on record")
        return parse_cells(read_task_file(registry, file).decode())


def _open_ipython() -> Run | None:
    """Return a function that runs a cell in a new shell of IPython, or None without IPython."""
    try:
        shells = import_module("IPython.core.interactiveshell")
        config = import_module("traitlets.config").Config()
    except ImportError:
        return None
    config.HistoryManager.enabled = False  # the user's history is of what the user types
    if not os.isatty(_STDOUT):
        config.InteractiveShell.colors = "NoColor"
    shell: Any = shells.InteractiveShell.instance(config=config)
    left: list[SystemExit] = []
    shell.enable_gui = lambda _gui=None: None  # `%matplotlib inline` asks for one, and there is no display
    shell.ask_exit = lambda: left.append(SystemExit())  # of the magics `exit` and `quit`

    def run(cell: Cell) -> BaseException | None:
        shell.execution_count = cell.number
        result = shell.run_cell(cell.code, store_history=True)
        error: BaseException | None = result.error_before_exec or result.error_in_exec
        return error or next(iter(left), None)

    return run


def _open_python(cells: list[Cell]) -> Run:
    """Return a function that runs a cell as plain Python; exit where a cell is none."""
    import linecache
    import traceback

    main = sys.modules["__main__"] = ModuleType("__main__")
    for cell in cells:
        try:
            compile(cell.code, "cell", "exec")
        except SyntaxError:
            if cell.raised != "SyntaxError":
                raise SystemExit(f"cell {cell.number} needs IPython, which {sys.executable} has not") from None

    def run(cell: Cell) -> BaseException | None:
        name = f"<cell {cell.number}>"
        linecache.cache[name] = (len(cell.code), None, cell.code.splitlines(keepends=True), name)
        try:
            exec(compile(cell.code, name, "exec"), main.__dict__)
        except BaseException as error:
            if isinstance(error, Exception):
                traceback.print_exception(error.with_traceback(error.__traceback__ and error.__traceback__.tb_next))
            return error
        return None

    return run
