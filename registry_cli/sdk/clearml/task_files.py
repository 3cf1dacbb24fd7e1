"""The files that a script keeps with its task: artifacts and configurations under ClearML's names."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from registry_cli.errors import UsageError
from registry_cli.records.task import ARTIFACTS, CONFIGURATION
from registry_cli.sdk.clearml.absent import answer_absent
from registry_cli.sdk.clearml.file_content import find_file, read_object
from registry_cli.sdk.clearml.given_configuration import GENERAL, give_file, give_table
from registry_cli.sdk.clearml.task_handle import TaskHandle
from registry_cli.store import files
from registry_cli.store.hashing import sha256_of_file
from registry_cli.tasks.attempt.fact_reader import read_facts
from registry_cli.tasks.attempt.plots import path_segment
from registry_cli.tasks.record import get_task_file_path
from registry_cli.tasks.rerun.configurations import configuration_folder
from registry_cli.tasks.rerun.draft import edit_task
from registry_cli.tasks.rerun.edits import Edits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


_METADATA: Final = "artifact-metadata.json"


@answer_absent
class Artifact:
    """What a task keeps under one name.

    Attributes:
        name: Its name.
        files: Local paths of its files, for reading only, by their paths inside it.
        metadata: The values that were kept beside it.
    """

    def __init__(self, name: str, held: Mapping[str, Path]) -> None:
        self.name = name
        self.files = dict(held)
        beside = self.files.pop(_METADATA, None)
        self.metadata: dict[str, Any] = json.loads(beside.read_bytes()) if beside else {}

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(files.get_status(path).st_size for path in self.files.values())

    @property
    def url(self) -> str:
        """URL of its file."""
        return Path(self.get_local_copy()).as_uri()

    @property
    def hash(self) -> str:
        """SHA-256 of its file."""
        return sha256_of_file(self.get_local_copy())

    def get_local_copy(self) -> str:
        """Return the path of its file, for reading only.

        Raises:
            UsageError: It has several.
        """
        if len(self.files) != 1:
            raise UsageError(f"{self.name} has {len(self.files)} files: `files` holds their paths")
        return str(next(iter(self.files.values())))

    def get(self) -> Any:
        """Return the object: of a JSON file its value, of a text file its text, else the path; nothing is unpickled."""
        path = Path(self.get_local_copy())
        suffix = Path(next(iter(self.files))).suffix
        if suffix == ".json":
            return json.loads(path.read_bytes())
        return path.read_text() if suffix == ".txt" else path


class Artifacts(Mapping[str, Artifact]):
    """The artifacts of a task by their names; a name that no file system holds is listed in a form that one does."""

    def __init__(self, found: Mapping[str, Artifact]) -> None:
        self._found = found

    def __getitem__(self, name: str) -> Artifact:
        return self._found[name if name in self._found else path_segment(name)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


class TaskFiles(TaskHandle):
    """A task's artifacts and configurations."""

    @property
    def artifacts(self) -> Artifacts:
        """Its artifacts by their names."""
        found: dict[str, dict[str, Path]] = {}
        for path, place in self._list_kept(ARTIFACTS).items():
            name, _, inside = path.removeprefix(ARTIFACTS).partition("/")
            found.setdefault(name, {})[inside] = place
        return Artifacts({name: Artifact(name, held) for name, held in found.items()})

    def upload_artifact(
        self, name: str, artifact_object: Any, metadata: Mapping[str, Any] | None = None,
        delete_after_upload: bool = False, auto_pickle: bool | None = None, preview: Any = None,
        wait_on_upload: bool = False, extension_name: str | None = None,
        serialization_function: Callable[[Any], bytes] | None = None, retries: int = 0, sort_keys: bool = True,
    ) -> bool:  # fmt: skip
        """Keep an object or file with the task, as it is now; one of the same name is replaced.

        Args:
            name: Its name.
            artifact_object: A file, a folder, or a text with `*` that matches some; a dict or list becomes a JSON file,
                a data frame a CSV file, an array a `.npy` file, an image a PNG file, any other object a pickle.
            metadata: Kept beside it.
            delete_after_upload: Without effect: the user's files stay.
            auto_pickle: Without effect.
            preview: Without effect.
            wait_on_upload: Without effect: it is kept when the call returns.
            extension_name: The file's extension, such as `.json`.
            serialization_function: Returns the object's bytes.
            retries: Without effect.
            sort_keys: Sort the keys of a dict.

        Raises:
            RefusedError: The task does not run in this process.
            NotFoundError: There is no such file.
        """
        content = read_object(artifact_object, serialize=serialization_function, extension=extension_name,
                              sort_keys=sort_keys)  # fmt: skip
        if metadata:
            content |= {_METADATA: (json.dumps(metadata, default=str, indent=2) + "\n").encode()}
        top = f"{ARTIFACTS}{path_segment(name)}"
        self._running("keep a file with").add_files(top, {f"{top}/{path}": data for path, data in content.items()})
        return True

    def register_artifact(
        self, name: str, artifact: Any, metadata: Mapping[str, Any] | None = None, uniqueness_columns: Any = True
    ) -> None:
        """Keep a data frame as `upload_artifact` does, now and again as it is when the task ends.

        Args:
            name: Its name.
            artifact: The data frame.
            metadata: Kept beside it.
            uniqueness_columns: Without effect: every row is kept.
        """
        current = self._running("keep a file with")
        current.registered[name] = artifact
        self.upload_artifact(name, artifact, metadata)

        def keep_again() -> None:
            if current.registered.get(name) is artifact:
                self.upload_artifact(name, artifact, metadata)

        current.leaving.append(keep_again)

    def unregister_artifact(self, name: str) -> None:
        """Keep a registered data frame as it is, and not as it is when the task ends."""
        self._running("keep a file with").registered.pop(name, None)

    def get_registered_artifacts(self) -> dict[str, Any]:
        """Return the registered data frames by their names."""
        return dict(self._running("ask").registered)

    def connect_configuration(
        self, configuration: Any, name: str | None = None, description: str | None = None,
        ignore_remote_overrides: bool = False,
    ) -> Any:  # fmt: skip
        """Keep a table, or a file, with the task; return the argument, or the path of the clone's file.

        A clone, and a further attempt, has the configuration of that name which was recorded, or that of `--config`: a
        table then has its content, and a path leads to another file.

        Args:
            configuration: A dict or list, kept as JSON; or the path of a file.
            name: Its name; `general` when None.
            description: Without effect.
            ignore_remote_overrides: Keep the script's own configuration.

        Raises:
            RefusedError: The task does not run in this process.
            NotFoundError: There is no such file.
            UsageError: The recorded configuration cannot take the place of the table.
        """
        current = self._running("configure")
        if isinstance(configuration, str | Path):
            own = Path(configuration)
            found = own if ignore_remote_overrides else give_file(current, name, own)
            self._configure(name, {own.name: find_file(found)})
            return configuration if found == own else type(configuration)(found)
        if not ignore_remote_overrides:
            give_table(current, name, configuration)
        self._configure(name, read_object(configuration, sort_keys=False))
        return configuration

    def set_configuration_object(
        self, name: str, config_text: str | None = None, description: str | None = None, config_type: str | None = None,
        config_dict: Mapping[str, Any] | Sequence[Any] | None = None,
    ) -> None:  # fmt: skip
        """Keep a configuration, as text or as a table, with the task, or give it to a draft.

        Raises:
            UsageError: Both a text and a table are given, or neither.
            RefusedError: The task has run.
        """
        if (config_text is None) == (config_dict is None):
            raise UsageError("give either config_text or config_dict")
        if config_text is not None:
            self._set_configuration(name, {f"data.{config_type or 'txt'}": config_text.encode()})
        else:
            self._set_configuration(name, read_object(config_dict, sort_keys=False))

    def get_configuration_object(self, name: str) -> str | None:
        """Return a configuration as text, or None."""
        return self.get_configuration_objects().get(path_segment(name))

    def get_configuration_object_as_dict(self, name: str) -> Any:
        """Return a configuration that is JSON as a table, or None.

        Raises:
            UsageError: It is no JSON.
        """
        text = self.get_configuration_object(name)
        try:
            return None if text is None else json.loads(text)
        except ValueError:
            raise UsageError(f"the configuration {name} is no JSON: get_configuration_object has its text") from None

    def get_configuration_objects(self) -> dict[str, str]:
        """Return the configurations as text by their names."""
        kept = self._list_kept(CONFIGURATION)
        return {path.split("/")[1]: place.read_text(errors="replace") for path, place in kept.items()}

    def _set_configuration(self, name: str, content: Mapping[str, bytes | Path]) -> None:
        if self._current is not None:
            self._configure(name, content)
            return
        [(file, data)] = content.items()
        edit_task(
            self.registry, self.id, Edits(config={name: (file, data if isinstance(data, bytes) else data.read_bytes())})
        )

    def _configure(self, name: str | None, content: Mapping[str, bytes | Path]) -> None:
        top = configuration_folder(name or GENERAL)
        self._running("configure").add_files(top, {f"{top}/{path}": data for path, data in content.items()})

    def _list_kept(self, prefix: str) -> dict[str, Path]:
        """Return local paths of the task's files below a prefix, by their paths."""
        current = self._current
        record = self.record if current is None else current.task
        kept = [file for file in record.files if file.path.startswith(prefix)]
        paths = {file.path: get_task_file_path(self.registry, file) for file in kept}
        if current is not None and current.live is not None:
            told = read_facts(current.live.list_facts()).files
            paths |= {path: current.live.files / at for path, at in told.items() if path.startswith(prefix)}
        return paths
