from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.records.task import LOADS, Auto
from registry_cli.tasks.attempt.autolog_setting import dump_auto, is_off, load_auto

WISHES = st.booleans() | st.lists(st.text()).map(tuple)
AUTOS = st.builds(Auto, st.dictionaries(st.text(), WISHES), st.sampled_from(LOADS), st.none() | st.text())


@given(AUTOS)
def test_settings_read_back_the_same(auto: Auto) -> None:
    text = dump_auto(auto)
    assert "\n" not in text
    assert load_auto(text) == auto
    assert not is_off(text)


@pytest.mark.parametrize("text", [None, "", "0", "1", "yes", "{", "[]", '"x"', '{"loads":"some"}', '{"keep":3}',
                                  '{"frameworks":{"a":3}}', '{"frameworks":["a"]}', "[" * 9999])  # fmt: skip
def test_whatever_else_it_says_is_nothing(text: str | None) -> None:
    assert load_auto(text) is None


def test_only_zero_is_off() -> None:
    assert is_off("0")
    assert not any(is_off(text) for text in (None, "", "1", "{}"))
    assert load_auto("{}") == Auto()
