import os
from pathlib import Path

import pytest

from registry_cli.secrets.tokens import CHUNK
from registry_cli.tasks.capture.source_files import rank_files
from registry_cli.tasks.capture.untracked import Chosen, Limits, choose_untracked, shorten
from tests.secrets.planted import HARMLESS, PLANTED


def choose_from(names: list[bytes], root: Path, limits: Limits | None = None, argv: tuple[str, ...] = ()) -> Chosen:
    return choose_untracked(names, root, lambda _: False, limits or Limits(), rank_files(argv, root, root))


def choose(root: Path, sizes: dict[str, int], limits: Limits | None = None) -> tuple[list[str], tuple[str, ...]]:
    for name, size in sizes.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x" * size)
    chosen = choose_from(list(map(os.fsencode, sizes)), root, limits)
    return [path.as_posix() for path in chosen.kept], chosen.cut


def test_large_ones_are_cut(tmp_path: Path) -> None:
    sizes = {"a.py": 10, "large": 101, "exact": 100}
    assert choose(tmp_path, sizes, Limits(file=100)) == (["a.py", "exact"], ("large",))


def test_the_smallest_are_kept_of_too_many(tmp_path: Path) -> None:
    sizes = {"data": 60, "a.py": 10, "b.py": 20, "more": 50}
    assert choose(tmp_path, sizes, Limits(total=80)) == (["a.py", "b.py", "more"], ("data",))
    assert choose(tmp_path, sizes, Limits(files=1)) == (["a.py"], ("b.py", "data", "more"))


def test_only_regular_files_and_links(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    (tmp_path / "data").symlink_to("/nowhere")
    (tmp_path / "folder").mkdir()
    names = [b"pipe", b"link", b"data", b"folder/", b"gone"]
    assert choose_from(names, tmp_path) == Chosen((Path("data"), Path("link")), ("folder/", "gone", "pipe"))


@pytest.mark.slow
def test_source_is_kept_before_data_of_any_number(tmp_path: Path) -> None:
    sizes = {f"labels/{number}.txt": 1 for number in range(600)} | {
        "train.py": 50,
        "lib/net.cu": 9_000_000,
        "a.yaml": 9,
    }
    kept, cut = choose(tmp_path, sizes)
    assert {"train.py", "lib/net.cu", "a.yaml"} < set(kept)
    assert (len(kept), cut) == (500, ("labels/",))


def test_the_program_is_first_and_what_the_command_names_before_other_data(tmp_path: Path) -> None:
    sizes = {"a.py": 1, "bin/train": 50, "opts.json": 60, "b.json": 1, "conf.json": 70, "pkg/run.x": 1}
    choose(tmp_path, sizes)
    names = list(map(os.fsencode, sizes))

    def keep(files: int, *argv: str) -> list[str]:
        return [str(path) for path in choose_from(names, tmp_path, Limits(files=files), argv).kept]

    assert keep(1, "bin/train", "--conf=conf.json") == ["bin/train"]
    assert keep(1, str(tmp_path / "bin/train")) == ["bin/train"]
    assert keep(4, "bin/train", "opts.json", "--conf=conf.json") == ["a.py", "bin/train", "conf.json", "opts.json"]


@pytest.mark.parametrize("program", ["pkg/train.py", "pkg/train/__main__.py"])
def test_a_module_that_ran_is_the_program(tmp_path: Path, program: str) -> None:
    choose(tmp_path, {"a.py": 1, program: 5})
    names = [b"a.py", program.encode()]
    chosen = choose_from(names, tmp_path, Limits(files=1), ("python", "-m", "pkg.train"))
    assert (chosen.kept, chosen.sources) == ((Path(program),), ("a.py",))


def test_source_that_is_cut_is_named_apart(tmp_path: Path) -> None:
    sizes = {"data": 500, "big.py": 400, "train.py": 300, "a.py": 1, "small": 1}
    choose(tmp_path, sizes)
    chosen = choose_from(list(map(os.fsencode, sizes)), tmp_path, Limits(total=100), ("python", "train.py"))
    assert chosen.sources == ("train.py", "big.py")
    assert chosen.kept == (Path("a.py"), Path("small"))


def test_a_program_that_is_a_link_out_of_the_work_tree_is_cut(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "train.py").write_text("1")
    (tmp_path / "work" / "train.py").symlink_to("../train.py")
    (tmp_path / "work" / "other.py").symlink_to("../train.py")
    chosen = choose_from([b"train.py", b"other.py"], tmp_path / "work", argv=("python", "train.py"))
    assert (chosen.kept, chosen.cut, chosen.sources) == ((Path("other.py"),), ("train.py",), ("train.py",))


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
    chosen = choose_from([b"notes", b"find.py"], tmp_path)
    assert (chosen.kept, chosen.cut) == ((Path("find.py"),), ("notes",))
    assert list(chosen.secrets) == ["notes"]


def test_why_a_file_is_left_out(tmp_path: Path) -> None:
    (tmp_path / ".env").touch()
    (tmp_path / "a.py").write_text(PLANTED["github"])
    chosen = choose_from([b".env", b"a.py", b"gone"], tmp_path)
    assert chosen == Chosen((), (".env", "a.py", "gone"), {".env": "its name", "a.py": "a GitHub token"})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_cut(tmp_path: Path) -> None:
    choose(tmp_path, {"a.py": 1, "shut.py": 1})
    (tmp_path / "shut.py").chmod(0)
    chosen = choose_from([b"a.py", b"shut.py"], tmp_path)
    assert chosen == Chosen((Path("a.py"),), ("shut.py",), sources=("shut.py",))


def test_environments_are_no_code(tmp_path: Path) -> None:
    sizes = {"env/pyvenv.cfg": 1, "env/lib/x.py": 1, "environ.py": 1, "sub/.ipynb_checkpoints/n.ipynb": 1}
    assert choose(tmp_path, sizes) == (["environ.py"], ())


def test_a_record_names_no_thousands() -> None:
    assert shorten(["a", "b/c"]) == ("a", "b/c")
    assert shorten([f"data/{number}" for number in range(200)] + ["top"]) == ("data/", "top")
    many = shorten([f"f{number:04}" for number in range(1000)])
    assert len(many) == 101
    assert many[-1] == "and 900 more"
