"""Functions by which a script logs to its task: scalars, parameters, tables and plots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.sdk.clearml.reports import Reports
from registry_cli.sdk.join import get_current
from registry_cli.sdk.params import told_params

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registry_cli.sdk.current import Current
    from registry_cli.tasks.attempt.plots import Plot


def log_metric(name: str, value: float, step: int | None = None) -> None:
    """Log a point of a scalar.

    Args:
        name: Printable; `train/loss` and `train/acc` belong together.
        value: NaN and infinities are recorded; NumPy and torch scalars are taken.
        step: None where there is none; the point's position among those of its name then stands for it.

    Raises:
        UsageError: No task runs in this process, or the name or value cannot be stored.
    """
    get_current().add_point(name, value, step)


def log_metrics(values: Mapping[str, float], step: int | None = None) -> None:
    """Log a point of each of several scalars; raises as `log_metric`."""
    current = get_current()
    for name, value in values.items():
        current.add_point(name, value, step)


def log_params(params: Mapping[str, object]) -> None:
    """Record parameters of the task; tables may be nested, and None removes a parameter.

    Raises:
        UsageError: No task runs in this process, or a name cannot be stored.
    """
    get_current().add_params(told_params(params))


class Logger(Reports):
    """ClearML's logger of a running task."""

    def __init__(self, current: Current) -> None:
        self._current = current

    def _report_point(self, name: str, value: float, step: int | None) -> None:
        self._current.add_point(name, value, step)

    def _report_plot(self, plot: Plot) -> None:
        self._current.add_plot(plot)

    def flush(self) -> None:
        """Retry writes that a full disk has refused; everything else is written as soon as it is logged."""
        self._current.flush()
