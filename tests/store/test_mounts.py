from __future__ import annotations

from pathlib import Path

import pytest

from registry_cli.store.mounts import find_kind, is_local

MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
23 22 0:30 / /mnt/my\\040disk rw - fuse.juicefs juicefs rw
24 22 0:31 / /data rw - virtiofs data rw
25 22 0:32 / /data/fast rw - xfs /dev/vdb rw
26 22 0:33 / /new rw - somethingfs new rw
27 22 0:34 / /over rw - xfs /dev/vdc rw
28 22 0:35 / /over rw shared:9 master:2 - nfs4 server:/over rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/x/", "ext4"), ("/mnt/my disk/x/", "fuse.juicefs"), ("/data/", "virtiofs"), ("/data/x/", "virtiofs"),
        ("/database/", "ext4"), ("/data/fast/x/", "xfs"), ("/over/x/", "nfs4"),
    ],
)  # fmt: skip
def test_the_file_system_is_that_of_the_innermost_mount_and_of_two_the_last(path: str, kind: str) -> None:
    assert find_kind(MOUNTS, path) == kind


@pytest.mark.parametrize(("folder", "local"), [("home", True), ("mnt/my disk", False), ("data", False), ("new", False)])
def test_an_unknown_file_system_counts_as_a_network_one(
    folder: str, local: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "read_text", lambda _self: MOUNTS)
    assert is_local(Path("/") / folder) is local
