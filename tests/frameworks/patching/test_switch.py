"""Hooking a package: before and after its import, under every name, and back again."""

from __future__ import annotations

import _pickle
import contextvars
import importlib
import importlib.util
import inspect
import io
import pickle
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from registry_cli.dataclass import replace
from registry_cli.frameworks.patching.paths import find_path
from registry_cli.frameworks.patching.rules import Rules
from registry_cli.frameworks.patching.shapes import Argument, Load
from registry_cli.frameworks.patching.switch import Switch
from tests.frameworks.memory_sink import TABLE, Memory, write_toy


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    write_toy(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "toynet"]:
        del sys.modules[name]


@pytest.fixture
def switch(folder: Path, memory: Memory) -> Iterator[Switch]:
    made = Switch({"toy": ("toynet",)}, lambda name: TABLE)
    made.state.rules = Rules({}, str(folder))
    made.state.make_sink = lambda: memory
    yield made
    made.stop()


def _toy(name: str = "toynet") -> Any:
    return importlib.import_module(name)


def test_what_is_imported_later_is_heard_under_every_name(switch: Switch, memory: Memory, folder: Path) -> None:
    switch.start()
    toy = _toy()
    toy.save("net", "a.toy")
    assert toy.load("a.toy") == "net"
    [saved] = memory.saves
    assert saved.path == str(folder / "a.toy")
    assert saved.size == 3
    assert saved.framework == "Toy"
    assert saved.mtime == (folder / "a.toy").stat().st_mtime_ns
    assert saved.details.step == 3
    assert memory.before == [saved.path]
    assert memory.loads == [saved.path]


def test_what_was_imported_before_is_heard_too(switch: Switch, memory: Memory) -> None:
    toy = _toy()
    switch.start()
    toy.save("net", "a.toy")
    toy.core.save("net", "b.toy")
    assert memory.names == ["a.toy", "b.toy"]
    assert not memory.warnings


def test_names_in_main_are_bound_anew_and_others_are_told(
    switch: Switch, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = _toy()
    main, mine = ModuleType("__main__"), ModuleType("train_utils")
    main.save = mine.save = toy.save  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "__main__", main)
    monkeypatch.setitem(sys.modules, "train_utils", mine)
    plain = toy.save
    switch.start()
    main.save("net", "a.toy")  # type: ignore[attr-defined]
    mine.save("net", "b.toy")  # type: ignore[attr-defined]
    assert memory.names == ["a.toy"]
    [warning] = memory.warnings
    assert "train_utils.save was imported before" in warning
    switch.stop()
    assert main.save is mine.save is toy.save is plain  # type: ignore[attr-defined]


def test_all_is_put_back(switch: Switch, memory: Memory) -> None:
    toy = _toy()
    names = ("save", "load", "log", "train", "bundle", "log_all")
    plain = {name: vars(toy.core)[name] for name in names}
    raw = {name: vars(toy.Net).get(name) for name in ("read", "build", "store")}
    switch.start()
    assert all(vars(toy.core)[name] is not plain[name] for name in names)
    switch.stop()
    assert {name: vars(toy.core)[name] for name in names} == plain
    assert {name: vars(toy.Net).get(name) for name in raw} == raw
    assert toy.report is plain["log"]
    toy.save("net", "a.toy")
    assert not memory.saves
    switch.start()
    toy.save("net", "a.toy")
    assert memory.names == ["a.toy"]


def test_a_name_taken_while_it_was_hooked_is_put_back(switch: Switch) -> None:
    switch.start()
    toy = _toy()
    assert hasattr(toy.save, "__wrapped__")
    switch.stop()
    assert not hasattr(toy.save, "__wrapped__")


def test_what_somebody_else_put_over_ours_stays(switch: Switch) -> None:
    toy = _toy()
    switch.start()
    theirs = toy.core.save = lambda *args: None
    switch.stop()
    assert toy.core.save is theirs


def test_functions_keep_signature_name_and_pickle(switch: Switch) -> None:
    toy = _toy()
    before = inspect.signature(toy.save), toy.save.__doc__, toy.save.__name__
    switch.start()
    assert (inspect.signature(toy.save), toy.save.__doc__, toy.save.__name__) == before
    assert pickle.loads(pickle.dumps(toy.save)) is toy.save
    assert pickle.loads(pickle.dumps(toy.Net.read)) is toy.Net.read


def test_a_builtin_stays_unbound_and_pickles(folder: Path, memory: Memory) -> None:
    table = replace(TABLE, hooks=(Load("_pickle:loads", Argument(0, "data")),))
    switch = Switch({"toy": ("_pickle",)}, lambda name: table)
    switch.state.rules, switch.state.make_sink = Rules({}, "/"), lambda: memory
    plain = _pickle.loads
    switch.start()
    try:
        assert _pickle.loads is not plain
        box = type("Box", (), {"read": _pickle.loads})()
        assert box.read(pickle.dumps(3)) == 3
        assert inspect.signature(_pickle.loads) == inspect.signature(plain)
        assert pickle.loads(pickle.dumps(_pickle.loads)) is _pickle.loads
    finally:
        switch.stop()
    assert _pickle.loads is plain


def test_a_class_that_nobody_can_inherit_from(folder: Path, memory: Memory) -> None:
    table = replace(TABLE, hooks=(Load("_contextvars:ContextVar", Argument(0, "name")),))
    switch = Switch({"toy": ("_contextvars",)}, lambda name: table)
    switch.state.rules, switch.state.make_sink = Rules({}, "/"), lambda: memory
    memory.others[str(folder / "old")] = "new"
    Path("kept").touch()
    plain = contextvars.ContextVar
    switch.start()
    try:
        given, kept = contextvars.ContextVar("old", default=3), contextvars.ContextVar("kept")
        assert (given.name, given.get(), kept.name) == ("new", 3, "kept")
        assert memory.loads == [str(folder / "kept")]
        stand_in: Any = contextvars.ContextVar
        assert stand_in is not plain
        assert type(given) is plain
        assert isinstance(given, stand_in)
        assert not isinstance("old", stand_in)
        assert issubclass(plain, stand_in)
        assert issubclass(stand_in, stand_in)
        assert (stand_in.__name__, stand_in.__doc__) == (plain.__name__, plain.__doc__)
        assert stand_in.get(given) == 3
        assert dir(stand_in) == dir(plain)
        assert type(stand_in.__new__(stand_in, "other")) is plain
        assert pickle.loads(pickle.dumps(stand_in)) is stand_in
    finally:
        switch.stop()
    assert contextvars.ContextVar is plain


def test_methods_of_every_kind(switch: Switch, memory: Memory, folder: Path) -> None:
    switch.start()
    toy = _toy()
    toy.Net().store(folder / "net.toy")
    assert toy.Net.read("net.toy") == "net"
    assert toy.Net.build("net.toy") == (toy.Net, "net")
    assert memory.names == ["net.toy"]
    assert memory.loads == [str(folder / "net.toy")] * 2
    toy.core.Base().store("base.toy")
    assert memory.names == ["net.toy"], "the class that Net inherits from is not hooked"


def test_the_outermost_save_counts(switch: Switch, memory: Memory) -> None:
    switch.start()
    toy = _toy()
    toy.core.bundle("net", "folder.toy")
    [saved] = memory.saves
    assert saved.path.endswith("/folder.toy")
    assert saved.shape == "folder"


def test_a_save_that_fails_is_none(switch: Switch, memory: Memory) -> None:
    switch.start()
    toy = _toy()
    with pytest.raises(RuntimeError, match="disk on fire"):
        toy.save("net", "a.toy", fail=True)
    assert not memory.saves
    toy.save("net", "a.toy")
    assert memory.names == ["a.toy"], "the guard is open again"
    assert memory.ends == [False, True], "who held what was there knows"


def test_streams_buffers_and_other_machines(switch: Switch, memory: Memory) -> None:
    switch.start()
    toy = _toy()
    with Path("a.toy").open("wb") as file:
        toy.save("net", file)
        assert memory.saves[0].stream is not None
        assert memory.saves[0].stream() is file
        assert not memory.ends, "it was emptied when it was opened"
    toy.save("net", io.BytesIO())
    remote = io.BytesIO()
    remote.name = "s3://bucket/b.toy"  # type: ignore[attr-defined]
    toy.save("net", remote)
    nameless = io.BytesIO()
    nameless.name = "inside.zip/member"  # type: ignore[attr-defined]
    toy.save("net", nameless)
    assert memory.names == ["a.toy"]
    assert memory.skips == ["buffer", "remote", "buffer"]


@pytest.mark.parametrize("path", ["./a.toy", "sub/../a.toy", "sub//../a.toy", b"./a.toy", "file:///{}/./a.toy"])
def test_a_file_has_one_spelling(switch: Switch, memory: Memory, folder: Path, path: Any) -> None:
    (folder / "sub").mkdir()
    assert find_path(path.format(folder) if isinstance(path, str) else path) == str(folder / "a.toy")


def test_above_a_link_is_where_the_system_says(folder: Path) -> None:
    (folder / "deep" / "inner").mkdir(parents=True)
    (folder / "link").symlink_to(folder / "deep" / "inner")
    assert find_path("link/../a.toy") == str(folder / "deep" / "a.toy")


def test_what_is_no_model_is_passed_over(switch: Switch, memory: Memory) -> None:
    switch.start()
    _toy().save("table", "a.toy")
    assert not memory.saves
    assert not memory.skips


def test_filters_and_keys(switch: Switch, memory: Memory, folder: Path) -> None:
    switch.state.rules = Rules({"pytorch": ("final*.toy",)}, str(folder))
    switch.start()
    toy = _toy()
    toy.save("net", "a.toy")
    toy.save("net", "final-1.toy")
    switch.state.rules = Rules({"pytorch": False}, str(folder))
    toy.save("net", "final-2.toy")
    assert toy.train(1) == 1
    assert memory.names == ["final-1.toy"]
    assert not memory.scores


def test_a_load_is_led_to_another_file(switch: Switch, memory: Memory, folder: Path) -> None:
    switch.start()
    toy = _toy()
    (folder / "new.toy").write_text("new")
    memory.others[str(folder / "base.toy")] = str(folder / "new.toy")
    assert toy.load("base.toy") == "new", "though there is no such file"
    assert toy.load(path=Path("base.toy")) == "new"
    (folder / "base.toy").write_text("base")
    with (folder / "base.toy").open("rb") as file:
        assert toy.load(file) == "new"
        file.read(1)
        assert toy.load(file) == "ase", "a part of it was read already"
    assert memory.loads == [str(folder / "base.toy")]


def test_loads_that_nobody_wants_to_know_of(switch: Switch, memory: Memory, folder: Path) -> None:
    memory.unknown = {"b.toy"}
    switch.start()
    toy = _toy()
    for name in ("a.toy", "b.toy"):
        (folder / name).write_text(name)
        assert toy.load(name) == toy.load(path=name) == name
    with pytest.raises(FileNotFoundError):
        toy.load("c.toy")
    assert memory.loads == [str(folder / "a.toy")] * 2


def test_scores_are_told_once_and_training_gets_a_callback(switch: Switch, memory: Memory) -> None:
    switch.start()
    toy = _toy()
    assert toy.report("loss", 0.5) == 0.5
    toy.core.log_all({"a": 1, "b": 2})
    heard: list[int] = []
    assert toy.train(2, callbacks=[heard.append]) == 2
    assert heard == [0, 1]
    assert memory.scores == [("loss", 0.5, None), ("all", 2, None), ("round", 0, 0), ("round", 1, 1),
                             ("rounds", 2, None)]  # fmt: skip


def test_a_table_that_stumbles_is_told_once_and_the_save_stands(switch: Switch, memory: Memory, folder: Path) -> None:
    switch.start()
    toy = _toy()
    toy.save("?", "a.toy")
    toy.save("?", "b.toy")
    assert (folder / "b.toy").exists()
    assert not memory.saves
    [warning] = memory.warnings
    assert "ToyNet: toynet.core.save" in warning
    assert "no idea" in warning


def test_a_hook_point_that_is_gone_is_told_once(folder: Path, memory: Memory) -> None:
    table = replace(TABLE, hooks=(*TABLE.hooks, Load("toynet.core:restore", Argument(0, "path"))))
    switch = Switch({"toy": ("toynet",)}, lambda name: table)
    switch.state.rules, switch.state.make_sink = Rules({}, "/"), lambda: memory
    switch.start()
    try:
        _toy().save("net", "a.toy")
    finally:
        switch.stop()
    assert memory.names == ["a.toy"]
    [warning] = memory.warnings
    assert "ToyNet" in warning
    assert "toynet.core.restore is missing" in warning


def test_a_table_that_cannot_be_loaded_spoils_no_import(folder: Path, memory: Memory) -> None:
    def load(name: str) -> Any:
        raise ImportError(name)

    switch = Switch({"toy": ("toynet",)}, load)
    switch.state.rules, switch.state.make_sink = Rules({}, "/"), lambda: memory
    switch.start()
    try:
        assert _toy().load
    finally:
        switch.stop()
    assert "toy is not logged automatically" in memory.warnings[0]


def test_a_sink_that_cannot_be_made_spoils_nothing(switch: Switch, memory: Memory) -> None:
    def refuse() -> Memory:
        raise OSError("no room")

    switch.state.make_sink = refuse
    switch.start()
    with pytest.warns(UserWarning, match="no room"):
        _toy().save("net", "a.toy")
    assert switch.state.rules is None


def test_a_module_that_is_half_imported_waits(switch: Switch, memory: Memory) -> None:
    toy = _toy()
    toy.core.__spec__._initializing = True
    switch.start()
    toy.save("net", "a.toy")
    toy.core.__spec__._initializing = False
    assert not memory.saves
    assert not memory.warnings
    importlib.util.find_spec("toynet.nothing")
    toy.core.save("net", "b.toy")
    assert memory.names == ["b.toy"]


def test_looking_for_a_module_before_its_import_changes_nothing(switch: Switch, memory: Memory) -> None:
    switch.start()
    assert importlib.util.find_spec("toynet.core") is not None
    _toy().save("net", "a.toy")
    assert memory.names == ["a.toy"]


def test_a_module_that_is_imported_lazily_stays_so(
    switch: Switch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lazy_toy.py").write_text("raise AssertionError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    spec = importlib.util.find_spec("lazy_toy")
    assert spec is not None
    assert spec.loader is not None
    loader = importlib.util.LazyLoader(spec.loader)  # type: ignore[arg-type]  # a loader of a file is one that can
    spec.loader = loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "lazy_toy", module)
    loader.exec_module(module)
    switch.start()
    switch.stop()
    assert type(module).__name__ == "_LazyModule"


def test_a_forked_child_can_go_on(switch: Switch) -> None:
    holding, over = threading.Event(), threading.Event()

    def hold() -> None:
        with switch._lock:
            holding.set()
            over.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    holding.wait()
    switch.renew()
    switch.start()
    over.set()
    thread.join()


def test_without_a_sink_nothing_happens(switch: Switch, memory: Memory) -> None:
    switch.state.make_sink = lambda: None
    switch.start()
    toy = _toy()
    toy.save("net", "a.toy")
    assert toy.load("a.toy") == "net"
    assert not memory.saves
    assert not memory.loads
