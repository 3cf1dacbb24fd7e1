"""The types of automatic logging: a framework's table, the reports of calls, and the sink that receives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from registry_cli.dataclass import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from weakref import ReferenceType

Shape = Literal["file", "folder", "prefix"]
"""Result of a save: a file, a folder with its content, or all files whose path begins so (`ckpt-1.index`)."""


@dataclass(slots=True)
class Call:
    """One call of a hooked function; a table's functions read it, and those that run before the call may change it.

    Attributes:
        args: Positional arguments; for a method `self` is the first.
        result: Its return value; None before it returned.
    """

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    result: Any = None


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a function, by position, counted from 0 including `self`, or by name."""

    place: int
    name: str

    def get(self, call: Call) -> Any:
        """Return the argument's value in a call; None where the call does not pass it."""
        return call.args[self.place] if len(call.args) > self.place else call.kwargs.get(self.name)

    def put(self, call: Call, value: Any) -> None:
        """Replace the argument's value in a call."""
        if len(call.args) > self.place:
            call.args = (*call.args[: self.place], value, *call.args[self.place + 1 :])
        else:
            call.kwargs[self.name] = value


@dataclass(frozen=True, slots=True)
class Details:
    """The facts that a call gives about the model that it saves, beyond the file.

    Attributes:
        framework: Framework to use instead of the table's, such as `XGBoost` for a model that joblib saves.
        keys: Keys that the save belongs to, in addition to the table's.
        path: Path of the save, where the path's argument does not give it.
        shape: Shape to use instead of the hook's.
        step: Training step.
        line: Path that the checkpoints of one template share; None where the file's own path gives it.
        template: The template that gave the path, where the framework knows it: each template is a line of its own.
        config: The network's description as JSON.
        labels: Integer ids by label.
        scores: Metrics of exactly this model.
    """

    framework: str | None = None
    keys: tuple[str, ...] = ()
    path: str | None = None
    shape: Shape | None = None
    step: int | None = None
    line: str | None = None
    template: str | None = None
    config: str | None = None
    labels: Mapping[str, int] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)


DATA: Final = Details()
"""Stands for a save of data, which is no model: it is counted and not stored."""


@dataclass(slots=True)
class Saved:
    """A save that succeeded; not frozen, as a frozen one takes several times as long to make.

    Attributes:
        path: Absolute path.
        size: Bytes when the call returned; 0 for a folder or a prefix.
        mtime: Modification time in nanoseconds, the same way; of a folder the sink changes it.
        inode: The file's or folder's, by which it is known whatever its path; None for a prefix.
        stream: Weak reference to the file object that it was written to, which may still be open; None where a path
            was given. Weak, because a script may rely on its last reference to close the file.
    """

    path: str
    size: int
    mtime: int
    shape: Shape
    framework: str | None
    details: Details
    stream: ReferenceType[Any] | None = None
    inode: int | None = None

    @property
    def is_plain(self) -> bool:
        """True for a file of which no more is known than these attributes and the framework."""
        details = self.details
        return (
            self.shape == "file"
            and details.config is None
            and details.step is None
            and details.line is None
            and details.template is None
            and not (details.labels or details.scores)
        )


class Sink(Protocol):
    """Receives the reports; it may be called from any thread, returns quickly, and never raises."""

    @property
    def may_ignore(self) -> bool:
        """True where no load is redirected, so that a load may first be offered to `ignores`."""

    def ignores(self, path: str) -> bool:
        """Return whether a load from a path, as the script wrote it, is of a file that the registry does not know."""

    def saving(self, path: str, *, empties: bool) -> Callable[[bool], None] | None:
        """Receive a file or folder that is about to be written, and truncated first if `empties`.

        Returns:
            A function to call after the save, with True where it succeeded; None where no call is needed.
        """

    def saved(self, saved: Saved) -> None:
        """Receive a save that succeeded."""

    def moving(self, source: str, target: str) -> Callable[[bool], None] | None:
        """Receive a file or folder that is about to be renamed, by its absolute paths; returns as `saving` does."""

    def redirect(self, path: str) -> str | None:
        """Return the path to load instead of an absolute path, or None."""

    def loaded(self, path: str, size: int, mtime: int) -> None:
        """Receive a load of an absolute path; size and mtime are as in `Saved`, and 0 for a folder."""

    def skipped(self, why: Literal["buffer", "remote", "gone", "data"]) -> None:
        """Receive a save that left no local file with a name, or that saved data."""

    def score(self, name: str, value: float, step: int | None) -> None:
        """Receive a value of a metric."""

    def leaving_group(self) -> None:
        """Receive that this process is about to leave the group of processes that knows its rank."""

    def warn(self, text: str) -> None:
        """Receive a warning that something does not work; the script continues."""


@dataclass(frozen=True, slots=True)
class Save:
    """A function that writes a model.

    Attributes:
        target: `module:name` or `module:Class.method`, in the module that defines it.
        path: Argument that takes a path or a file object.
        shape: Shape of the result; a path that is a folder after the call counts as a folder.
        report: Returns more facts about a call; None where the call saves no model at all (a table, for example).
        optional: True where some supported versions lack the function.
        empties: True where it opens the path for writing before it does anything that takes time.
    """

    target: str
    path: Argument
    shape: Shape = "file"
    report: Callable[[Call], Details | None] | None = None
    optional: bool = False
    empties: bool = False


@dataclass(frozen=True, slots=True)
class Load:
    """A function that reads a model; other attributes as in `Save`.

    Attributes:
        report: Called after the function returned; returns the file or folder that was loaded, where the argument does
            not name it, or None where nothing was loaded.
        shape: Shape of what it reads; for a prefix nothing needs to lie at the path itself.
    """

    target: str
    path: Argument
    report: Callable[[Call], str | None] | None = None
    optional: bool = False
    shape: Shape = "file"


@dataclass(frozen=True, slots=True)
class Score:
    """A function that receives metrics, such as a TensorBoard writer's; of nested calls the outermost counts.

    Attributes:
        report: Called after the function returned; reports to the sink.
    """

    target: str
    report: Callable[[Call, Sink], None]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Train:
    """A function that trains.

    Attributes:
        enter: Called before the function; may change the call, for example add a callback.
        leave: Called after the function returned.
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
        name: Name for the `framework` of versions; None where the bytes or the object decide.
        keys: Keys that its hooks belong to, each of which may turn them off or filter them; the first is its own.
        hooks: The hooked functions.
        title: Name for users; where none is given, `name` or the first key.
    """

    name: str | None
    keys: tuple[str, ...]
    hooks: tuple[Hook, ...]
    title: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", self.title or self.name or self.keys[0])
