"""Small folders as MLflow and DVC lay them out, for the guides that bring them in.

MLflow's file store: `mlflow/store/tracking/file_store.py` and `mlflow/store/model_registry/file_store.py`. DVC's files:
https://dvc.org/doc/user-guide/project-structure.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path
from textwrap import dedent

EXPERIMENT = "606783375233873416"
OLD = "1c6b2d5b909041df93e6e00b960de019"
"""Id of a run whose model is one of its artifacts, as in MLflow 2."""
NEW = "9f2e7a1c4d8b4f0e8a6c5b3d2e1f0a99"
"""Id of a run with a logged model, as in MLflow 3."""
DELETED = "0badc0de0badc0de0badc0de0badc0de"
LOGGED = "m-84944822addc45aba0248da928440401"


def make_mlruns(folder: Path) -> None:
    """Make an `mlruns` of two runs and a deleted one, with two versions of a registered model."""
    runs = folder / "mlruns"
    (runs / ".trash").mkdir(parents=True)
    _make_experiment(runs / "0", "Default")
    _make_experiment(runs / EXPERIMENT, "pizza")
    old, new = (runs / EXPERIMENT / run for run in (OLD, NEW))
    _make_run(old, "wistful-ant-659", 1721450907221)
    _make_run(new, "bold owl", 1721450917221)
    _make_run(runs / EXPERIMENT / DELETED, "rapt-fox-1", 1721450927221, stage="deleted")
    _write(old / "params" / "lr", "0.1")
    _write(old / "params" / "optimizer", "sgd")
    _write(old / "metrics" / "loss", "1721450907230 0.9 0\n1721450908230 0.5 1\n")
    _write(old / "metrics" / "val" / "loss", "1721450908300 0.6 1\n")
    _make_model(old / "artifacts" / "model", "the first model")
    _write(new / "params" / "lr", "0.5")
    _write(new / "metrics" / "loss", "1721450917230 0.7 0 train 5e1fa\n1721450918230 0.2 1 train 5e1fa\n")
    logged = runs / EXPERIMENT / "models" / LOGGED
    _make_logged(logged)
    _make_model(logged / "artifacts", "the second model")
    model = runs / "models" / "pizza-price"
    _write(model / "meta.yaml", "creation_timestamp: 1721450920000\ndescription: null\nname: pizza-price\n")
    _write(model / "aliases" / "champion", "2")
    _make_version(model / "version-1", 1, (old / "artifacts" / "model").as_uri(), OLD)
    _make_version(model / "version-2", 2, f"models:/{LOGGED}", NEW)


def _make_model(folder: Path, weights: str) -> None:
    _write(folder / "MLmodel", "flavors:\n  sklearn:\n    pickled_model: model.pkl\n")
    _write(folder / "model.pkl", weights)


def _make_experiment(folder: Path, name: str) -> None:
    meta = f"""\
        artifact_location: {folder.as_uri()}
        creation_time: 1721450907000
        experiment_id: '{folder.name}'
        last_update_time: 1721450907000
        lifecycle_stage: active
        name: {name}
        """
    _write(folder / "meta.yaml", dedent(meta))


def _make_run(folder: Path, name: str, start: int, stage: str = "active") -> None:
    meta = f"""\
        artifact_uri: {(folder / "artifacts").as_uri()}
        end_time: {start + 2000}
        entry_point_name: ''
        experiment_id: '{EXPERIMENT}'
        lifecycle_stage: {stage}
        run_id: {folder.name}
        run_name: {name}
        run_uuid: {folder.name}
        source_name: ''
        source_type: 4
        source_version: ''
        start_time: {start}
        status: 3
        tags: []
        user_id: ada
        """
    _write(folder / "meta.yaml", dedent(meta))
    _write(folder / "tags" / "mlflow.runName", name)
    _write(folder / "tags" / "mlflow.user", "ada")
    (folder / "artifacts").mkdir()


def _make_logged(folder: Path) -> None:
    meta = f"""\
        artifact_location: {(folder / "artifacts").as_uri()}
        creation_timestamp: 1721450918300
        experiment_id: '{EXPERIMENT}'
        last_updated_timestamp: 1721450918300
        lifecycle_stage: active
        model_id: {folder.name}
        model_type: null
        name: model
        source_run_id: {NEW}
        status: 2
        status_message: null
        """
    _write(folder / "meta.yaml", dedent(meta))


def _make_version(folder: Path, number: int, source: str, run: str) -> None:
    meta = f"""\
        aliases: []
        creation_timestamp: 1721450920000
        current_stage: None
        description: null
        last_updated_timestamp: 1721450920000
        name: {folder.parent.name}
        run_id: {run}
        run_link: null
        source: {source}
        status: READY
        status_message: null
        user_id: null
        version: {number}
        """
    _write(folder / "meta.yaml", dedent(meta))


def make_dvc(folder: Path) -> None:
    """Make a git repository with a model of two versions and a stage, whose bytes are in DVC's cache."""
    _write(folder / ".dvc" / "config", "")
    _write(folder / ".dvc" / ".gitignore", "/config.local\n/tmp\n/cache\n")
    _write(folder / ".gitignore", "/model.pt\n/features\n")
    git(folder, "init", "-q", "-b", "main")
    _track(folder, "model.pt", "first weights")
    _commit(folder, "First model", "2024-05-01T10:00:00+00:00")
    git(folder, "tag", "model@v1.0.0")
    _track(folder, "model.pt", "second weights")
    _commit(folder, "Train longer", "2024-05-02T10:00:00+00:00")
    git(folder, "tag", "model#prod#1")
    _write(folder / "features" / "test.bin", "4 5")
    _write(folder / "features" / "train.bin", "1 2 3")
    _write(folder / "metrics.json", '{"loss": 0.25}')
    _lock(folder)
    _commit(folder, "Add the stage", "2024-05-03T10:00:00+00:00")


def _track(folder: Path, name: str, text: str) -> None:
    """Do what `dvc add` does."""
    _write(folder / name, text)
    digest = _cache(folder, text.encode())
    _write(folder / f"{name}.dvc", f"outs:\n- md5: {digest}\n  size: {len(text)}\n  hash: md5\n  path: {name}\n")


def _lock(folder: Path) -> None:
    """Write the `dvc.lock` of a stage that makes a folder, and metrics that git keeps."""
    files = sorted((folder / "features").iterdir())
    listing = [{"md5": _cache(folder, path.read_bytes()), "relpath": path.name} for path in files]
    lock = f"""\
        schema: '2.0'
        stages:
          prepare:
            cmd: python prepare.py --seed 7
            deps:
            - path: prepare.py
              hash: md5
              md5: 285af85d794bb57e5d09ace7209f3519
              size: 1576
            params:
              params.yaml:
                prepare.split: 0.2
            outs:
            - path: features
              hash: md5
              md5: {_cache(folder, json.dumps(listing).encode(), ".dir")}
              size: 8
              nfiles: 2
            - path: metrics.json
              hash: md5
              md5: {hashlib.md5((folder / "metrics.json").read_bytes()).hexdigest()}
              size: 14
        """
    _write(folder / "dvc.lock", dedent(lock))


def _cache(folder: Path, content: bytes, suffix: str = "") -> str:
    """Put bytes in the cache of DVC 3 and return their MD5."""
    digest = hashlib.md5(content).hexdigest() + suffix
    path = folder / ".dvc" / "cache" / "files" / "md5" / digest[:2] / digest[2:]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return digest


def _commit(folder: Path, message: str, time: str) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", message, GIT_AUTHOR_DATE=time, GIT_COMMITTER_DATE=time)


def git(folder: Path, *words: str, **variables: str) -> None:
    """Run git as a user without settings."""
    who = ("-c", "user.name=ada", "-c", "user.email=ada@example.org")
    environ = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, **variables}
    subprocess.run(["git", *who, *words], cwd=folder, check=True, env=environ)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


FOLDERS = {"from-mlflow": make_mlruns, "from-dvc": make_dvc}
"""What makes the folder in which the examples of a guide begin."""
