"""`pickle.dump` of the script's own; real, as it is always there."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registry_cli.frameworks.patching import switch
from registry_cli.frameworks.patching.rules import Rules
from registry_cli.frameworks.tables.pickle import FRAMEWORK
from tests.frameworks.memory_sink import Memory

PANDAS = "/venv/lib/python3.11/site-packages/pandas/io/pickle.py"


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Memory]:
    monkeypatch.chdir(tmp_path)
    heard = Memory()
    made = switch.Switch({"pickle": ("pickle",)}, lambda name: FRAMEWORK)
    made.state.rules, made.state.make_sink = Rules({}, str(tmp_path)), lambda: heard
    made.start()
    yield heard
    made.stop()


def _save(path: str, value: object) -> None:
    with Path(path).open("wb") as file:
        pickle.dump(value, file)


def _load(path: str) -> Any:
    with Path(path).open("rb") as file:
        return pickle.load(file)


def test_what_the_script_saves_and_loads(memory: Memory) -> None:
    _save("model.pkl", {"w": [1.0, 2.0]})
    assert _load("model.pkl") == {"w": [1.0, 2.0]}
    assert memory.names == ["model.pkl"]
    assert [Path(path).name for path in memory.loads] == ["model.pkl"]
    assert memory.saves[0].framework is None


def test_data_and_buffers_are_no_models(memory: Memory) -> None:
    _save("text.pkl", "text")
    pickle.dump({"w": 1}, io.BytesIO())
    assert not memory.saves
    assert memory.skips == ["data", "buffer"]


def test_what_a_library_pickles_is_its_own_business(memory: Memory) -> None:
    names: dict[str, Any] = {"pickle": pickle, "__name__": "pandas.io.pickle"}
    code = "with open('m.pkl', 'wb') as f: pickle.dump({'w': 1}, f)\nwith open('m.pkl', 'rb') as f: pickle.load(f)"
    exec(compile(code, PANDAS, "exec"), names)
    assert not memory.saves
    assert not memory.loads
    assert not memory.skips
    assert not memory.warnings


def test_its_functions_can_be_pickled_and_fail_as_before(memory: Memory) -> None:
    assert pickle.loads(pickle.dumps(pickle.dump)) is pickle.dump
    with pytest.raises(TypeError):
        pickle.dump({})  # type: ignore[call-arg]
    with pytest.raises((AttributeError, pickle.PicklingError)):
        _save("broken.pkl", lambda: 0)
    assert not memory.saves
    assert not memory.warnings
