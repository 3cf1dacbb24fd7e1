"""Functions by which a script logs to its task: scalars and parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.sdk.join import get_current
from registry_cli.sdk.params import told_params

if TYPE_CHECKING:
    from collections.abc import Mapping


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
    """Log a point of each of several scalars.

    Args:
        values: Numbers by the names of their scalars.
        step: Step of all of them; otherwise as in `log_metric`.

    Raises:
        UsageError: No task runs in this process, or a name or value cannot be stored.
    """
    current = get_current()
    for name, value in values.items():
        current.add_point(name, value, step)


def log_params(params: Mapping[str, object]) -> None:
    """Record parameters of the task that runs in this process.

    Args:
        params: Values by their names; tables may be nested, and None removes a parameter. Values that look like a
            secret are not recorded.

    Raises:
        UsageError: No task runs in this process, or a name cannot be stored.
    """
    get_current().add_params(told_params(params))
