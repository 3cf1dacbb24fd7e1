"""`InputModel` under ClearML's names: a version that a script reads, found here or imported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from registry_cli.catalog.read import versions
from registry_cli.catalog.read.models import find_line
from registry_cli.catalog.read.uses import list_rows_of_url, list_urls, list_users
from registry_cli.errors import NotFoundError, UsageError
from registry_cli.ids import ModelName, VersionId, line_key, model_segment, parse_model_name, project_of
from registry_cli.registry.add import add_files, add_url
from registry_cli.registry.draft import Draft
from registry_cli.registry.editing import Edit
from registry_cli.sdk.clearml.lookup import find_models
from registry_cli.sdk.clearml.model import Model, check_exact, open_registry
from registry_cli.sdk.clearml.model_fields import design_of
from registry_cli.sdk.clearml.next_version import Next, check_framework, get_line, read_labels
from registry_cli.sdk.clearml.saved_model import SavedModel
from registry_cli.sdk.clearml.tag_words import list_tags
from registry_cli.sdk.clearml.urls import find_path, read_url
from registry_cli.sdk.join import find_current
from registry_cli.sdk.use import record_input
from registry_cli.store.hashing import sha256_of_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from os import PathLike

    from registry_cli.registry.api import Registry
    from registry_cli.sdk.clearml.task_models import TaskModels


EMPTY: Final = ModelName("Input Model")
"""Name of a placeholder."""


class InputModel(Model):
    """A version that a script reads.

    Args:
        model_id: Its id or address, or the id it had in ClearML before an import.
        name: Name of the model, where `model_id` is None; the newest version that matches is taken.
        project: Its project.
        tags: Its tags, as `Model.query_models` reads them.
        only_published: Only published versions.

    Raises:
        NoRegistryError: There is no registry.
        NotFoundError: There is no such version.
    """

    def __init__(
        self,
        model_id: str | None = None,
        name: str | None = None,
        project: str | None = None,
        tags: Sequence[str] | None = None,
        only_published: bool = False,
    ) -> None:
        registry = open_registry()
        if model_id is not None:
            super().__init__(model_id, registry=registry)
            return
        if name is None and project is None and not tags and not only_published:
            raise UsageError("InputModel needs a model_id, name, project or tags", hint="Model.query_models()")
        check_exact(name, project)
        found = find_models(registry, project=project, name=name, tags=tags, published=only_published, limit=1)
        if not found:
            words = ", ".join(f"{key} {value}" for key, value in
                              (("name", name), ("project", project), ("tags", tags)) if value)  # fmt: skip
            raise NotFoundError(f"no model of {words or 'that kind'}", hint="reg model query")
        super().__init__(found[0].id, registry=registry)

    @classmethod
    def import_model(
        cls,
        weights_url: str | PathLike[str],
        config_text: str | None = None,
        config_dict: Mapping[str, Any] | None = None,
        label_enumeration: Mapping[str, int] | None = None,
        name: str | None = None,
        project: str | None = None,
        tags: Iterable[str] | None = None,
        comment: str | None = None,
        is_package: bool = False,
        create_as_published: bool = False,
        framework: str | None = None,
    ) -> InputModel:
        """Import a model: the bytes of a local file or folder at once, those of an `http(s):` URL at the first read.

        Of any other URL (`s3:`, `gs:`, `az:`) only the address is stored: it cannot be read before remotes can.

        The same bytes or URL without new fields are the existing version; other arguments make the next version of the
        line. This works on every rank.

        Args:
            weights_url: A path, or a URL.
            config_text: The network's design.
            config_dict: The design as a table instead, stored as JSON.
            label_enumeration: Label to integer.
            name: Its model; when None and no project is given, the model that has the URL, or in the task's project
                the file's bytes; else the file's stem, with the host appended where that name is another host's model.
            project: Its project; the task's when None.
            tags: Labels.
            comment: A comment.
            is_package: Without effect: a folder is one.
            create_as_published: Publish it, for which the bytes are fetched.
            framework: Detected from the files or the name when None.

        Raises:
            NotFoundError: There is no such file.
            UsageError: It is no URL of a file, or an argument cannot be stored.
            RemoteError: It is to be published and cannot be fetched.
        """
        registry, url = open_registry(), read_url(weights_url)
        draft = Draft(
            name=_line(registry, url, name, project),
            framework=check_framework(framework),
            labels=read_labels(label_enumeration),
            design=design_of(config_text, config_dict),
            tags=tuple(list_tags(tags)),
        )
        path = find_path(url)
        if path is not None:
            row = add_files(registry, draft, [path], message=comment).version
        else:
            row = add_url(registry, draft, url, message=comment).version
        found = cls(row.id)
        if comment and row.comment != comment:
            found._edit(Edit(comment=comment))
        if create_as_published:
            found.publish()
        return found

    @classmethod
    def load_model(cls, weights_url: str | PathLike[str], load_archived: bool = False) -> InputModel | None:
        """Return the newest version with that URL, or with the bytes of that local file; None where there is none."""
        registry = open_registry()
        known = _list_known(registry, read_url(weights_url))
        ids = [id for id in known if load_archived or not registry.get_row(id).archived]
        return cls(ids[-1]) if ids else None

    @classmethod
    def empty(
        cls,
        config_text: str | None = None,
        config_dict: Mapping[str, Any] | None = None,
        label_enumeration: Mapping[str, int] | None = None,
    ) -> InputModel:
        """Return a placeholder without weights; connected to a task, it gives the outputs its labels."""
        found = cls.__new__(cls)
        SavedModel.__init__(found, open_registry(), None)
        labels = read_labels(label_enumeration)
        found._next = Next(Draft(EMPTY, design=design_of(config_text, config_dict), labels=labels))
        return found

    def connect(
        self, task: TaskModels | None = None, name: str | None = None, ignore_remote_overrides: bool = False
    ) -> None:
        """Make it an input of the task; in a clone that was given another version under that name, become that one.

        Args:
            task: The task that runs here, which is also taken when None.
            name: Its name in the task; the last segment of its model's name when None.
            ignore_remote_overrides: Keep the script's version.

        Raises:
            UsageError: No task runs here.
        """
        current = task._running("connect to") if task is not None else find_current()
        if current is None:
            raise UsageError("no task runs in this process", hint="Task.init()")
        if self._version is not None:
            entry = name or self.name
            used = record_input(current, self._registry, entry, self.id, ignore_given=ignore_remote_overrides)
            self._version = used.id
        if not current.labels:
            current.labels = self.labels


def _line(registry: Registry, url: str, name: str | None, project: str | None) -> ModelName:
    """Return the model of an import: the given name, else a model with that URL or bytes, else the file's stem."""
    current = find_current()
    home = current.task.project if current else ""
    if name is not None:
        check_exact(name, project)
        place = project if project is not None else home if "/" not in name else ""
        return parse_model_name(f"{place}/{name}" if place else name)
    if project is None:
        known = [registry.get_row(id).name for id in _list_known(registry, url)]
        if find_path(url) is not None:  # another project's model may have the same bytes by chance
            known = [line for line in known if line_key(project_of(line)) == line_key(home)]
        if known:
            return known[-1]
    return _new_line(registry, url, home if project is None else project)


def _new_line(registry: Registry, url: str, project: str) -> ModelName:
    """Return the model of an unnamed import: the file's stem, plus the host where another host's model has it."""
    parts = urlsplit(url)
    last = Path(unquote(parts.path)).name
    stem = model_segment(last.partition(".")[0] or last or "model")
    line = get_line(project, stem)
    host = f"{parts.scheme}://{parts.netloc}/"
    if find_path(url) is None and (there := registry.read(lambda db: find_line(db, line))) is not None:
        urls = registry.read(lambda db: list_urls(db, there))
        if not any(other.startswith(host) for other in urls):
            return get_line(project, f"{stem}-{model_segment(parts.hostname or parts.scheme)}")
    return line


def _list_known(registry: Registry, url: str) -> list[VersionId]:
    """Return the live versions that have a URL, or the bytes of a local file alone, oldest first."""
    path = find_path(url)
    if path is not None and path.is_file():
        sha256 = sha256_of_file(path)
        users = registry.read(lambda db: list_users(db, sha256))
        rows = [registry.get_row(user.id) for user in users if not user.removed]
        return [row.id for row in rows if len(row.files) == 1]
    return [row.id for row in registry.read(lambda db: versions.list_versions(db, list_rows_of_url(db, url)))]
