"""Records the cells that a shell of IPython runs as a task's code, and what a front end displays as its console.

A front end gets results, displays and tracebacks as messages, which pass no stream. A terminal gets them as text.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from registry_cli.sdk.notebook.cells import find_secret, format_before, format_begin, format_end
from registry_cli.sdk.notebook.shell import find_shell, is_kernel, list_typed
from registry_cli.store.new_file import AppendFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from registry_cli.sdk.console_tee import Tee
    from registry_cli.sdk.exit_status import Watch

_COLOUR: Final = re.compile(r"\x1b\[[\d;]*m")
"""A colour of a traceback, which has some whatever it is written to."""


def open_session(path: Path, tee: Tee, watch: Watch) -> Session | None:
    """Record the cells of this process's shell from now on; return None where it has none."""
    shell = find_shell()
    return None if shell is None else Session(shell, path, tee, watch)


class Session:
    """Records the cells of a shell, also those that ran before.

    Attributes:
        problems: Messages that explain which cells are not on record.

    Args:
        shell: The shell, an `InteractiveShell` of IPython.
        path: The file to append the cells to.
        tee: The log of the console.
        watch: Gets the end of each cell of a kernel: the last one's is the process's.
    """

    def __init__(self, shell: Any, path: Path, tee: Tee, watch: Watch) -> None:
        self.problems: list[str] = []
        self._shell, self._tee, self._watch = shell, tee, watch
        self._file = AppendFile(path)
        self._kernel = is_kernel(shell)
        self._wrapped: list[tuple[Any, str, Callable[..., Any]]] = []
        self._shown: str | None = None
        self._keep_history()
        shell.events.register("pre_run_cell", self._begin)
        shell.events.register("post_run_cell", self._end)
        if self._kernel:
            self._wrap(shell.displayhook, "write_format_data", self._log_result)
            self._wrap(shell.display_pub, "publish", self._log_display)
            self._wrap(shell, "_showtraceback", self._log_traceback)

    def stop(self) -> None:
        """Record no further cell, and restore the shell's own functions."""
        for event, call in (("pre_run_cell", self._begin), ("post_run_cell", self._end)):
            if call in self._shell.events.callbacks[event]:
                self._shell.events.unregister(event, call)
        for owner, name, call in self._wrapped:
            if owner.__dict__.get(name) is call:
                delattr(owner, name)
        self._wrapped.clear()
        self._file.close()

    def _keep_history(self) -> None:
        """Record the cells that ran before the task began, and the one that begins it, which is running."""
        typed = list(enumerate(list_typed(self._shell), start=1))
        for number, code in typed[:-1]:
            self._add(number, code, format_before)
        self._running = bool(typed)
        if typed:
            self._add(*typed[-1])

    def _begin(self, info: Any) -> None:
        if info.store_history:  # otherwise a front end asks for something itself
            self._running, self._tee.paused = True, False
            self._add(len(list_typed(self._shell)) + 1, info.raw_cell)

    def _end(self, result: Any) -> None:
        if not self._running or result is None or not result.info.store_history:
            return
        self._running = False
        error = result.error_before_exec or result.error_in_exec
        self._write(format_end(error))
        if self._kernel:
            self._watch.note(error)
        else:
            self._tee.paused = True  # a prompt is drawn anew with each key

    def _add(self, number: int, code: str, form: Callable[[int, str], str] = format_begin) -> None:
        if secret := find_secret(code):
            self.problems.append(f"cell {number} is not kept, as it holds {secret}")
        self._write(form(number, code))

    def _write(self, text: str) -> None:
        try:
            self._file.write(text.encode(errors="replace"))
        except OSError as error:
            problem = f"the cells are not whole: {(error.strerror or str(error)).lower()}"
            self.problems = list(dict.fromkeys([*self.problems, problem]))

    def _wrap(self, owner: Any, name: str, log: Callable[..., None]) -> None:
        """Let a function of the shell log its arguments and then do what it did."""
        plain = getattr(owner, name)

        def call(*args: Any, **named: Any) -> Any:
            with suppress(Exception):  # whatever the arguments are, they are displayed
                log(*args, **named)
            return plain(*args, **named)

        setattr(owner, name, call)
        self._wrapped.append((owner, name, call))

    def _log_result(self, data: Any, *_: Any) -> None:
        text = _find_text(data)
        if text is not None:
            between = "\n" if "\n" in text else ""  # its first line is in line with the others, as IPython prints it
            self._tee.log("stdout", f"Out[{self._shell.displayhook.prompt_count}]: {between}{text}\n")

    def _log_display(self, data: Any, *_: Any, update: bool = False, **__: Any) -> None:
        text = _find_text(data)
        if text is not None and not (update and text == self._shown):  # a progress bar is an object that changes
            self._tee.log("stdout", f"{text}\n")
        self._shown = text

    def _log_traceback(self, _kind: Any, _error: Any, lines: Any) -> None:
        self._tee.log("stderr", _COLOUR.sub("", "\n".join(map(str, lines))) + "\n")


def _find_text(data: Any) -> str | None:
    """Return an object's form as text, which IPython makes of every object; None where one has none."""
    text = data.get("text/plain") if isinstance(data, dict) else None
    return text if isinstance(text, str) else None
