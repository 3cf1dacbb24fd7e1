"""`reg`: a model registry that needs no server.

>>> import registry_cli as reg
>>> version = reg.commit("out/model.pt", "vision/resnet", metrics={"acc": 0.93})
>>> reg.use("vision/resnet").path

Importing the package loads nothing else: each name is loaded when it is first used.
"""

TYPE_CHECKING = False  # type checkers treat the name as true; nothing is imported at runtime
if TYPE_CHECKING:
    from registry_cli._version import __version__ as __version__
    from registry_cli.errors import AmbiguousError as AmbiguousError
    from registry_cli.errors import ConflictError as ConflictError
    from registry_cli.errors import CorruptError as CorruptError
    from registry_cli.errors import NoRegistryError as NoRegistryError
    from registry_cli.errors import NotFoundError as NotFoundError
    from registry_cli.errors import RefusedError as RefusedError
    from registry_cli.errors import RegError as RegError
    from registry_cli.errors import RemoteError as RemoteError
    from registry_cli.errors import UsageError as UsageError
    from registry_cli.opening import Registry as Registry
    from registry_cli.registry.version import Version as Version
    from registry_cli.sdk.autolog.autolog import autolog as autolog
    from registry_cli.sdk.clearml.input_model import InputModel as InputModel
    from registry_cli.sdk.clearml.logger import Logger as Logger
    from registry_cli.sdk.clearml.model import Model as Model
    from registry_cli.sdk.clearml.output_model import OutputModel as OutputModel
    from registry_cli.sdk.clearml.words import TaskTypes as TaskTypes
    from registry_cli.sdk.commit import commit as commit
    from registry_cli.sdk.metrics import log_metric as log_metric
    from registry_cli.sdk.metrics import log_metrics as log_metrics
    from registry_cli.sdk.metrics import log_params as log_params
    from registry_cli.sdk.pending import Pending as Pending
    from registry_cli.sdk.task import Task as Task
    from registry_cli.sdk.task_block import task as task
    from registry_cli.sdk.use import use as use
    from registry_cli.sdk.warning import RegWarning as RegWarning

_EXPORTS = {
    "AmbiguousError": "registry_cli.errors",
    "ConflictError": "registry_cli.errors",
    "CorruptError": "registry_cli.errors",
    "InputModel": "registry_cli.sdk.clearml.input_model",
    "Logger": "registry_cli.sdk.clearml.logger",
    "Model": "registry_cli.sdk.clearml.model",
    "NoRegistryError": "registry_cli.errors",
    "NotFoundError": "registry_cli.errors",
    "OutputModel": "registry_cli.sdk.clearml.output_model",
    "Pending": "registry_cli.sdk.pending",
    "RefusedError": "registry_cli.errors",
    "RegError": "registry_cli.errors",
    "RegWarning": "registry_cli.sdk.warning",
    "Registry": "registry_cli.opening",
    "RemoteError": "registry_cli.errors",
    "Task": "registry_cli.sdk.task",
    "TaskTypes": "registry_cli.sdk.clearml.words",
    "UsageError": "registry_cli.errors",
    "Version": "registry_cli.registry.version",
    "__version__": "registry_cli._version",
    "autolog": "registry_cli.sdk.autolog.autolog",
    "commit": "registry_cli.sdk.commit",
    "log_metric": "registry_cli.sdk.metrics",
    "log_metrics": "registry_cli.sdk.metrics",
    "log_params": "registry_cli.sdk.metrics",
    "task": "registry_cli.sdk.task_block",
    "use": "registry_cli.sdk.use",
}
__all__ = [
    "AmbiguousError",
    "ConflictError",
    "CorruptError",
    "InputModel",
    "Logger",
    "Model",
    "NoRegistryError",
    "NotFoundError",
    "OutputModel",
    "Pending",
    "RefusedError",
    "RegError",
    "RegWarning",
    "Registry",
    "RemoteError",
    "Task",
    "TaskTypes",
    "UsageError",
    "Version",
    "__version__",
    "autolog",
    "commit",
    "log_metric",
    "log_metrics",
    "log_params",
    "task",
    "use",
]
_NOT_HERE = ("Dataset", "PipelineController", "PipelineDecorator", "StorageManager", "browser_login")
"""The other names of ClearML's package, which scripts import."""


def __dir__() -> list[str]:
    return [*__all__]


def __getattr__(name: str) -> object:
    if name not in _EXPORTS:
        raise _describe_absent(name)
    from importlib import import_module

    value = globals()[name] = getattr(import_module(_EXPORTS[name]), name)
    return value


def _describe_absent(name: str) -> Exception:
    """Return the error for a name that is not here; for one of ClearML's it names the guide."""
    if name not in _NOT_HERE:
        return AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import sys

    # `from registry_cli import …` replaces an AttributeError, and with it the message, by an ImportError of its own.
    importing = sys._getframe(2).f_globals.get("__name__") in {"importlib._bootstrap", "_frozen_importlib"}
    text = f"ClearML's {name} has no counterpart in {__name__}; hint: reg help clearml"
    return ImportError(text, name=__name__) if importing else AttributeError(text)
