"""`task`: a block or a function that runs as a task."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator, Iterable, Mapping, MutableMapping
from contextlib import aclosing
from functools import wraps
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from registry_cli import opening
from registry_cli.sdk.begin import find_to_join
from registry_cli.sdk.commit import list_words
from registry_cli.sdk.task import Task
from registry_cli.sdk.use import use

if TYPE_CHECKING:
    from types import TracebackType

P = ParamSpec("P")
R = TypeVar("R")


class TaskBlock:
    """A task that begins with a block, or with each call of a function, and ends with it.

    Args:
        name: The script's when None; of a function the function's.
        project: The folder's name when None.
        params: Its parameters; a dict is changed in place where a clone has other values.
        inputs: Addresses of its input versions, or a mapping from names to addresses.
        tags: Labels.
    """

    def __init__(
        self, name: str | None, project: str | None, params: Mapping[str, Any] | None,
        inputs: Iterable[str] | Mapping[str, str], tags: Iterable[str],
    ) -> None:  # fmt: skip
        table = inputs if isinstance(inputs, Mapping) else None
        self._inputs: list[tuple[str | None, str]] = (
            list(table.items()) if table is not None else [(None, ref) for ref in list_words(inputs, "inputs")]
        )
        self._name, self._project, self._params = name, project, params
        self._tags = list_words(tags, "tags")
        self._task: Task | None = None

    def __enter__(self) -> Task:
        if find_to_join(self._name, self._project) is None:  # a joined task may have been given other versions instead
            with opening.Registry.find() as registry:
                for _, ref in self._inputs:
                    registry.get_row(ref)
        task = self._task = Task.init(self._project, self._name, tags=self._tags)
        try:
            for entry, ref in self._inputs:
                use(ref, name=entry)
            if self._params is not None:
                task.connect(self._params if isinstance(self._params, MutableMapping) else dict(self._params))
        except BaseException as error:
            task.__exit__(type(error), error, error.__traceback__)
            raise
        return task

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task, self._task = self._task, None
        assert task is not None
        task.__exit__(kind, error, trace)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Return a function that runs as a task; of a coroutine or a generator the task ends with that."""
        if iscoroutinefunction(function):
            return self._wrap_coroutine(function)
        if isgeneratorfunction(function):
            return self._wrap_generator(function)
        if isasyncgenfunction(function):
            return self._wrap_async_generator(function)

        @wraps(function)
        def run(*args: P.args, **named: P.kwargs) -> R:
            with self._copy(function):
                return function(*args, **named)

        return run

    def _wrap_coroutine(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        async def wait(*args: Any, **named: Any) -> Any:
            with self._copy(function):
                return await function(*args, **named)

        return wait

    def _wrap_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def generate(*args: Any, **named: Any) -> Generator[Any, Any, Any]:
            with self._copy(function):
                return (yield from function(*args, **named))

        return generate

    def _wrap_async_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        async def generate(*args: Any, **named: Any) -> AsyncIterator[Any]:
            with self._copy(function):
                async with aclosing(function(*args, **named)) as values:
                    async for value in values:
                        yield value

        return generate

    def _copy(self, function: Callable[..., Any]) -> TaskBlock:
        name = self._name or str(getattr(function, "__name__", "")) or None
        return TaskBlock(name, self._project, self._params, self._inputs_given(), self._tags)

    def _inputs_given(self) -> list[str] | dict[str, str]:
        named = {name: ref for name, ref in self._inputs if name is not None}
        return named or [ref for _, ref in self._inputs]


@overload
def task(name: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def task(
    name: str | None = None,
    *,
    project: str | None = None,
    params: Mapping[str, Any] | None = None,
    inputs: Iterable[str] | Mapping[str, str] = (),
    tags: Iterable[str] = (),
) -> TaskBlock: ...
def task(
    name: str | Callable[..., Any] | None = None,
    *,
    project: str | None = None,
    params: Mapping[str, Any] | None = None,
    inputs: Iterable[str] | Mapping[str, str] = (),
    tags: Iterable[str] = (),
) -> TaskBlock | Callable[..., Any]:
    """Make a task of a block, `with reg.task("a") as task:`, or of each call of a function, `@reg.task("a")`.

    A function may be decorated with `@reg.task` alone. The task of a generator lasts until the generator ends or is
    closed.

    Args:
        name: The script's when None; of a function the function's.
        project: The folder's name when None.
        params: Its parameters; a dict is changed in place where a clone has other values.
        inputs: Addresses of its input versions, or a mapping from names to addresses.
        tags: Labels.

    Returns:
        A context manager, whose value is the `Task`, and a decorator; for `@reg.task` alone the decorated function.

    Raises:
        NoRegistryError: There is no registry when the block begins.
        NotFoundError: An input's address names nothing when the block begins.
    """
    if callable(name):
        return TaskBlock(None, project, params, inputs, tags)(name)
    return TaskBlock(name, project, params, inputs, tags)
