"""A task's parameters and properties under ClearML's names.

Here dots join nested names, where ClearML has `section/name`: `/` becomes a dot, and ClearML's default sections
`General` and `Args` are left out, as `connect` and argparse record names without them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from registry_cli.records.task import PROPERTIES
from registry_cli.records.values import Value, flatten
from registry_cli.sdk.clearml.task_handle import TaskHandle
from registry_cli.sdk.params import told_params
from registry_cli.tasks.rerun.draft import edit_task
from registry_cli.tasks.rerun.edits import Edits

if TYPE_CHECKING:
    from collections.abc import Callable

_SECTIONS: Final = ("General/", "Args/")


class TaskParams(TaskHandle):
    """A task's parameters."""

    def get_parameters(self, backwards_compatibility: bool = True, cast: bool = False) -> dict[str, Value]:
        """Return its parameters by their names, with their types; dots join nested names."""
        self._take_given()
        flat = flatten(self.record.params, "")
        return {name.removeprefix("."): value for name, value in flat.items()}

    def get_parameters_as_dict(self, cast: bool = False) -> dict[str, Value]:
        """Return its parameters as nested tables, with their types."""
        self._take_given()
        return dict(self.record.params)

    def _take_given(self) -> None:
        if self._current is not None:
            self._current.take_given()

    def get_parameter(self, name: str, default: Any = None, cast: bool = False) -> Any:
        """Return a parameter with its type, else `default`."""
        return self.get_parameters().get(_name(name), default)

    def set_parameters(self, *tables: Mapping[str, Any], **params: Any) -> None:
        """Set parameters: of the task that runs here, or of a draft, whose script gets them by `connect`.

        Raises:
            RefusedError: The task has run.
        """
        given = {_name(name): value for table in (*tables, params) for name, value in told_params(table).items()}
        if self._current is not None:
            self._current.add_params(given)
        else:
            edit_task(self.registry, self.id, Edits(params=given))

    def set_parameters_as_dict(self, dictionary: Mapping[str, Any]) -> None:
        """Set parameters from nested tables; otherwise as `set_parameters`."""
        self.set_parameters(dictionary)

    def update_parameters(self, *tables: Mapping[str, Any], **params: Any) -> None:
        """Set parameters; the same as `set_parameters`, which leaves all others as they are."""
        self.set_parameters(*tables, **params)

    def set_parameter(
        self, name: str, value: Any, description: str | None = None, value_type: Callable[[Any], Any] | None = None
    ) -> None:
        """Set a parameter; otherwise as `set_parameters`.

        Args:
            name: Its name.
            value: Its value; None removes it.
            description: Without effect.
            value_type: A type to convert it to first.
        """
        self.set_parameters({name: value if value_type is None or value is None else value_type(value)})

    def delete_parameter(self, name: str, force: bool = False) -> bool:
        """Remove a parameter, of a draft one that the draft was given; return True where there was one."""
        if self._current is not None:
            found = _name(name) in self.get_parameters()
            self._current.add_params({_name(name): None})
        elif found := f".{_name(name)}" in flatten(self.record.recipe.params, ""):
            edit_task(self.registry, self.id, Edits(unset=(f"param.{_name(name)}",)))
        return found

    def get_user_properties(self, value_only: bool = False) -> dict[str, Any]:
        """Return its properties, as `{name: {"name", "value"}}`, or with `value_only` as `{name: value}`."""
        held = self.record.params.get(PROPERTIES)
        values = dict(held) if isinstance(held, Mapping) else {}
        return values if value_only else {name: {"name": name, "value": value} for name, value in values.items()}

    def set_user_properties(
        self, *iterables: Mapping[str, Any] | Iterable[Mapping[str, Any]], **properties: Any
    ) -> bool:
        """Set properties, which are parameters `properties.NAME`; return True.

        Args:
            *iterables: Tables from names to values, or lists of `{"name", "value"}`.
            **properties: Values; each may be `{"value": ...}`.
        """
        given = {}
        for table in (*iterables, properties):
            pairs = table.items() if isinstance(table, Mapping) else [(one["name"], one) for one in table]
            for name, value in pairs:
                given[f"{PROPERTIES}.{name}"] = value.get("value") if isinstance(value, Mapping) else value
        self.set_parameters(given)
        return True

    def delete_user_properties(self, *iterables: Iterable[Mapping[str, str] | Iterable[str]]) -> bool:
        """Remove properties, given as `{"name"}` or as names; return True where there were some."""
        names = [one["name"] if isinstance(one, Mapping) else str(one) for each in iterables for one in each]
        return sum(self.delete_parameter(f"{PROPERTIES}.{name}") for name in names) > 0


def _name(name: str) -> str:
    for section in _SECTIONS:
        name = name.removeprefix(section)
    return name.replace("/", ".")
