"""The caller of a hooked function: the script's own code, or a library's."""

from __future__ import annotations

import json
from types import FrameType
from typing import Any

import pytest

from registry_cli.frameworks.callers import find_caller, is_script


def _call_from(file: str) -> FrameType | None:
    """Return the caller that a function finds which code of a file calls."""
    names: dict[str, Any] = {"find_caller": find_caller, "__name__": "somewhere"}
    exec(compile("frame = find_caller()", file, "exec"), names)
    frame: FrameType | None = names["frame"]
    return frame


@pytest.mark.parametrize("file", ["/home/ada/train.py", "<string>", "<stdin>", "/tmp/ipykernel_1/cell.py", "train.py"])
def test_the_users_own_code(file: str) -> None:
    frame = _call_from(file)
    assert frame is not None
    assert frame.f_code.co_filename == file
    assert is_script(frame)


@pytest.mark.parametrize(
    "file",
    [
        json.__file__,
        "<frozen runpy>",
        "/home/ada/venv/lib/python3.11/site-packages/pandas/io/pickle.py",
        "/usr/lib/python3/dist-packages/numpy/__init__.py",
    ],
)
def test_libraries(file: str) -> None:
    assert not is_script(_call_from(file))


def test_our_own_frames_are_passed_over() -> None:
    names: dict[str, Any] = {"find_caller": find_caller, "__name__": "registry_cli.frameworks.patching.wrap"}
    exec("def hook():\n    return find_caller()", names)
    frame = names["hook"]()
    assert frame is not None
    assert frame.f_code is test_our_own_frames_are_passed_over.__code__


def test_nobody_is_no_script() -> None:
    assert not is_script(None)
