from __future__ import annotations

import json
from pathlib import Path

import pytest

from registry_cli.tasks.capture.packages import format_lock


def add(folder: Path, name: str, direct: object = None, **files: str) -> None:
    (folder / name).mkdir(parents=True, exist_ok=True)
    if direct is not None:
        (folder / name / "direct_url.json").write_text(json.dumps(direct))
    for file, text in files.items():
        (folder / name / file.replace("_", "-")).write_text(text)


def lock(*folders: Path) -> list[str]:
    first, *rest = format_lock(folders, "cpython 3.11.7").decode().splitlines()
    assert first == "# cpython 3.11.7"
    return rest


def test_names_and_versions(tmp_path: Path) -> None:
    for name in ("Zope.Interface-5.0", "typing_extensions-4.1", "torch-2.1.0+cu121", "a-1.0rc1.post2"):
        add(tmp_path, f"{name}.dist-info")
    add(tmp_path, "PyYAML-6.0-py3.11-linux-x86_64.egg-info")
    (tmp_path / "six-1.16.0.egg-info").write_text("")
    add(tmp_path, "~orch-2.0.dist-info")
    add(tmp_path, "no version.dist-info")
    assert lock(tmp_path) == [
        "a==1.0rc1.post2", "pyyaml==6.0", "six==1.16.0", "torch==2.1.0+cu121", "typing-extensions==4.1",
        "zope-interface==5.0",
    ]  # fmt: skip


def test_the_first_on_the_path_counts(tmp_path: Path) -> None:
    add(tmp_path / "one", "Foo_Bar-1.dist-info")
    add(tmp_path / "two", "foo-bar-2.dist-info")
    add(tmp_path / "two", "foo.bar-2.dist-info")
    assert lock(tmp_path / "gone", tmp_path / "one", tmp_path / "two", Path(__file__)) == ["foo-bar==1"]


@pytest.mark.parametrize(
    ("direct", "line"),
    [
        ({"url": "https://h/p-1.whl", "archive_info": {}}, "p @ https://h/p-1.whl"),
        ({"url": "https://u:pw@h/p-1.whl", "archive_info": {"hashes": {"sha256": "ab"}}}, "p @ https://h/p-1.whl#sha256=ab"),
        ({"url": "https://h/p.zip", "archive_info": {"hash": "sha256=ab"}, "subdirectory": "s"},
         "p @ https://h/p.zip#sha256=ab&subdirectory=s"),
        ({"url": "https://h/p.git", "vcs_info": {"vcs": "git", "commit_id": "c0"}}, "p @ git+https://h/p.git@c0"),
        ({"url": "ssh://git@h/p", "vcs_info": {"vcs": "git", "commit_id": "c0"}, "subdirectory": "s/t"},
         "p @ git+ssh://git@h/p@c0#subdirectory=s/t"),
        ({"url": "file:///home/a%20b", "dir_info": {"editable": True}}, "# editable: p==1 from /home/a b"),
        ({"url": "file:///home/x", "dir_info": {}}, "# local: p==1 from /home/x"),
        ({"url": "file:///tmp/p.whl", "archive_info": {}}, "# local: p==1 from /tmp/p.whl"),
        ({"url": "file:///a%0A--index-url=x", "dir_info": {}}, "p==1"),
        ({"url": "https://h/a\nevil", "archive_info": {}}, "p==1"),
        ({"nothing": 1}, "p==1"), ([1], "p==1"), ("x", "p==1"), ({"url": "https://h", "vcs_info": {}}, "p @ https://h"),
    ],
)  # fmt: skip
def test_what_came_from_a_url(tmp_path: Path, direct: object, line: str) -> None:
    add(tmp_path, "p-1.dist-info", direct)
    assert lock(tmp_path) == [line]


def test_conda_tells_where_it_was_built(tmp_path: Path) -> None:
    add(tmp_path, "p-1.dist-info", {"url": "file:///croot/p/work", "dir_info": {}}, INSTALLER="conda\n")
    assert lock(tmp_path) == ["p==1"]


def test_a_source_folder(tmp_path: Path) -> None:
    add(tmp_path, "my_pkg.egg-info", PKG_INFO="Metadata-Version: 2.1\nName: my-pkg\nVersion: 0.3\n")
    assert lock(tmp_path) == [f"# editable: my-pkg==0.3 from {tmp_path}"]
