"""Reports about Lightning's checkpoints and metrics, from doubles of its trainer."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from registry_cli.frameworks.patching.shapes import Call
from registry_cli.frameworks.tables.lightning import (
    enter_removal,
    find_metrics,
    report_checkpoint,
    report_metrics,
    report_written,
)
from tests.frameworks.memory_sink import Memory


class AsyncCheckpointIO:
    """Writes in another thread."""


class _Custom(AsyncCheckpointIO):
    """Does so in its own way."""


def make_trainer(writer: object = None, **metrics: Any) -> Any:
    return SimpleNamespace(
        global_step=12,
        strategy=SimpleNamespace(checkpoint_io=writer),
        _logger_connector=SimpleNamespace(_callback_metrics=metrics),
    )


def test_a_checkpoint_has_the_step_and_the_newest_metrics() -> None:
    told = report_checkpoint(Call((make_trainer(val_loss=0.5, epoch=3, text="x"), "a.ckpt"), {}))
    assert told is not None
    assert (told.step, told.scores) == (12, {"val_loss": 0.5})


def test_checkpoints_whose_names_are_numbers_share_a_line() -> None:
    trainer = make_trainer()
    trainer.checkpoint_callbacks = [SimpleNamespace(filename=name, FILE_EXTENSION=".ckpt") for name in (None, "{step}")]
    told = [report_checkpoint(Call((trainer, path), {})) for path in ("/w/3.ckpt", "/w/step=3.ckpt")]
    assert [each.line for each in told if each is not None] == ["/w/model.ckpt", None]


@pytest.mark.parametrize(("path", "template"), [
    ("/w/epoch=3.ckpt", "{epoch}.ckpt"), ("/w/epoch=3-val_loss=0.25.ckpt", "{epoch}-{val_loss:.2f}.ckpt"),
    ("/w/epoch=3-val_loss=0.25-v1.ckpt", "{epoch}-{val_loss:.2f}.ckpt"), ("/w/last.ckpt", None), ("/w/3.ckpt", None),
])  # fmt: skip
def test_a_checkpoint_knows_the_template_of_its_callback(path: str, template: str | None) -> None:
    trainer = make_trainer()
    trainer.checkpoint_callbacks = [
        SimpleNamespace(filename=name, FILE_EXTENSION=".ckpt", auto_insert_metric_name=True)
        for name in ("{epoch}", "{epoch}-{val_loss:.2f}")
    ]
    told = report_checkpoint(Call((trainer, path), {}))
    assert told is not None
    assert told.template == template


@pytest.mark.parametrize("writer", [AsyncCheckpointIO(), _Custom()])
def test_a_checkpoint_that_is_written_later_is_told_of_later(writer: object) -> None:
    assert report_checkpoint(Call((make_trainer(writer), "a.ckpt"), {})) is None


def test_a_trainer_of_another_make_has_no_metrics() -> None:
    assert find_metrics(SimpleNamespace()) == {}


def test_a_written_checkpoint_may_hold_its_step() -> None:
    assert report_written(Call(("io", {"global_step": 5}, "a.ckpt"), {})).step == 5
    assert report_written(Call(("io",), {"checkpoint": {"model": {}}, "path": "a.ckpt"})).step is None
    assert report_written(Call(("io", "anything", "a.ckpt"), {})).step is None


@pytest.mark.parametrize(
    ("metrics", "step", "points"),
    [
        ({"loss": 0.5, "epoch": 1}, None, [("loss", 0.5, 12)]),
        ({"loss": 0.5, "step": 3.0}, None, [("loss", 0.5, 3)]),
        ({"loss": 0.5, "step": 3.0}, 7, [("loss", 0.5, 7)]),
        ({}, None, []),
    ],
)
def test_metrics_are_scalars_at_the_step_that_loggers_get(
    metrics: dict[str, float], step: int | None, points: list[tuple[str, float, int]]
) -> None:
    sink = Memory()
    report_metrics(Call((SimpleNamespace(trainer=make_trainer()), metrics), {"step": step}), sink)
    assert sink.scores == points


def test_a_checkpoint_is_kept_before_it_is_removed() -> None:
    sink = Memory()
    enter_removal(Call(("strategy", "/work/old.ckpt"), {}), sink)
    assert sink.before == ["/work/old.ckpt"]
