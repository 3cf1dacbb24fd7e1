from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from registry_cli import env

HOMES = [
    (env.REG_CONFIG_HOME, env.config_home),
    (env.REG_CACHE_HOME, env.cache_home),
    (env.REG_DATA_HOME, env.data_home),
]


def test_every_variable_is_described_under_its_own_name() -> None:
    constants = {
        name for name in vars(env) if name.isupper() and name not in {"VARIABLES", "RANKS", "SITE", "TYPE_CHECKING"}
    }
    assert constants | set(env.RANKS) == set(env.VARIABLES)
    assert all(getattr(env, name) == name for name in constants)
    assert all(env.VARIABLES.values())


def test_the_rank_is_told_by_whoever_starts_several(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in env.RANKS:
        monkeypatch.delenv(name, raising=False)
    assert env.rank() == 0
    monkeypatch.setenv("PMI_RANK", "2")
    assert env.rank() == 2
    monkeypatch.setenv("RANK", "1")
    assert env.rank() == 1


def test_the_rank_of_the_runner_is_none_within_its_task(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in env.RANKS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SLURM_PROCID", "1")
    assert env.rank() == 1
    monkeypatch.setenv(env.REG_RANK, env.own_ranks({"SLURM_PROCID": "1", "PMI_RANK": "", "HOME": "/"}))
    assert env.rank() == 0
    monkeypatch.setenv("RANK", "3")
    assert env.rank() == 3
    monkeypatch.delenv("RANK")
    monkeypatch.setenv("SLURM_PROCID", "2")
    assert env.rank() == 2


@pytest.mark.parametrize(
    ("rank", "launch"), [("SLURM_PROCID", "SLURM_STEP_ID"), ("OMPI_COMM_WORLD_RANK", "PMIX_NAMESPACE")]
)
@pytest.mark.parametrize("outer", [0, 1])
def test_a_launch_within_the_task_of_one_rank_has_ranks_of_its_own(
    monkeypatch: pytest.MonkeyPatch, rank: str, launch: str, outer: int
) -> None:
    for name in env.RANKS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(rank, str(outer))
    monkeypatch.setenv(launch, "job-4")
    monkeypatch.setenv(env.REG_RANK, env.own_ranks({rank: str(outer), launch: "job-4"}))
    assert env.rank() == 0, "what reg log itself started"
    monkeypatch.setenv(launch, "job-5")
    for inner in range(3):
        monkeypatch.setenv(rank, str(inner))
        assert env.rank() == inner


def test_torch_knows_the_rank_where_no_variable_does(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*env.RANKS, env.REG_RANK):
        monkeypatch.delenv(name, raising=False)
    torch = SimpleNamespace(is_initialized=lambda: False, get_rank=lambda: 1)
    monkeypatch.setitem(sys.modules, "torch.distributed", torch)  # type: ignore[arg-type]  # as a module has them
    monkeypatch.setattr(env, "_known_rank", 0)
    assert env.rank() == 0
    torch.is_initialized = lambda: True
    assert env.rank() == 1
    monkeypatch.setenv("RANK", "0")
    assert env.rank() == 0
    monkeypatch.delenv("RANK")
    monkeypatch.setenv("SLURM_PROCID", "1")
    monkeypatch.setenv(env.REG_RANK, "SLURM_PROCID=1")
    assert env.rank() == 0
    monkeypatch.setitem(sys.modules, "torch.distributed", SimpleNamespace())  # type: ignore[arg-type]
    monkeypatch.delenv("SLURM_PROCID")
    assert env.rank() == 1, "the rank that torch knew before"


def test_the_rank_in_a_group_that_was_destroyed_stays_until_there_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*env.RANKS, env.REG_RANK):
        monkeypatch.delenv(name, raising=False)
    torch = SimpleNamespace(is_initialized=lambda: True, get_rank=lambda: 1)
    monkeypatch.setitem(sys.modules, "torch.distributed", torch)  # type: ignore[arg-type]  # as a module has them
    monkeypatch.setattr(env, "_known_rank", 0)
    assert env.rank() == 1
    torch.is_initialized = lambda: False
    assert env.rank() == 1
    torch.is_initialized, torch.get_rank = lambda: True, lambda: 0
    assert env.rank() == 0
    torch.is_initialized = lambda: False
    assert env.rank() == 0


@pytest.mark.parametrize(("variable", "home"), HOMES)
def test_a_folder_that_is_named(variable: str, home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "/somewhere")
    assert callable(home)
    assert home() == Path("/somewhere")


@pytest.mark.parametrize(("variable", "home"), HOMES)
def test_a_folder_of_the_platform(variable: str, home: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(variable)
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert callable(home)
    assert home().is_relative_to(tmp_path / ".home")
    assert home().name == "reg"


def test_an_empty_variable_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(env.REG_DIR, "")
    assert env.read(env.REG_DIR) is None
    monkeypatch.setenv(env.REG_DIR, "x")
    assert env.read(env.REG_DIR) == "x"


def test_somebody_is_logged_in() -> None:
    assert env.login()
