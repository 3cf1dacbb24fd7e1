from __future__ import annotations

import os
from pathlib import Path

import pytest

from registry_cli.errors import CorruptError, NoRegistryError, RefusedError
from registry_cli.registry.api import Registry
from registry_cli.registry.init import make_registry
from registry_cli.store.format import LAYOUT, Format, dump_format, read_format
from registry_cli.store.layout import Layout
from tests.builders import add

ULID = "01JD0000000000000000000000"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return make_registry(tmp_path, shared=False)


def write_format(layout: Layout, form: Format) -> None:
    layout.format.write_bytes(dump_format(form))


def test_what_is_written_is_read(layout: Layout) -> None:
    form = Format(ULID, shared=True, features=(("gc", ("slow",)), ("write", ("packs",))))
    write_format(layout, form)
    assert read_format(layout) == form


def test_two_registries_have_two_ids(tmp_path: Path) -> None:
    ids = {read_format(make_registry(tmp_path / name, shared=False)).id for name in "ab"}
    assert len(ids) == 2


def test_no_registry(tmp_path: Path) -> None:
    with pytest.raises(NoRegistryError) as caught:
        read_format(Layout(tmp_path))
    assert caught.value.hint == f"reg init {tmp_path}"


def test_a_newer_layout_is_refused_by_its_number(layout: Layout) -> None:
    write_format(layout, Format(ULID, layout=LAYOUT + 1))
    with pytest.raises(RefusedError, match=f"layout {LAYOUT + 1}, this program knows layouts up to {LAYOUT}"):
        read_format(layout)


def test_an_unknown_flag_for_reading_refuses(layout: Layout) -> None:
    write_format(layout, Format(ULID, features=(("read", ("packs", "sealed")),)))
    with pytest.raises(RefusedError, match="uses packs, sealed") as caught:
        read_format(layout)
    assert caught.value.hint == "reg --version"


def test_an_unknown_flag_for_writing_lets_read_and_not_write(tmp_path: Path) -> None:
    with Registry.init(tmp_path) as registry:
        row = add(registry, "a/b")
        write_format(registry.layout, Format(registry.id, features=(("write", ("packs",)),)))
    with Registry.open(tmp_path) as registry:
        assert registry.get_row("a/b") == row
        with pytest.raises(RefusedError, match="read-only for this program: it uses packs"):
            add(registry, "a/b", b"more")


def test_an_unknown_flag_for_collecting_lets_read_and_write(tmp_path: Path) -> None:
    layout = make_registry(tmp_path, shared=False)
    write_format(layout, Format(ULID, features=(("gc", ("leases",)),)))
    with Registry.open(tmp_path) as registry:
        assert add(registry, "a/b").ref == "a/b:1"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "layout = 1",
        "id = 'x'",
        "layout = '1'\nid = 'x'",
        "layout = 1\nid = 2",
        "]",
        "layout = 1\nid = 'x'\nfeatures = 5",
        "layout = 1\nid = 'x'\nfeatures = { read = 5 }",
        "layout = 1\nid = 'x'\nfeatures = { read = 'packs' }",
    ],
)
def test_a_damaged_format(text: str, layout: Layout) -> None:
    layout.format.write_text(text)
    with pytest.raises(CorruptError, match=r"format\.toml"):
        read_format(layout)


def test_a_pipe_in_its_place_is_not_waited_for(layout: Layout) -> None:
    layout.format.unlink()
    os.mkfifo(layout.format)
    with pytest.raises(CorruptError, match=r"format\.toml is not a regular file"):
        read_format(layout)
