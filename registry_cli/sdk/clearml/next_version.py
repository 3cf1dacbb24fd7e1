"""The fields of a model's next version, before there is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from registry_cli.dataclass import dataclass, replace
from registry_cli.errors import UsageError
from registry_cli.ids import NAME_LIMIT, ModelName, TagName, model_segment, parse_model_name
from registry_cli.records.paths import check_path
from registry_cli.records.values import check_value
from registry_cli.records.version import check_labels
from registry_cli.registry.designs import read_design
from registry_cli.registry.draft import DesignSource, Draft, given
from registry_cli.sdk.clearml.lookup import get_model
from registry_cli.sdk.clearml.tag_words import list_tags

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from registry_cli.records.task import Task
    from registry_cli.records.values import Value
    from registry_cli.registry.api import Registry
    from registry_cli.registry.editing import Edit


@dataclass(frozen=True, slots=True)
class Next:
    """The fields of a version that does not exist yet."""

    draft: Draft
    comment: str = ""

    @property
    def name(self) -> ModelName:
        """Name of the model."""
        return self.draft.name

    @property
    def framework(self) -> str | None:
        """Framework."""
        return self.draft.framework

    @property
    def tags(self) -> tuple[TagName, ...]:
        """Tags."""
        return self.draft.tags

    @property
    def labels(self) -> Mapping[str, int]:
        """Label to integer."""
        return self.draft.labels

    @property
    def design(self) -> str:
        """Design as text; empty where there is none."""
        return self.draft.design.data.decode(errors="replace") if self.draft.design else ""

    @property
    def metadata(self) -> Mapping[str, Value]:
        """Metadata."""
        return given(self.draft.metadata)


def edit_draft(draft: Draft, edit: Edit) -> Draft:
    """Return a draft with an edit's values except labels and design, so that the next versions have them too."""
    tables: dict[str, dict[str, Any]] = {"metadata": dict(draft.metadata), "metrics": dict(draft.metrics)}
    put = {**edit.put, **({} if edit.framework is None else {"framework": edit.framework})}
    for word, value in [*put.items(), *((word, None) for word in edit.unset)]:
        group, _, key = word.partition(".")
        if group in tables and value is None:
            tables[group].pop(key, None)
        elif group in tables:
            tables[group][key] = value
        elif word == "framework":
            draft = replace(draft, framework=None if value is None else str(value))
    return replace(draft, metadata=tables["metadata"], metrics=tables["metrics"])


def read_labels(labels: Mapping[str, object] | None) -> dict[str, int]:
    """Return label to integer, NumPy's integers as Python's; raises as `check_labels`."""
    values = check_value(labels or {}, "labels")
    if not isinstance(values, Mapping):
        raise UsageError(f'labels is {labels!r:.60}, and must be a table such as {{"cat": 1}}')
    return check_labels(values)


def check_framework(framework: str | None) -> str | None:
    """Return a framework's name, None where it is empty.

    Raises:
        UsageError: It is no text, or holds characters that cannot be printed.
    """
    if framework and not (isinstance(framework, str) and framework.isprintable()):
        raise UsageError(f"{framework!r:.60} is no name of a framework")
    return framework or None


def get_line(project: str, name: str) -> ModelName:
    """Return the model of a name, in the project unless it holds a `/`; raises as `parse_model_name`."""
    for word in (project, name):
        if not isinstance(word, str):
            raise UsageError(f"{word!r:.60} is no name of a model")
    return parse_model_name(name if "/" in name or not project else f"{project}/{name}")


def check_task(task: object) -> None:
    """Check that a value is a task or None; raises UsageError."""
    if task is not None and not hasattr(task, "record"):
        raise UsageError(f"{task!r:.60} is no task", hint="Task.current_task()")


def begin_draft(
    registry: Registry, task: Task, *, name: str | None, base: str | None, framework: str | None,
    labels: Mapping[str, int] | None, design: DesignSource | None, tags: Iterable[str] | None,
) -> Draft:  # fmt: skip
    """Return the first draft of a task's model; fields that are not given are those of `base`, an address."""
    found = get_model(registry, base) if base is not None else None
    if found is not None and found.design is not None and design is None:
        design = DesignSource(read_design(registry, found), found.design.media)
    own = task.recipe.model or model_segment(task.name)
    return Draft(
        name=found.name if found and name is None else get_line(task.project, name or own),
        framework=check_framework(framework) or (found.framework if found else None),
        task=task.id,
        parents=(("continue", found.id),) if found else (),
        labels=read_labels(labels if labels is not None or found is None else found.labels),
        design=design,
        tags=tuple(list_tags(tags)),
    )


def read_target(path: Path, target: str | None) -> str | None:
    """Return the new name of a file, None where it keeps its name; raises UsageError where the path is a folder."""
    if target is None or target == path.name:
        return None
    if not isinstance(target, str) or "/" in target or "\\" in target or len(target) > NAME_LIMIT:
        raise UsageError(f"{target!r:.60} is no file name: it must be short and without a folder, such as best.pt")
    if path.is_dir():
        raise UsageError("a folder's files keep their names: target_filename is for one file")
    return check_path(target)
