"""The public names of ClearML's classes that have no place here, and the answer to each: one table.

A name that only writes warns once and goes on; one whose result is used raises. The guide lists both from here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from registry_cli.dataclass import dataclass
from registry_cli.errors import RefusedError
from registry_cli.sdk.warning import warn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Word = Literal["ignored", "refused"]
_AUTOMATIC: Final = "code, packages and machine are recorded as they are"
_NO_SERVER: Final = "there is no server"
_NO_WEB: Final = "there is no web server: `reg task show`"
_QUEUE: Final = "no queue is needed: `reg task run`"
_OFFLINE: Final = "everything is offline"
_BYTES: Final = "bytes go into the registry"
_CLOSED: Final = "an internal name of ClearML's"
_MONITOR: Final = "the machine is recorded, its load is not"
_PICTURES: Final = "figures are recorded by `report_matplotlib_figure`"


@dataclass(slots=True)
class Absent:
    """The answer to a name that has no place here.

    Attributes:
        word: `ignored` warns once and returns None; `refused` raises.
        why: The reason, as the guide gives it.
        value: True where ClearML has a value under that name, and not a method.
    """

    word: Word
    why: str
    value: bool = False
    name: str = ""
    warned: bool = False

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = f"{owner.__name__}.{name}"

    def __get__(self, instance: object, owner: type | None = None) -> Callable[..., None]:
        if self.value and instance is not None:
            self._refuse()
        return self._call

    def _call(self, *_args: object, **_named: object) -> None:
        if self.word == "refused":
            self._refuse()
        if not self.warned:
            self.warned = True
            warn(f"{self.name} has no effect: {self.why}")

    def _refuse(self) -> None:
        raise RefusedError(f"{self.name} is not available: {self.why}", hint="reg help clearml")


TASK: Final[Mapping[str, Absent]] = {
    "add_requirements": Absent("ignored", _AUTOMATIC),
    "cache_dir": Absent("refused", _CLOSED, value=True),
    "create": Absent("refused", "`clone` a task, or run one by `reg log`"),
    "create_function_task": Absent("refused", "a task is a script: `reg log`"),
    "data": Absent("refused", f"{_CLOSED}: `record`", value=True),
    "debug_simulate_remote_task": Absent("ignored", _NO_SERVER),
    "default_session": Absent("refused", _NO_SERVER, value=True),
    "delete_artifacts": Absent("refused", "the files of a task stay on record"),
    "dequeue": Absent("refused", _QUEUE),
    "enqueue": Absent("refused", _QUEUE),
    "execute_remotely": Absent("ignored", f"the script goes on here; {_QUEUE}"),
    "export_task": Absent("refused", "`reg task show --json`, `reg task script`"),
    "force_requirements_env_freeze": Absent("ignored", _AUTOMATIC),
    "force_store_standalone_script": Absent("ignored", _AUTOMATIC),
    "get_all": Absent("refused", f"{_CLOSED}: `get_tasks`"),
    "get_base_docker": Absent("refused", "no container is recorded"),
    "get_dataviews": Absent("refused", _CLOSED),
    "get_debug_samples": Absent("refused", "images are files of the task: `reg task show`"),
    "get_executed_queue": Absent("refused", _QUEUE),
    "get_http_router": Absent("refused", _NO_SERVER),
    "get_label_num_description": Absent("refused", "`get_labels_enumeration`"),
    "get_num_of_classes": Absent("refused", "`get_labels_enumeration`"),
    "get_output_destination": Absent("refused", "`output_uri`"),
    "save_exec_model_design_file": Absent("refused", "`OutputModel.update_design`"),
    "setup_aws_upload": Absent("ignored", _BYTES),
    "setup_azure_upload": Absent("ignored", _BYTES),
    "setup_gcp_upload": Absent("ignored", _BYTES),
    "setup_upload": Absent("ignored", _BYTES),
    "get_num_enqueued_tasks": Absent("refused", _QUEUE),
    "get_output_log_web_page": Absent("refused", _NO_WEB),
    "get_progress": Absent("refused", "no progress is recorded"),
    "get_project_object": Absent("refused", "a project is a name: `project`"),
    "get_projects": Absent("refused", "a project is a name: `reg task list --columns project`"),
    "get_random_seed": Absent("refused", "seeds are recorded as the script sets them: `record.seeds`"),
    "get_reported_plots": Absent("refused", "plots are files of the task: `reg task show`"),
    "get_requirements": Absent("refused", "`reg task show --lock`"),
    "get_script": Absent("refused", "`record.code` and `record.recipe`"),
    "get_task_output_log_web_page": Absent("refused", _NO_WEB),
    "ignore_requirements": Absent("ignored", _AUTOMATIC),
    "import_offline_session": Absent("refused", _OFFLINE),
    "import_task": Absent("refused", "`clone` a task of this registry"),
    "labels_stats": Absent("refused", _CLOSED, value=True),
    "last_worker": Absent("refused", "the machine is `record.host`", value=True),
    "launch_multi_node": Absent("refused", "start the processes by `torchrun`, `mpirun` or `srun`"),
    "list_external_endpoints": Absent("refused", _NO_SERVER),
    "log": Absent("refused", _CLOSED, value=True),
    "mark_started": Absent("ignored", "a task runs when its script does"),
    "metrics_manager": Absent("refused", _CLOSED, value=True),
    "normalize_id": Absent("refused", _CLOSED),
    "register_abort_callback": Absent("ignored", "a cancelled script gets SIGTERM"),
    "report_subprocess_enabled": Absent("refused", _CLOSED, value=True),
    "request_external_endpoint": Absent("refused", _NO_SERVER),
    "resolve_id": Absent("refused", _CLOSED),
    "resource_monitor": Absent("refused", _MONITOR, value=True),
    "send": Absent("refused", _NO_SERVER),
    "session": Absent("refused", _NO_SERVER, value=True),
    "set_artifacts": Absent("refused", f"{_CLOSED}: `upload_artifact`"),
    "set_base_docker": Absent("ignored", "no container is recorded"),
    "set_credentials": Absent("ignored", _NO_SERVER),
    "set_dataview": Absent("ignored", "`reg log --data` records the files that are read"),
    "set_initial_iteration": Absent("ignored", "steps stay as the script gives them"),
    "set_offline": Absent("ignored", _OFFLINE),
    "set_packages": Absent("ignored", _AUTOMATIC),
    "set_parent": Absent("ignored", "the parent of a clone is its source"),
    "set_progress": Absent("ignored", "no progress is recorded"),
    "set_random_seed": Absent("ignored", "seeds are recorded as the script sets them"),
    "set_repo": Absent("ignored", _AUTOMATIC),
    "set_resource_monitor_iteration_timeout": Absent("ignored", _MONITOR),
    "set_script": Absent("ignored", _AUTOMATIC),
    "set_system_tags": Absent("ignored", "`set_archived`"),
    "started": Absent("ignored", "a task runs when its script does"),
    "stop_request": Absent("refused", "`reg task cancel`"),
    "mark_stop_request": Absent("refused", "`reg task cancel`"),
    "update_model_desc": Absent("ignored", "`OutputModel.update_design`"),
    "update_task": Absent("refused", "`set_name`, `set_parameters`, `add_tags`"),
    "wait_for_external_endpoint": Absent("refused", _NO_SERVER),
    "set_model_config": Absent("ignored", "deprecated there; `OutputModel.update_design`"),
    "set_model_design": Absent("ignored", "deprecated there; `OutputModel.update_design`"),
    "get_model_config_text": Absent("refused", "deprecated there; `config_text` of the model"),
    "get_model_config_dict": Absent("refused", "deprecated there; `config_dict` of the model"),
    "get_model_design": Absent("refused", "deprecated there; `config_text` of the model"),
}
"""The names of `Task`."""

LOGGER: Final[Mapping[str, Absent]] = {
    "get_default_debug_sample_history": Absent("refused", "every image is kept"),
    "get_flush_period": Absent("refused", "everything is written at once"),
    "matplotlib_force_report_non_interactive": Absent("ignored", _PICTURES),
    "set_default_debug_sample_history": Absent("ignored", "every image is kept"),
    "set_default_upload_destination": Absent("ignored", _BYTES),
    "set_flush_period": Absent("ignored", "everything is written at once"),
    "set_reporting_inf_value": Absent("ignored", "infinities are recorded"),
    "set_reporting_nan_value": Absent("ignored", "NaN is recorded"),
    "tensorboard_auto_group_scalars": Absent("ignored", "nothing is drawn"),
    "tensorboard_single_series_per_graph": Absent("ignored", "nothing is drawn"),
}
"""The names of `Logger`."""

ARTIFACT: Final[Mapping[str, Absent]] = {
    "mode": Absent("refused", "the script made it", value=True),
    "preview": Absent("refused", "`get_local_copy` is its file", value=True),
    "timestamp": Absent("refused", "it is kept with its task, as it was at the call", value=True),
    "type": Absent("refused", "the suffix of its file", value=True),
    "type_data": Absent("refused", "the suffix of its file", value=True),
}
"""The names of `Artifact`."""

TABLES: Final = {"Task": TASK, "Logger": LOGGER, "Artifact": ARTIFACT}


def answer_absent(kind: type[Any]) -> type[Any]:
    """Give a class the names of its table that it lacks, each of which answers as the table says."""
    for name, absent in TABLES[kind.__name__].items():
        absent.__set_name__(kind, name)
        setattr(kind, name, absent)
    return kind


def format_absent(kind: str) -> str:
    """Return the rows of the guide's table for the names of a class that have no place here."""
    rows = sorted(TABLES[kind].items())
    return "\n".join(f"| `{name}` | {absent.word} | {absent.why} |" for name, absent in rows)


def format_task() -> str:
    """Return the rows of `Task`."""
    return format_absent("Task")


def format_logger() -> str:
    """Return the rows of `Logger`."""
    return format_absent("Logger")
