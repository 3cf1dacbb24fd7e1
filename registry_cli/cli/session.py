"""The session of a command: its registry, opened on first use, and the output for its results."""

from __future__ import annotations

import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from registry_cli import env
from registry_cli.cli.options import Forms
from registry_cli.cli.output import Output, open_output
from registry_cli.errors import UsageError
from registry_cli.views.text import escape

if TYPE_CHECKING:
    from registry_cli.records.entry import Entry
    from registry_cli.registry.api import Registry
    from registry_cli.store.progress import Progress

REGISTRY_KEY: Final = "registry_cli.registry"
"""Key in a context's `meta` for the path given with `--registry`."""
RAW_KEY: Final = "registry_cli.raw"
"""Key in a context's `meta` that is set where `--raw` was given."""
TAIL_KEY: Final = "registry_cli.tail"
"""Key in a context's `meta` for the words after `--`, for a command that runs another."""


class Session:
    """One run of one command.

    Attributes:
        output: Sink of the results.
        registry_path: Path given with `--registry`, or None.
        message: Reason given with `-m`, or None; none once an entry holds it.
    """

    def __init__(self, output: Output, registry_path: Path | None = None, message: str | None = None) -> None:
        self.output = output
        self.registry_path = registry_path
        self.message = message
        self._handled = sys.exc_info()[1]

    @cached_property
    def root(self) -> Path:
        """The `.registry` folder: `--registry`, else REG_DIR, else the nearest upward, else the user's own.

        A registry that was named is used whoever owns it; a note names the owner where it is another user.

        Raises:
            NoRegistryError: There is none.
            RefusedError: It was found, not named, and belongs to another user.
        """
        from registry_cli.registry.api import find_registry, locate_registry
        from registry_cli.registry.ownership import find_stranger

        named = self.registry_path or env.read(env.REG_DIR)
        if not named:
            return find_registry()
        root = locate_registry(named)
        stranger = find_stranger(root) if root.is_dir() else None
        if stranger is not None:
            self.output.note(f"using the registry of {stranger} at {root}")
        return root

    @cached_property
    def registry(self) -> Registry:
        """The registry in `root`; raises the errors of `root`."""
        from registry_cli.opening import Registry
        from registry_cli.store.layout import Layout

        registry = Registry(Layout(self.root))
        if self.message is not None:
            registry.listeners.append(self)
        return registry

    def notify(self, registry: Registry, entry: Entry) -> None:
        """Note that an entry holds the reason given with `-m`."""
        if entry.message == self.message:
            self.message = None

    @cached_property
    def progress(self) -> Progress:
        """The progress of long work: a bar on a terminal, silent elsewhere."""
        from registry_cli.cli.progress import open_progress

        return open_progress()

    def close(self) -> None:
        """Close the registry, if it was opened, and warn where the command succeeded and no entry holds its reason."""
        if "registry" in self.__dict__:
            self.registry.close()
        if self.message is not None and sys.exc_info()[1] is self._handled:
            self.output.warn("nothing was written to the log, so the reason given with -m is not stored")

    def confirm(self, question: str, *, yes: bool) -> bool:
        """Return whether the user agrees; `yes` is an answer given beforehand.

        Raises:
            UsageError: There is nobody to ask.
        """
        if yes:
            return True
        if not self.output.can_ask:
            raise UsageError(f"{question} Nobody is there to answer, and --yes answers it")
        return typer.confirm(escape(question), err=True)


def open_session(ctx: typer.Context, forms: Forms | None = None) -> Session:
    """Return the session of a command, whose results have the form that `forms` selects; it closes with the command.

    Raises:
        UsageError: Two forms of output are wanted at once.
    """
    output = open_output(forms or Forms(), raw=bool(ctx.meta.get(RAW_KEY)))
    path = ctx.meta.get(REGISTRY_KEY)
    session = Session(output, Path(path) if path else None, ctx.params.get("message"))
    ctx.call_on_close(session.close)
    return session
