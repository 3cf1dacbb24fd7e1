"""Long lists of tables are written in our own way: byte for byte as the library writes them."""

from __future__ import annotations

from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.records import toml
from registry_cli.records.toml import dump_table, load_table

TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)
VALUES = TEXTS | st.integers(-(1 << 40), 1 << 62) | st.booleans() | st.floats(allow_nan=False)
KEYS = st.sampled_from(["path", "size", "sha256", "url", "a b", "x.y", "é", ""])
ROWS = st.lists(st.dictionaries(KEYS, VALUES | st.lists(TEXTS, max_size=2), max_size=4), min_size=2, max_size=6)


def dump_plainly(table: dict[str, Any]) -> bytes:
    def sort(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: sort(value[key]) for key in sorted(value)}
        return [sort(one) for one in value] if isinstance(value, list) else value

    return tomli_w.dumps(sort(table)).encode()


@pytest.fixture(autouse=True, scope="module")
def few() -> Any:
    """A list of two tables is long."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(toml, "_MANY", 2)
        yield


@given(rows=ROWS, other=ROWS, key=st.sampled_from(["changes", "files", "zz"]), text=TEXTS)
def test_rows_are_written_as_the_library_writes_them(rows: Any, other: Any, key: str, text: str) -> None:
    table = {"message": text, "meta": {"a": {"b": text}}, key: rows, "parents": other, "count": 1}
    data = dump_table(table)
    assert data == dump_plainly(table)
    assert load_table(data, "x") == table


def test_files_take_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    files = [{"path": f"{number}.bin", "sha256": "0" * 64, "xxh3": "1" * 32, "size": number} for number in range(100)]
    table = {"files": files, "kind": "version", "metrics": {"loss": 0.5}}
    wanted = dump_plainly(table)
    dumped = []
    plain = toml._dump

    def note(table: Any) -> str:
        dumped.append(table)
        return plain(table)

    monkeypatch.setattr(toml, "_dump", note)
    assert dump_table(table) == wanted
    assert [len(table["files"]) for table in dumped] == [1]
