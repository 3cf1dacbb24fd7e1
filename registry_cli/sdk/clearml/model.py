"""`Model` under ClearML's names: a version in the registry, and the query that finds versions."""

from __future__ import annotations

from datetime import datetime
from shlex import quote
from typing import TYPE_CHECKING

from registry_cli import opening
from registry_cli.errors import RegError, UsageError
from registry_cli.records.values import check_value
from registry_cli.registry.lifecycle import remove_versions
from registry_cli.sdk.clearml.lookup import find_models, get_model
from registry_cli.sdk.clearml.saved_model import SavedModel
from registry_cli.sdk.join import find_current, is_silent
from registry_cli.sdk.warning import warn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from registry_cli.records.values import Scalar
    from registry_cli.registry.api import Registry


class Model(SavedModel):
    """A version in the registry.

    Args:
        model_id: Its id or address, or the id it had in ClearML before an import.
        registry: The registry; found as the command line finds it when None.

    Raises:
        NoRegistryError: There is no registry.
        NotFoundError: There is no such version.
    """

    def __init__(self, model_id: str, *, registry: Registry | None = None) -> None:
        found = registry or open_registry()
        super().__init__(found, get_model(found, model_id).id)

    def get_local_copy(
        self, extract_archive: bool | None = None, raise_on_error: bool = False, force_download: bool = False
    ) -> str | None:
        """Return the path of its file, or of its folder where it has several; the same as `get_weights`."""
        return self.get_weights(raise_on_error)

    @classmethod
    def query_models(
        cls,
        project_name: str | None = None,
        model_name: str | None = None,
        tags: Sequence[str] | None = None,
        only_published: bool = False,
        include_archived: bool = False,
        max_results: int | None = None,
        metadata: Mapping[str, Scalar] | None = None,
    ) -> list[Model]:
        """Return versions, newest first.

        Args:
            project_name: Exact name of the model's project, or of that of the task that made it; projects below it do
                not match.
            model_name: Exact name of the model, without its project or with it.
            tags: Such as `["demo", "-TF"]`, `demo or not TF`; `__$all`, `__$any` and `__$not` apply to the tags that
                follow, and one in front of everything joins the groups.
            only_published: Only published versions.
            include_archived: Archived versions too.
            max_results: Largest number of versions.
            metadata: Values that must be equal; `"1"` matches the text and the number.

        Raises:
            UsageError: The list of tags cannot be read, a name is a pattern, or a value is no single one.
        """
        check_exact(project_name, model_name)
        if max_results is not None and (not isinstance(max_results, int) or max_results < 0):
            raise UsageError(f"max_results is {max_results!r:.60}, a count is 0 or more")
        registry = open_registry()
        rows = find_models(
            registry, project=project_name, name=model_name, tags=tags, published=only_published,
            archived=include_archived, metadata=_single(metadata or {}), limit=max_results,
        )  # fmt: skip
        return [Model(row.id, registry=registry) for row in rows]

    @classmethod
    def remove(
        cls,
        model: str | SavedModel,
        delete_weights_file: bool = True,
        force: bool = False,
        raise_on_errors: bool = False,
    ) -> bool:
        """Remove a version; `reg model restore` restores it until its bytes are collected.

        Args:
            model: A model, or its id or address.
            delete_weights_file: Without effect: `gc` frees the bytes, once nothing else uses them.
            force: Remove it even if it is published, holds an alias or has children.
            raise_on_errors: Raise a refusal; else it is shown as a warning, and False returned.
        """
        if is_silent():
            return True
        try:
            found = model if isinstance(model, SavedModel) else Model(model)
            why = "Model.remove with force" if force else None
            remove_versions(found.version.registry, [found.id], force=force, message=why)
        except RegError as error:
            if raise_on_errors:
                raise
            warn(error.message)
            return False
        return True


def check_exact(*names: str | None) -> None:
    """Check that names are no patterns.

    Raises:
        UsageError: One is a pattern, or is no text.
    """
    for name in names:
        if name is not None and (not isinstance(name, str) or set(name) & set("*?[")):
            raise UsageError(f"{name!r:.60} is no exact name", hint=f"reg model query --name {quote(str(name))}")


def _single(metadata: Mapping[str, Scalar]) -> dict[str, Scalar]:
    values: dict[str, Scalar] = {}
    for key, given in metadata.items():
        value = check_value(given, f"metadata.{key}")
        if not isinstance(value, str | int | float | datetime):
            raise UsageError(f"metadata.{key} is {value!r:.60}, and must be a text, a number or a time")
        values[key] = value
    return values


def open_registry() -> Registry:
    """Return the registry of this process's task, else the one that the command line finds.

    Raises:
        NoRegistryError: There is none.
    """
    current = find_current()
    return current.registry if current else opening.Registry.find()
