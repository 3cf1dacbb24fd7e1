"""A task's input and output models under ClearML's names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex, overload

from registry_cli.errors import RefusedError, UsageError
from registry_cli.sdk.clearml.lookup import find_models
from registry_cli.sdk.clearml.metadata import ENTRY
from registry_cli.sdk.clearml.model import Model, check_exact
from registry_cli.sdk.clearml.next_version import read_labels
from registry_cli.sdk.clearml.output_model import OutputModel
from registry_cli.sdk.clearml.task_handle import TaskHandle
from registry_cli.sdk.use import record_input
from registry_cli.tasks.outputs import name_output
from registry_cli.tasks.rerun.draft import edit_task
from registry_cli.tasks.rerun.edits import Edits
from registry_cli.tasks.task_versions import list_newest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class ModelList(list[Model]):
    """Models of a task, in order and by name: `models[-1]`, `models["best"]`."""

    def __init__(self, named: Mapping[str, Model]) -> None:
        super().__init__(named.values())
        self._named = dict(named)

    @overload
    def __getitem__(self, at: SupportsIndex | str) -> Model: ...
    @overload
    def __getitem__(self, at: slice) -> list[Model]: ...
    def __getitem__(self, at: Any) -> Any:
        return self._named[at] if isinstance(at, str) else super().__getitem__(at)

    def keys(self) -> list[str]:
        """Return their names, in order."""
        return list(self._named)

    def ids(self) -> dict[str, str]:
        """Return their ids by their names."""
        return {name: model.id for name, model in self._named.items()}

    def get(self, name: str, default: Model | None = None) -> Model | None:
        """Return the model of a name, else `default`."""
        return self._named.get(name, default)


class ModelLists(dict[str, ModelList]):
    """Input and output models of a task: `models["output"]`, `models.output`."""

    @property
    def input(self) -> ModelList:
        """Its inputs."""
        return self["input"]

    @property
    def output(self) -> ModelList:
        """Its outputs."""
        return self["output"]


class TaskModels(TaskHandle):
    """A task's models."""

    @property
    def models(self) -> ModelLists:
        """`input` and `output`: each a list, outputs with the newest last, and a table by name."""
        self._settle()
        inputs = {one.name: Model(one.version, registry=self.registry) for one in self.record.inputs}
        outputs: dict[str, Model] = {}
        for row in list_newest(self.registry, self.id):
            entry = str(row.metadata.get(ENTRY) or row.name.rpartition("/")[2])
            outputs[entry if entry not in outputs else row.name] = Model(row.id, registry=self.registry)
        return ModelLists(input=ModelList(inputs), output=ModelList(outputs))

    def get_models(self) -> ModelLists:
        """Return `models`."""
        return self.models

    @property
    def input_models_id(self) -> dict[str, str]:
        """Ids of its inputs by their names."""
        return self.models["input"].ids()

    @property
    def output_models_id(self) -> dict[str, str]:
        """Ids of its outputs by their names."""
        return self.models["output"].ids()

    def set_input_model(
        self, model_id: str | None = None, model_name: str | None = None, update_task_design: bool = True,
        update_task_labels: bool = True, name: str | None = None,
    ) -> None:  # fmt: skip
        """Give the task a version as an input; one of the same name is replaced.

        Args:
            model_id: Its id or address.
            model_name: The model instead; its newest published version is taken.
            update_task_design: Without effect: a design belongs to a version.
            update_task_labels: Give its labels to outputs that have none.
            name: Its name in the task; the last segment of its model's name when None.

        Raises:
            RefusedError: The task has run.
        """
        if (model_id is None) == (model_name is None):
            raise UsageError("give either model_id or model_name")
        ref = model_id
        if ref is None:
            check_exact(model_name)
            found = find_models(self.registry, name=model_name, published=True, limit=1)
            if not found:
                raise UsageError(f"no published version of a model {model_name}", hint="reg model query --published")
            ref = found[0].id
        row = self.registry.get_row(ref)
        entry = name or row.name.rpartition("/")[2]
        if self._current is None:
            edit_task(self.registry, self.id, Edits(inputs=((entry, ref),)))
            return
        given = record_input(self._current, self.registry, entry, ref)
        if update_task_labels and not self._current.labels:
            self._current.labels = dict(given.labels)

    def remove_input_models(self, models_to_remove: Sequence[str | Model]) -> None:
        """Remove inputs of a draft, by id, address, entry name or model.

        Raises:
            RefusedError: The task runs or has run: its inputs stay on record.
        """
        if self.record.status != "draft":
            raise RefusedError(
                "what a task was given stays on record, and a clone can be edited", hint=f"Task.clone({self.id!r})"
            )
        inputs = {one.name: one.version for one in self.record.inputs}
        words = []
        for model in models_to_remove:
            if isinstance(model, str) and model in inputs:
                words.append(f"input.{model}")
                continue
            version = model.id if isinstance(model, Model) else self.registry.get_row(model).id
            words += [f"input.{name}" for name, held in inputs.items() if held == version]
        edit_task(self.registry, self.id, Edits(unset=tuple(dict.fromkeys(words))))

    def update_output_model(
        self, model_path: str | Path, name: str | None = None, comment: str | None = None,
        tags: Iterable[str] | None = None, model_name: str | None = None, iteration: int | None = None,
        auto_delete_file: bool = False,
    ) -> str:  # fmt: skip
        """Save a file or folder as the next version of one of the task's models; return its address.

        Args:
            model_path: The file or folder; it stays where it is, unless `auto_delete_file`.
            name: The output's name in the task; the last segment of its model's name when None.
            comment: A comment.
            tags: Labels.
            model_name: Its model; `<project>/<task>/<stem of the file>` when None.
            iteration: Training step.
            auto_delete_file: Remove the file once its bytes are read back from the registry.
        """
        current = self._running("save a model of")
        line = model_name or str(name_output(current.task, Path(model_path)))
        model = OutputModel(self, name=line, comment=comment, tags=tags)
        model.connect(self, name)
        return model.update_weights(str(model_path), iteration=iteration, auto_delete_file=auto_delete_file)

    def get_labels_enumeration(self) -> dict[str, int]:
        """Return the labels that its outputs get where they have none of their own."""
        return dict(self._running("ask for the labels of").labels)

    def connect_label_enumeration(
        self, enumeration: Mapping[str, int], ignore_remote_overrides: bool = False
    ) -> Mapping[str, int]:
        """Give labels to all outputs of the task that have none of their own; return them."""
        self.set_model_label_enumeration(enumeration)
        return enumeration

    def set_model_label_enumeration(self, enumeration: Mapping[str, int] | None = None) -> None:
        """Give labels to all outputs of the task that have none of their own; None removes them."""
        self._running("give labels to").labels = read_labels(enumeration)
