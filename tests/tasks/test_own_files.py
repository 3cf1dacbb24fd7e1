"""Another's file in the folder of an attempt enters no blob and is shown to nobody, however it came there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from registry_cli.errors import CorruptError
from registry_cli.registry.api import Registry
from registry_cli.registry.fsck.fsck import check_registry
from registry_cli.tasks.attempt.crashed import end_crashed
from registry_cli.tasks.attempt.folder import WRAPPER, Live
from registry_cli.tasks.console import iter_console
from registry_cli.tasks.find import see_tasks
from tests.tasks.making import crash, start

PLANT: dict[str, Callable[[Path, Path], object]] = {
    "link": lambda path, secret: path.symlink_to(secret),
    "hard link": lambda path, secret: path.hardlink_to(secret),
    "pipe": lambda path, secret: os.mkfifo(path),
}
PLACES: dict[str, Callable[[Live], Path]] = {
    "console": lambda live: live.console,
    "bundle": lambda live: live.bundle,
    "facts": lambda live: live.facts(WRAPPER),
    "scalars": lambda live: live.scalars("1"),
}


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.init(tmp_path) as registry:
        yield registry


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "id_ed25519"
    path.write_bytes(b"my private key\n")
    path.chmod(0o600)
    return path


def holds(registry: Registry, text: bytes) -> bool:
    """Return whether a blob or a record has these bytes."""
    layout = registry.layout
    return any(
        text in path.read_bytes() for folder in (layout.blobs, layout.records) for path in folder.rglob("*")
        if path.is_file()
    )  # fmt: skip


@pytest.mark.sweep(5)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("what", PLANT)
def test_whoever_ends_an_attempt_takes_in_nothing_of_others(
    what: str, place: str, registry: Registry, secret: Path
) -> None:
    attempt = start(registry)
    path = PLACES[place](attempt.live)
    path.unlink(missing_ok=True)
    PLANT[what](path, secret)
    before = (secret.stat().st_mode, secret.stat().st_nlink, secret.stat().st_mtime_ns)
    crash(attempt)
    assert end_crashed(registry) == []
    assert not holds(registry, b"private key")
    assert (secret.stat().st_mode, secret.stat().st_nlink, secret.stat().st_mtime_ns) == before
    if place == "console":
        with pytest.raises(CorruptError, match=r"regular file|is a link|another owner"):
            list(iter_console(registry, see_tasks(registry, ["baseline"])[0]))
    if what != "hard link":
        assert path in [damage.path for damage in check_registry(registry).damages]


def test_a_folder_that_is_a_link_is_no_attempt(registry: Registry, secret: Path) -> None:
    attempt = start(registry)
    aside = attempt.live.folder.rename(secret.parent / "aside")
    attempt.live.folder.symlink_to(aside)
    with pytest.raises(CorruptError, match=f"{attempt.live.folder} is a link"):
        end_crashed(registry)
    assert (aside / "state.toml").is_file()
    assert attempt.live.folder in [damage.path for damage in check_registry(registry).damages]
