from __future__ import annotations

import pytest

from registry_cli.catalog.query.ast import Compare, Has, In, Not, Time


def test_two_with_equal_fields_are_equal() -> None:
    assert In("a", (1, 2)) == In("a", (1, 2), False) == In("a", values=(1, 2), negated=False)
    assert len({In("a", (1, 2)), In("a", (1, 2), False), In("a", (1, 2), True)}) == 2
    assert Has("a") != Time("a")


def test_its_fields_are_read_by_name_and_by_place() -> None:
    match Not(Compare("a", "=", 1)):
        case Not(Compare(field, op, value)):
            assert (field, op, value) == ("a", "=", 1)
    assert repr(In("a", (1,))) == "In(field='a', values=(1,), negated=False)"


def test_it_cannot_be_changed() -> None:
    term = Has("a")
    with pytest.raises(AttributeError, match=r"Has\.field cannot be changed"):
        term.field = "b"  # type: ignore[misc]


def test_no_field_may_be_left_out() -> None:
    with pytest.raises(AttributeError):
        Compare("a", "=")  # type: ignore[call-arg]
