"""Reports about TensorFlow's checkpoints, from objects shaped like its own."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from registry_cli.frameworks.patching.shapes import Call
from registry_cli.frameworks.tables.tensorflow import report_checkpoint, report_saver


def written(result: Any, counter: int | None, *args: Any, **kwargs: Any) -> Call:
    return Call((SimpleNamespace(_save_counter=counter), "prefix", *args), kwargs, result)


@pytest.mark.parametrize(("result", "counter", "path", "step"), [
    ("ck/model-3", 3, "ck/model-3", 3), (b"ck/model-3", 3, "ck/model-3", 3), (Path("ck/plain"), 3, "ck/plain", None),
    ("ck/data-2024", 3, "ck/data-2024", None), ("ck/model-3", None, "ck/model-3", None),
])  # fmt: skip
def test_the_step_of_a_checkpoint_is_the_number_that_save_gave_it(
    result: Any, counter: int | None, path: str, step: int | None
) -> None:
    told = report_checkpoint(written(result, counter))
    assert told is not None
    assert (told.path, told.step) == (path, step)


def test_a_checkpoint_without_a_counter_has_no_step() -> None:
    told = report_checkpoint(Call((object(), "a"), {}, "a-1"))
    assert told is not None
    assert told.step is None


def test_a_checkpoint_is_told_when_it_is_written_and_not_before() -> None:
    later = SimpleNamespace(experimental_enable_async_checkpoint=True)
    assert report_checkpoint(written("a-1", 1, later)) is None
    assert report_checkpoint(written("a-1", 1, options=later)) is None
    assert report_checkpoint(written("a-1", 1, options=SimpleNamespace())) is not None


def test_a_path_that_is_still_a_tensor_is_none() -> None:
    assert report_checkpoint(written(SimpleNamespace(name="ReadVariableOp:0"), 1)) is None


@pytest.mark.parametrize(("result", "args", "kwargs", "step"), [
    ("v1/model-7", (), {"global_step": 7}, 7), ("v1/model-7", (object(),), {}, 7), ("v1/model-7", (), {}, None),
])  # fmt: skip
def test_a_saver_names_its_step(result: str, args: tuple[Any, ...], kwargs: dict[str, Any], step: int | None) -> None:
    told = report_saver(Call((object(), object(), "v1/model", *args), kwargs, result))
    assert told is not None
    assert (told.path, told.step) == (result, step)


def test_a_saver_of_nothing_tells_nothing() -> None:
    assert report_saver(Call((object(), object(), "v1/model"), {}, None)) is None
