"""PyTorch Lightning and Fabric, as `lightning` and as `pytorch_lightning` with `lightning_fabric`.

`Trainer.save_checkpoint` writes every checkpoint of a `Trainer`, `ModelCheckpoint`'s too;
`TorchCheckpointIO.save_checkpoint` writes those that a thread writes later, and Fabric's. Both pass bytes to fsspec, so
that `torch.save` sees no path.
https://lightning.ai/docs/pytorch/stable/common/checkpointing.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from registry_cli.frameworks.numbers import find_number, find_step
from registry_cli.frameworks.patching.paths import find_path
from registry_cli.frameworks.patching.shapes import Argument, Call, Details, Framework, Load, Save, Score, Train
from registry_cli.frameworks.templates import find_line, is_given

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registry_cli.frameworks.patching.shapes import Hook, Sink

_TRAINERS: Final = {"lightning.pytorch": "lightning.fabric", "pytorch_lightning": "lightning_fabric"}
"""The packages of trainers, each with its package of Fabric."""
_FIELD: Final = re.compile(r"\{([^{}:!]*)")


def report_checkpoint(call: Call) -> Details | None:
    """Return a trainer's step and its current metrics; None where another thread writes the file."""
    trainer = call.args[0]
    writer = getattr(getattr(trainer, "strategy", None), "checkpoint_io", None)
    if any(kind.__name__ == "AsyncCheckpointIO" for kind in type(writer).__mro__):
        return None
    line, template = _find_line(trainer, call)
    step = find_step(trainer.global_step)
    return Details(step=step, line=line, template=template, scores=find_metrics(trainer))


def report_written(call: Call) -> Details:
    """Return the step that a checkpoint itself holds; one of Fabric's may hold none."""
    checkpoint = Argument(1, "checkpoint").get(call)
    step = checkpoint.get("global_step") if isinstance(checkpoint, dict) else None
    return Details(step=step if isinstance(step, int) else None)


def _find_line(trainer: Any, call: Call) -> tuple[str | None, str | None]:
    """Return the path that a callback's checkpoints share, and the template that gave the path that is saved.

    Lightning may put a metric's name before its number, `epoch=3` for `{epoch}`, and a count after both, `-v1`.
    """
    path = str(Argument(1, "filepath").get(call))
    for callback in getattr(trainer, "checkpoint_callbacks", ()):
        name, ending = getattr(callback, "filename", None), getattr(callback, "FILE_EXTENSION", "")
        if name:
            inserted = getattr(callback, "auto_insert_metric_name", False)
            form = _FIELD.sub(r"\1={\1", name) if inserted else name
            counted = re.sub(rf"-v\d+(?={re.escape(ending)}\Z)", "", path)
            if is_given(f"{form}{ending}", path) or is_given(f"{form}{ending}", counted):
                return find_line(f"{form}{ending}", path), f"{name}{ending}"
    return None, None


def report_metrics(call: Call, sink: Sink) -> None:
    """Report the scalars that a trainer passes to its loggers, even if it has no loggers."""
    metrics = Argument(1, "metrics").get(call) or {}
    step = Argument(2, "step").get(call)
    if step is None:
        step = metrics.get("step", call.args[0].trainer.global_step)
    for name, value in find_numbers(metrics).items():
        sink.score(name, value, find_step(step))


def enter_removal(call: Call, sink: Sink) -> None:
    """Have a checkpoint stored before it is deleted, because it is no longer among the best."""
    path = find_path(Argument(1, "filepath").get(call))
    if path is not None:
        sink.saving(path, empties=False)


def find_metrics(trainer: Any) -> dict[str, float]:
    """Return the newest metrics of a trainer.

    They are those of the last access to `callback_metrics`, for example by `ModelCheckpoint`: an access here, on one
    rank alone, would wait for the others.
    """
    connector = getattr(trainer, "_logger_connector", None)
    return find_numbers(getattr(connector, "_callback_metrics", {}))


def find_numbers(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Return the metrics that are numbers, by name, without the epoch and the step."""
    found = {name: find_number(value) for name, value in metrics.items() if name not in ("epoch", "step")}
    return {name: number for name, number in found.items() if number is not None}


def _make_hooks(trainer: str, fabric: str) -> tuple[Hook, ...]:
    connector = f"{trainer}.trainer.connectors.logger_connector.logger_connector"
    return (
        Save(f"{trainer}.trainer.trainer:Trainer.save_checkpoint", Argument(1, "filepath"), report=report_checkpoint),
        Save(
            f"{fabric}.plugins.io.torch_io:TorchCheckpointIO.save_checkpoint",
            Argument(2, "path"),
            report=report_written,
        ),
        Load(f"{fabric}.plugins.io.torch_io:TorchCheckpointIO.load_checkpoint", Argument(1, "path")),
        Load(f"{fabric}.utilities.cloud_io:_load", Argument(0, "path_or_url"), optional=True),
        Train(f"{trainer}.strategies.strategy:Strategy.remove_checkpoint", enter_removal, optional=True),
        Score(f"{connector}:_LoggerConnector.log_metrics", report_metrics, optional=True),
    )


FRAMEWORK = Framework(
    name="PyTorch",
    title="PyTorch Lightning",
    keys=("lightning", "pytorch"),
    hooks=tuple(hook for names in _TRAINERS.items() for hook in _make_hooks(*names)),
)
