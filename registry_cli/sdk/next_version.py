"""What a task says of a model's next version, before there is one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from registry_cli.ids import ModelName, TagName, parse_model_name
from registry_cli.registry.draft import Draft, given

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registry_cli.records.values import Value
    from registry_cli.registry.editing import Edit


@dataclass(frozen=True, slots=True)
class Next:
    """What is said of a version that is not there yet."""

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
    """Return a draft with an edit's values, so that the next versions have them too; labels and design not."""
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


def get_line(project: str, name: str) -> ModelName:
    """Return the model of a name: in the project, unless it holds a `/`; raises as `parse_model_name`."""
    return parse_model_name(name if "/" in name or not project else f"{project}/{name}")
