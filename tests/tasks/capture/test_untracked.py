import os
from pathlib import Path

import pytest

from registry_cli.secrets.tokens import CHUNK
from registry_cli.tasks.capture.untracked import Chosen, Limits, choose_untracked, shorten
from tests.secrets.planted import HARMLESS, PLANTED


def choose(root: Path, sizes: dict[str, int], limits: Limits | None = None) -> tuple[list[str], tuple[str, ...]]:
    for name, size in sizes.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x" * size)
    chosen = choose_untracked(map(os.fsencode, sizes), root, lambda _: False, limits or Limits())
    return [path.as_posix() for path in chosen.kept], chosen.cut


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
    assert choose_untracked(names, tmp_path, lambda _: False, Limits()) == Chosen(
        (), ("folder/", "gone", "link", "pipe")
    )


def test_names_that_another_file_system_cannot_hold_apart(tmp_path: Path) -> None:
    assert choose(tmp_path, {"A.py": 1, "a.py": 2, "b/c": 1, "B": 2}) == (["A.py", "b/c"], ("B", "a.py"))


SECRETS = [
    ".env", ".env.local", "conf/.ENV", "prod.env", "server.pem", "tls.key", "id_rsa", "id_rsa.old", ".ssh/config",
    ".netrc", ".pypirc", ".npmrc", "credentials", "credentials.json", "a/.aws/config", "x.p12", "pass.kdbx",
]  # fmt: skip


@pytest.mark.parametrize("name", SECRETS)
def test_files_of_secrets(tmp_path: Path, name: str) -> None:
    assert choose(tmp_path, {name: 5, "env.py": 5, "key.py": 5}) == (["env.py", "key.py"], (name,))


NO_SECRETS = [
    "credentials.py", "src/credentials_test.go", ".env.example", ".env.sample", "id_rsa.pub", "certificates/key.md",
]  # fmt: skip


@pytest.mark.parametrize("name", NO_SECRETS)
def test_code_and_examples_are_no_secrets_by_their_name(tmp_path: Path, name: str) -> None:
    assert choose(tmp_path, {name: 5}) == ([name], ())


@pytest.mark.parametrize("name", ["github", "hugging face", "private key", "putty", "url of s3"])
@pytest.mark.parametrize("before", [0, 70_000, CHUNK - 20, CHUNK + 5])
def test_files_that_hold_a_token(tmp_path: Path, name: str, before: int) -> None:
    (tmp_path / "notes").write_text("." * before + "\n" + PLANTED[name])
    (tmp_path / "find.py").write_text(HARMLESS[0])
    chosen = choose_untracked([b"notes", b"find.py"], tmp_path, lambda _: False, Limits())
    assert (chosen.kept, chosen.cut) == ((Path("find.py"),), ("notes",))
    assert list(chosen.secrets) == ["notes"]


def test_why_a_file_is_left_out(tmp_path: Path) -> None:
    (tmp_path / ".env").touch()
    (tmp_path / "a.py").write_text(PLANTED["github"])
    chosen = choose_untracked([b".env", b"a.py", b"gone"], tmp_path, lambda _: False, Limits())
    assert chosen == Chosen((), (".env", "a.py", "gone"), {".env": "its name", "a.py": "a GitHub token"})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_cut(tmp_path: Path) -> None:
    choose(tmp_path, {"a.py": 1, "shut.py": 1})
    (tmp_path / "shut.py").chmod(0)
    chosen = choose_untracked([b"a.py", b"shut.py"], tmp_path, lambda _: False, Limits())
    assert chosen == Chosen((Path("a.py"),), ("shut.py",))


def test_environments_are_no_code(tmp_path: Path) -> None:
    sizes = {"env/pyvenv.cfg": 1, "env/lib/x.py": 1, "environ.py": 1, "sub/.ipynb_checkpoints/n.ipynb": 1}
    assert choose(tmp_path, sizes) == (["environ.py"], ())


def test_a_record_names_no_thousands() -> None:
    assert shorten(["a", "b/c"]) == ("a", "b/c")
    assert shorten([f"data/{number}" for number in range(200)] + ["top"]) == ("data/", "top")
    many = shorten([f"f{number:04}" for number in range(1000)])
    assert len(many) == 101
    assert many[-1] == "and 900 more"
