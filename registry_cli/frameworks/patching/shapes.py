"""The shapes of automatic logging: what a framework's table says, what is heard, and who is told. Does nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from weakref import ReferenceType

Shape = Literal["file", "folder", "prefix"]
"""What a save leaves: one file, a folder with all it holds, or the files that begin with a path (`ckpt-1.index`)."""


@dataclass(slots=True)
class Call:
    """One call of a hooked function; a table's functions read it, and those that come before it may change it.

    Attributes:
        args: Positional arguments; `self` is the first of a method's.
        result: What it returned; None before.
    """

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    result: Any = None


@dataclass(frozen=True, slots=True)
class Argument:
    """Where a function takes something: by place, counted from 0 with `self`, or by name."""

    place: int
    name: str

    def get(self, call: Call) -> Any:
        """Return what the call gives; None where it gives nothing."""
        return call.args[self.place] if len(call.args) > self.place else call.kwargs.get(self.name)

    def put(self, call: Call, value: Any) -> None:
        """Let the call give something else."""
        if len(call.args) > self.place:
            call.args = (*call.args[: self.place], value, *call.args[self.place + 1 :])
        else:
            call.kwargs[self.name] = value


@dataclass(frozen=True, slots=True)
class Told:
    """What a call tells of the model that it saves, beyond the file.

    Attributes:
        framework: Instead of the table's, such as `XGBoost` of what joblib saves.
        keys: Under which the save stands besides the table's.
        path: Where it lies, if the path's argument does not say so.
        shape: Instead of the hook's.
        step: Training step.
        config: The network's description, JSON.
        labels: Label to integer id.
        scores: Metrics that this very model has.
    """

    framework: str | None = None
    keys: tuple[str, ...] = ()
    path: str | None = None
    shape: Shape | None = None
    step: int | None = None
    config: str | None = None
    labels: Mapping[str, int] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Saved:
    """A save that succeeded.

    Attributes:
        path: Absolute.
        size: Bytes when the call returned; of a folder and a prefix 0.
        mtime: Nanoseconds, the same way.
        stream: Weak reference to the file object that it was written to, which may still be open; None where a path
            was given. Weak, because a script may count on the last reference closing it.
    """

    path: str
    size: int
    mtime: int
    shape: Shape
    framework: str | None
    told: Told
    stream: ReferenceType[Any] | None = None


class Sink(Protocol):
    """Told of what happens; it may be called from any thread, is quick, and never raises."""

    @property
    def may_ignore(self) -> bool:
        """Whether no load is redirected and `ignores` can answer."""

    def ignores(self, path: str) -> bool:
        """Return whether what was loaded from a path, as the script spelt it, is a file that nobody knows."""

    def saving(self, path: str, *, empties: bool) -> Callable[[bool], None] | None:
        """A file or folder is about to be written, and if `empties` first of all emptied.

        Returns:
            What is to be called after it with whether it succeeded; None where nobody waits for that.
        """

    def saved(self, saved: Saved) -> None:
        """One was written."""

    def redirect(self, path: str) -> str | None:
        """Return what is to be loaded instead of an absolute path, or None."""

    def loaded(self, path: str, size: int, mtime: int) -> None:
        """The file at an absolute path was loaded; size and mtime as in `Saved`, of a folder 0."""

    def skipped(self, why: Literal["buffer", "remote", "gone"]) -> None:
        """A save into no file that has a name here."""

    def score(self, name: str, value: float, step: int | None) -> None:
        """A metric was told."""

    def warn(self, text: str) -> None:
        """Something does not work as it should; the script goes on."""


@dataclass(frozen=True, slots=True)
class Save:
    """A function that writes a model.

    Attributes:
        target: `module:name` or `module:Class.method`, where it is defined.
        path: Where it takes a path or a file object.
        shape: What it leaves; a path that is a folder afterwards is one.
        tell: Says more of a call; None where the call saves no model at all (a table, say).
        optional: Whether some versions lack it by right.
        empties: Whether it opens the path for writing before it does anything that takes time.
    """

    target: str
    path: Argument
    shape: Shape = "file"
    tell: Callable[[Call], Told | None] | None = None
    optional: bool = False
    empties: bool = False


@dataclass(frozen=True, slots=True)
class Load:
    """A function that reads a model; attributes as of `Save`.

    Attributes:
        tell: Called after it returned: gives the file or folder that was loaded, where the argument does not name it;
            None where nothing was.
        shape: What it reads; only of a prefix nothing needs to lie at the path itself.
    """

    target: str
    path: Argument
    tell: Callable[[Call], str | None] | None = None
    optional: bool = False
    shape: Shape = "file"


@dataclass(frozen=True, slots=True)
class Score:
    """A function that is told metrics, such as a TensorBoard writer's; of nested ones the outermost counts.

    Attributes:
        tell: Called after it returned.
    """

    target: str
    tell: Callable[[Call, Sink], None]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Train:
    """A function that trains.

    Attributes:
        enter: Called before it; may change the call, such as add a callback.
        leave: Called after it returned.
    """

    target: str
    enter: Callable[[Call, Sink], None] | None = None
    leave: Callable[[Call, Sink], None] | None = None
    optional: bool = False


Hook = Save | Load | Score | Train


@dataclass(frozen=True, slots=True)
class Framework:
    """A framework's table.

    Attributes:
        name: As versions carry it in `framework`; None where the bytes or the object tell.
        title: As a person writes it.
        keys: Under which its hooks stand, each of which may turn them off or filter them; the first is its own.
        packages: Top-level modules that the targets lie in.
        hooks: What is hooked.
    """

    name: str | None
    title: str
    keys: tuple[str, ...]
    packages: tuple[str, ...]
    hooks: tuple[Hook, ...]
