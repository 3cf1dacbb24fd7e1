import os
from pathlib import Path

from registry_cli.tasks.capture.untracked import Limits, choose_untracked, shorten


def choose(root: Path, sizes: dict[str, int], limits: Limits | None = None) -> tuple[list[str], tuple[str, ...]]:
    for name, size in sizes.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x" * size)
    kept, cut = choose_untracked(map(os.fsencode, sizes), root, lambda _: False, limits or Limits())
    return [path.as_posix() for path in kept], cut


def test_large_ones_are_cut(tmp_path: Path) -> None:
    sizes = {"a.py": 10, "large": 101, "exact": 100}
    assert choose(tmp_path, sizes, Limits(file=100)) == (["a.py", "exact"], ("large",))


def test_the_smallest_are_kept_of_too_many(tmp_path: Path) -> None:
    sizes = {"data": 60, "a.py": 10, "b.py": 20, "more": 50}
    assert choose(tmp_path, sizes, Limits(total=80)) == (["a.py", "b.py", "more"], ("data",))
    assert choose(tmp_path, sizes, Limits(files=1)) == (["a.py"], ("b.py", "data", "more"))


def test_only_regular_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    (tmp_path / "folder").mkdir()
    names = [b"pipe", b"link", b"folder/", b"gone"]
    assert choose_untracked(names, tmp_path, lambda _: False, Limits()) == ((), ("folder/", "gone", "link", "pipe"))


def test_names_that_another_file_system_cannot_hold_apart(tmp_path: Path) -> None:
    assert choose(tmp_path, {"A.py": 1, "a.py": 2, "b/c": 1, "B": 2}) == (["A.py", "b/c"], ("B", "a.py"))


def test_environments_are_no_code(tmp_path: Path) -> None:
    sizes = {"env/pyvenv.cfg": 1, "env/lib/x.py": 1, "environ.py": 1, "sub/.ipynb_checkpoints/n.ipynb": 1}
    assert choose(tmp_path, sizes) == (["environ.py"], ())


def test_a_record_names_no_thousands() -> None:
    assert shorten(["a", "b/c"]) == ("a", "b/c")
    assert shorten([f"data/{number}" for number in range(200)] + ["top"]) == ("data/", "top")
    many = shorten([f"f{number:04}" for number in range(1000)])
    assert len(many) == 101
    assert many[-1] == "and 900 more"
