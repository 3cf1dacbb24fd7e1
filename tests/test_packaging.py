"""The wheel: what is in it, and that it works in a fresh environment with nothing but the core installed."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from registry_cli._version import __version__
from registry_cli.cli.table import COMMANDS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
EXTRAS = {"pytest", "hypothesis", "numpy", "obstore", "starlette", "uvicorn", "cryptography", "pydantic"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"  # a build leaves its litter beside what it builds
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT).splitlines()
    for name in listed:
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(source))
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a fresh environment that holds the wheel and what it needs."""
    folder = tmp_path_factory.mktemp("fresh") / "venv"
    venv.create(folder, with_pip=True)
    run(str(folder / "bin" / "pip"), "install", "--quiet", str(wheel))
    return folder / "bin"


def run(*words: str, cwd: Path | None = None) -> str:
    """Run a program and return what it prints; it sees the user's real home, where pip's settings may lie."""
    environment = {**os.environ, "HOME": pwd.getpwuid(os.geteuid()).pw_dir, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{words} ended with {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_wheel_holds_what_is_used_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    data = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "registry_cli").rglob("*")
        if path.suffix in {".py", ".md", ".csv", ".typed"} or path.parent.name == "completions"
    }
    packaged = {name for name in names if ".dist-info/" not in name}
    assert packaged == data
    assert {"registry_cli/py.typed", "registry_cli/demo/iris.csv", "registry_cli/guides/query.md"} <= packaged
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_fresh_environment_has_the_core_alone(scripts: Path) -> None:
    listed = run(str(scripts / "pip"), "list", "--format", "freeze").lower().splitlines()
    assert not EXTRAS & {line.partition("==")[0] for line in listed}


def test_version(scripts: Path) -> None:
    assert run(str(scripts / "reg"), "--version") == f"reg {__version__}\n"


def test_every_command_has_help(scripts: Path, tmp_path: Path) -> None:
    for words in ["", *COMMANDS]:
        assert run(str(scripts / "reg"), *words.split(), "--help", cwd=tmp_path).startswith("Usage: reg")


def test_every_topic_prints(scripts: Path, tmp_path: Path) -> None:
    for path in (ROOT / "registry_cli" / "guides").glob("*.md"):
        assert run(str(scripts / "reg"), "help", path.stem, cwd=tmp_path).startswith("# ")


def test_demo(scripts: Path, tmp_path: Path) -> None:
    assert run(str(scripts / "reg"), "demo", cwd=tmp_path)
    assert not list(tmp_path.glob("*.safetensors")), "the demo works in a folder of its own"


def test_import(scripts: Path, tmp_path: Path) -> None:
    code = "import registry_cli as reg; print(reg.__version__, reg.Registry.init().query())"
    assert run(str(scripts / "python"), "-c", code, cwd=tmp_path) == f"{__version__} []\n"
