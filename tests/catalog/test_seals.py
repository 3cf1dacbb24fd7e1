from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from registry_cli.catalog.seals import seal, seal_list

VALUES = st.none() | st.integers() | st.text() | st.just("\udc80")


@given(st.lists(st.lists(VALUES, max_size=4).map(tuple), max_size=4))
def test_a_long_list_is_sealed_as_a_short_one(rows: list[tuple[object, ...]]) -> None:
    assert seal_list(iter(rows)) == seal(rows)
