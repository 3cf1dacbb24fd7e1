from __future__ import annotations

import pytest

from registry_cli.catalog.query.sort import SortKey, parse_sort
from registry_cli.errors import UsageError


def test_keys_and_directions() -> None:
    assert parse_sort("-metrics.acc, created") == (SortKey("metrics.acc", True), SortKey("created"))
    assert parse_sort('-metadata."a,b"') == (SortKey("metadata.a,b", True),)


@pytest.mark.parametrize(
    ("text", "mark"),
    [("-acuracy", " ^^^^^^^"), ("name created", "     ^^^^^^^"), ("", "^"), ("size,", "     ^"), (",", "^")],
)
def test_errors_point_at_their_place(text: str, mark: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_sort(text)
    assert caught.value.message.split("\n")[2] == f"  {mark}"


def test_too_many_keys() -> None:
    with pytest.raises(UsageError, match="8 fields at most"):
        parse_sort(",".join(["name"] * 9))
