"""`reg`: a model registry that needs no server.

>>> import registry_cli as reg
>>> version = reg.commit("out/model.pt", "vision/resnet", metrics={"acc": 0.93})
>>> reg.use("vision/resnet").path

Importing this costs nothing: each name is loaded when it is first used.
"""

TYPE_CHECKING = False  # type checkers take the name for true; nothing is imported here
if TYPE_CHECKING:
    from registry_cli._version import __version__ as __version__
    from registry_cli.errors import RegError as RegError
    from registry_cli.registry.api import Registry as Registry
    from registry_cli.registry.version import Version as Version
    from registry_cli.sdk import commit as commit
    from registry_cli.sdk import use as use

_EXPORTS = {
    "RegError": "registry_cli.errors",
    "Registry": "registry_cli.registry.api",
    "Version": "registry_cli.registry.version",
    "__version__": "registry_cli._version",
    "commit": "registry_cli.sdk",
    "use": "registry_cli.sdk",
}
__all__ = ["RegError", "Registry", "Version", "__version__", "commit", "use"]


def __getattr__(name: str) -> object:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(_EXPORTS[name]), name)
    return value
