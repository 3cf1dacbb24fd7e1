from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.errors import UsageError
from registry_cli.records.paths import check_path, check_paths


@pytest.mark.parametrize(
    "path", ["m.bin", "a/b/c.bin", "a b", ".hidden", "a\\b", "..x", "größe", "ab:c", "a:b.txt", "C:\\x", "c:x/y", "\\x"]
)
def test_paths(path: str) -> None:
    assert check_path(path) == path


def test_a_path_is_composed() -> None:
    assert check_path("cafe\u0301") == "caf\u00e9"


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "..", "a/../b", "./a", "a//b", "a/", "c:/../x", "a\nb", "a\x00", "a\udcff"]
)
def test_refused_paths(path: str) -> None:
    with pytest.raises(UsageError):
        check_path(path)


@given(st.text(max_size=40))
def test_a_kept_path_stays_inside(path: str) -> None:
    try:
        kept = check_path(path)
    except UsageError:
        return
    assert check_path(kept) == kept
    assert not kept.startswith("/")
    assert not {"", ".", ".."} & set(kept.split("/"))


def test_paths_that_go_together() -> None:
    check_paths(["a/b", "a/c", "ab", "a.b"])


@pytest.mark.parametrize(
    ("paths", "why"),
    [
        (["a", "A"], "differ only by case"),
        (["x/ß", "X/ss"], "differ only by case"),
        (["caf\u00e9", "cafe\u0301"], "differ only by case"),
        (["m.bin", "m.bin"], "two files are called 'm.bin'"),
        (["a/b", "A"], "is a file and the folder of"),
        (["a", "a/b/c"], "is a file and the folder of"),
    ],
)
def test_paths_that_collide(paths: list[str], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        check_paths(paths)
