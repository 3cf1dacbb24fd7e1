"""Changes to a task that has not run, and the task that results from them. Knows no log."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from shlex import quote
from typing import TYPE_CHECKING, Any, Final

from registry_cli.dataclass import asdict, dataclass, field, replace
from registry_cli.errors import NotFoundError, RefusedError, UsageError
from registry_cli.ids import parse_model_name, parse_task_name
from registry_cli.records.task import BUNDLE, DIFF, UNTRACKED, Input
from registry_cli.records.values import escape_text, flatten
from registry_cli.secrets.hiding import list_hidden
from registry_cli.secrets.names import looks_secret, looks_secret_argument
from registry_cli.tasks.capture.arguments import (
    list_options,
    parse_arguments,
    set_argument,
    takes_overrides,
)
from registry_cli.tasks.capture.program import find_program
from registry_cli.tasks.describe import check_project, check_variable, resolve_inputs
from registry_cli.tasks.rerun.configurations import drop_configuration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry_cli.ids import TagName
    from registry_cli.records.task import Recipe, Task
    from registry_cli.records.values import Value
    from registry_cli.registry.api import Registry

_GROUPS: Final = ("arg", "param", "config", "env", "input", "tag", "output", "data", "metrics")
_FIELDS: Final = ("auto", "comment", "model")


@dataclass(frozen=True, slots=True)
class Edits:
    """Changes to a task; an empty field changes nothing.

    Attributes:
        inputs: Pairs of entry name and address; no name means the only input.
        args: Values of the command line's parameters by name.
        params: Values for `connect` by name, with dots between the names of nested tables.
        config: Name and bytes of a file by the name of its configuration, for `put_configurations`.
        env: Variables to set.
        tags: Tags to add.
        code: Full id of the commit.
        keep_diff: Keep the diff and the untracked files when the commit changes.
        outputs: Patterns that replace the current ones, as `data` and `metrics`.
        unset: Fields to remove, such as `arg.lr`, `env.SEED`, `input.base`, `comment`.
    """

    inputs: tuple[tuple[str | None, str], ...] = ()
    args: Mapping[str, Value | None] = field(default_factory=dict)
    params: Mapping[str, Value | None] = field(default_factory=dict)
    config: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    name: str | None = None
    project: str | None = None
    comment: str | None = None
    tags: tuple[TagName, ...] = ()
    code: str | None = None
    keep_diff: bool = False
    outputs: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    model: str | None = None
    unset: tuple[str, ...] = ()

    @property
    def tells(self) -> bool:
        """True where only the name, comment and tags change, and nothing that is run."""
        empty = Edits()
        rest = replace(self, name=None, comment=None, tags=(), unset=())
        return rest == empty and all(word == "comment" or word.startswith("tag.") for word in self.unset)


def apply_edits(registry: Registry, task: Task, edits: Edits) -> Task:
    """Return the task with these changes.

    Raises:
        NotFoundError: A field to remove does not exist, or an address names nothing or a removed version.
        UsageError: A name or value is not legal, or it is not clear which input is meant.
        RefusedError: A variable, an argument or a parameter looks like a secret.
    """
    _check_unicode(asdict(replace(edits, config={})))
    known = {**list_options(task.recipe.argv), **task.options}
    task = _remove(task, edits.unset)
    inputs = _put_inputs(registry, task.inputs, edits.inputs)
    task = _with_command(replace(task, inputs=inputs), edits.args, known, same_code=edits.code is None)
    for key, value in edits.params.items():
        task = _with_param(task, key.split("."), value)
    _check_env(edits.env)
    recipe = task.recipe
    if edits.model is not None:
        parse_model_name(edits.model)
    recipe = replace(
        recipe,
        env={**recipe.env, **edits.env},
        outputs=edits.outputs or recipe.outputs,
        data=edits.data or recipe.data,
        metrics=edits.metrics or recipe.metrics,
        model=edits.model if edits.model is not None else recipe.model,
    )
    return replace(
        _with_code(task, edits.code, keep=edits.keep_diff) if edits.code else task,
        recipe=recipe,
        name=task.name if edits.name is None else parse_task_name(edits.name),
        project=task.project if edits.project is None else check_project(edits.project),
        comment=task.comment if edits.comment is None else edits.comment or None,
        tags=tuple(dict.fromkeys((*task.tags, *edits.tags))),
    )


def _check_unicode(value: object) -> None:
    """Refuse words that are not UTF-8, as no record can hold them."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise UsageError(
                f"`{escape_text(value)[:60]}` is not UTF-8, and a task's record holds UTF-8 alone"
            ) from None
    elif isinstance(value, Mapping):
        _check_unicode([*value.keys(), *value.values()])
    elif isinstance(value, list | tuple):
        for item in value:
            _check_unicode(item)


def _put_inputs(
    registry: Registry, inputs: Sequence[Input], pairs: Sequence[tuple[str | None, str]]
) -> tuple[Input, ...]:
    found = {one.name: one for one in inputs}
    for name, ref in pairs:
        if name is None and len(inputs) != 1:
            names = ", ".join(one.name for one in inputs)
            why = f"which input is to be {ref}? It has {names}" if inputs else f"the task has no input to be {ref}"
            raise UsageError(f"{why}: write --input NAME={ref}")
        [given] = resolve_inputs(registry, [(name or inputs[0].name, ref)])
        before = found.get(given.name)
        if before is None:
            check_variable(given.name, found)
        found[given.name] = replace(given, path=before.path) if before else given
    return tuple(found.values())


def _with_command(
    task: Task, args: Mapping[str, Value | None], options: Mapping[str, str], *, same_code: bool = True
) -> Task:
    """Return the task with changed arguments in its command line, and with the parameters that result."""
    argv = task.recipe.argv
    for name, value in args.items():
        _check_open(name, value)
        option = options.get(name.lstrip("-").replace("-", "_"))
        if value is not None and option is None:
            _check_argument(task, name, value, task.options if same_code else {})
        argv = set_argument(argv, name, value, option=option)
    before, after = parse_arguments(task.recipe.argv), parse_arguments(argv)
    gone = before.keys() - after.keys()
    changed = {key: value for key, value in after.items() if before.get(key) != value}
    params = {key: value for key, value in task.params.items() if key not in gone} | changed
    return replace(task, recipe=replace(task.recipe, argv=argv), params=params)


def _check_argument(task: Task, name: str, value: Value, options: Mapping[str, str]) -> None:
    """Refuse a parameter that the script told by itself, and that is none of its command line.

    Also refuse one that the script's argparse did not know: it would end the script. A name with its dashes passes.
    """
    argv = task.recipe.argv
    words = parse_arguments(argv, secrets=True)
    told = {key.removeprefix(".") for key in flatten(task.params, "")} - words.keys()
    if takes_overrides(argv) or name.startswith("-"):
        return
    if name in told:
        problem = f"{name} is a parameter of the task and no argument of its command"
    elif name.replace("-", "_") not in words and _is_unknown(name, argv, options):
        problem = f"{name} is no argument of the script, which has {', '.join(sorted(set(options.values())))}"
    else:
        return
    pair = quote(f"{name}={json.dumps(value) if isinstance(value, bool) else value}")
    raise UsageError(problem, hint=f"reg task clone {task.source or task.id} --param {pair}")


def _is_unknown(name: str, argv: Sequence[str], options: Mapping[str, str]) -> bool:
    """Return True where argparse parsed all options of a Python script, and none begins with a name."""
    key = name.replace("-", "_")
    complete = bool(options) and find_program(argv).python is not None and list_options(argv).keys() <= options.keys()
    return complete and not any(known.startswith(key) for known in options)


def _with_param(task: Task, keys: Sequence[str], value: Value | None) -> Task:
    _check_open(keys[-1], value)
    given = _put(task.recipe.params, keys, value)
    return replace(task, recipe=replace(task.recipe, params=given), params=_put(task.params, keys, value))


def _put(table: Mapping[str, Value], keys: Sequence[str], value: Value | None) -> dict[str, Value]:
    """Return a table with another value at the path `keys`; None removes it."""
    first, rest = keys[0], keys[1:]
    new: dict[str, Value] = dict(table)
    inner = new.get(first)
    if rest:
        below = _put(inner if isinstance(inner, Mapping) else {}, rest, value)
        value = below or None
    if value is None:
        new.pop(first, None)
    else:
        new[first] = value
    return new


def _check_env(variables: Mapping[str, str]) -> None:
    for name, value in variables.items():
        if not name.replace("_", "a").isalnum() or name[0].isdigit():
            raise UsageError(f"{name!r} is not the name of a variable")
        if looks_secret(name, value):
            raise RefusedError(
                f"{name} looks like a secret, and all who can read the registry can read a task's variables: "
                "set it in the environment in which the task is run, it is passed on"
            )


def _check_open(name: str, value: Value | None) -> None:
    if value is None or isinstance(value, bool) or list_hidden([str(value)]):
        return
    if looks_secret_argument(name, str(value)):
        variable = f"SECRET_{re.sub(r'[^A-Z0-9]+', '_', name.upper()).strip('_')}"
        raise RefusedError(
            f"{name} looks like a secret, and all who can read the registry can read a task: give the argument as "
            f"'{{secret:{variable}}}', and set {variable} where the task is run"
        )


def _with_code(task: Task, commit: str, *, keep: bool) -> Task:
    if task.code is None:
        raise UsageError(f"task {task.name} was not run in a git repository", hint=f"reg task clone {task.id}")
    dirty = keep and task.code.dirty
    code = replace(task.code, commit=commit, branch=None, dirty=dirty, cut=task.code.cut if keep else ())
    own = {DIFF, BUNDLE}
    files = tuple(file for file in task.files if keep or not (file.path in own or file.path.startswith(UNTRACKED)))
    return replace(task, code=code, files=files)


def _remove(task: Task, words: Sequence[str]) -> Task:
    for word in words:
        group, _, key = word.partition(".")
        if (group not in _GROUPS or not key) and word not in _FIELDS:
            allowed = ", ".join((*_FIELDS, *(f"{name}.KEY" for name in _GROUPS)))
            raise UsageError(f"`{word}` cannot be removed: only {allowed} can")
        task = _without(task, group, key)
    return task


def _without(task: Task, group: str, key: str) -> Task:
    recipe = task.recipe
    if group == "comment":
        return replace(task, comment=None)
    if group == "arg":
        _check_has(key.replace("-", "_"), parse_arguments(recipe.argv, secrets=True), "argument")
        return _with_command(task, {key: None}, task.options)
    if group == "param":
        _check_has(key, {name.partition(".")[2]: value for name, value in flatten(recipe.params, "").items()},
                   "parameter of its own")  # fmt: skip
        return replace(task, recipe=replace(recipe, params=_put(recipe.params, key.split("."), None)))
    if group == "config":
        return drop_configuration(task, key)
    if group == "input":
        _check_has(key, {one.name: one for one in task.inputs}, "input")
        return replace(task, inputs=tuple(one for one in task.inputs if one.name != key))
    if group == "tag":
        _check_has(key, dict.fromkeys(task.tags), "tag")
        return replace(task, tags=tuple(tag for tag in task.tags if tag != key))
    return replace(task, recipe=_recipe_without(recipe, group, key))


def _recipe_without(recipe: Recipe, group: str, key: str) -> Recipe:
    if group == "auto":
        return replace(recipe, auto=None)
    if group == "model":
        return replace(recipe, model=None)
    if group == "env":
        _check_has(key, recipe.env, "variable of its own")
        return replace(recipe, env={name: value for name, value in recipe.env.items() if name != key})
    attribute = {"output": "outputs", "data": "data", "metrics": "metrics"}[group]
    current: tuple[str, ...] = getattr(recipe, attribute)
    _check_has(key, dict.fromkeys(current), group)
    changed: dict[str, Any] = {attribute: tuple(one for one in current if one != key)}
    return replace(recipe, **changed)


def _check_has(key: str, table: Mapping[str, object], what: str) -> None:
    if key not in table:
        names = ", ".join(table) or "none"
        raise NotFoundError(f"the task has no {what} `{key}`: it has {names}")
