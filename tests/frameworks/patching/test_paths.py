"""The paths of file objects that have no name of their own."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from registry_cli.frameworks.patching.paths import find_path


def test_a_file_that_was_opened_by_its_descriptor(tmp_path: Path) -> None:
    number, path = tempfile.mkstemp(dir=tmp_path)
    with os.fdopen(number, "wb") as stream:
        assert find_path(stream) == path
        os.rename(path, tmp_path / "m.pt")
        assert find_path(stream) == str(tmp_path / "m.pt")
        (tmp_path / "m.pt").unlink()
        assert find_path(stream) is None
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as stream, os.fdopen(writer, "wb"):
        assert find_path(stream) is None
