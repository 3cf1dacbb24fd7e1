"""Environments from locks. Nothing here is installed from outside."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from registry_cli.errors import RegError
from registry_cli.tasks.rerun.environment import build_environment, list_packages
from tests.owners import new_dead_name

VERSION = sys.version.split()[0]
NOTHING = b"# cpython 3.11\n\n"


def clean() -> dict[str, str]:
    return {**os.environ, "PIP_NO_INDEX": "1", "PATH": "/usr/bin:/bin"}


def test_it_is_built_once(tmp_path: Path) -> None:
    first = build_environment(NOTHING, VERSION, tmp_path, clean())
    stamp = (first / "pyvenv.cfg").stat().st_mtime_ns
    assert build_environment(NOTHING, VERSION, tmp_path, clean()) == first
    assert (first / "pyvenv.cfg").stat().st_mtime_ns == stamp
    told = subprocess.run([first / "bin/python", "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True)
    assert told.stdout.strip() == str(first)
    assert sorted(path.name for path in first.parent.iterdir()) == [first.name, "ready"]


def test_a_lock_that_tells_more_of_the_same_packages_is_no_other_environment(tmp_path: Path) -> None:
    first, second = (build_environment(lock, VERSION, tmp_path, clean()) for lock in (NOTHING, NOTHING + b"# more\n"))
    assert first == second


def test_only_packages_of_a_lock_count() -> None:
    assert list_packages(b"# cpython 3.11\na==1 \n\n  # editable: c==3\nb @ https://example.org/b.whl\n") == [
        b"a==1", b"b @ https://example.org/b.whl"
    ]  # fmt: skip


def test_what_was_left_half_built_goes(tmp_path: Path) -> None:
    built = build_environment(NOTHING, VERSION, tmp_path, clean())
    (built.parent / "ready").unlink()
    half = built.parent / new_dead_name()
    half.mkdir()
    again = build_environment(NOTHING, VERSION, tmp_path, clean())
    assert again != built
    assert not half.exists()


def test_one_whose_python_is_gone_is_built_anew(tmp_path: Path) -> None:
    built = build_environment(NOTHING, VERSION, tmp_path, clean())
    (built / "bin" / "python").unlink()
    again = build_environment(NOTHING, VERSION, tmp_path, clean())
    assert (again / "bin" / "python").exists()


def test_no_such_python(tmp_path: Path) -> None:
    with pytest.raises(RegError, match=r"Python 3\.99, which ran the task, is not installed") as caught:
        build_environment(NOTHING, "3.99.1", tmp_path, clean())
    assert "--env current" in caught.value.message


@pytest.mark.slow
def test_a_package_that_cannot_be_had(tmp_path: Path) -> None:
    with pytest.raises(RegError, match="no-such-package") as caught:
        build_environment(b"no-such-package==1.0\n", VERSION, tmp_path, clean())
    assert "--env current" in caught.value.message
    [place] = tmp_path.iterdir()
    assert list(place.iterdir()) == []
