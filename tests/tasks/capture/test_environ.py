from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.secrets.names import looks_secret
from registry_cli.tasks.capture.environ import choose_variables, find_seeds, replayed
from tests.secrets.planted import PLANTED
from tests.secrets.test_names import NAMES


def test_the_usual_ones() -> None:
    environ = {"SEED": "7", "OMP_NUM_THREADS": "4", "CUDA_VISIBLE_DEVICES": "0", "SLURM_JOB_ID": "9", "EDITOR": "vi",
               "TOKENIZERS_PARALLELISM": "false", "VIRTUAL_ENV": "/v", "HOME": "/h", "CI": "true"}  # fmt: skip
    assert choose_variables(environ) == {
        name: environ[name] for name in sorted(environ) if name not in {"EDITOR", "HOME"}
    }


def test_wanted_ones() -> None:
    environ = {"MY_A": "1", "MY_B": "2", "OTHER": "3", "MY_TOKEN": "x", "TF_KEY": "y"}
    assert choose_variables(environ, ["MY_*"]) == {"MY_A": "1", "MY_B": "2"}
    assert choose_variables(environ, ["MY_TOKEN", "TF_KEY"]) == {}


def test_a_wallet_is_no_seed() -> None:
    assert choose_variables({"WALLET_SEED": "correct horse battery", "PYTHONHASHSEED": "random"}) == {
        "PYTHONHASHSEED": "random"
    }


def test_terraform_is_not_tensorflow() -> None:
    assert choose_variables({"TF_VAR_db": "x", "TF_CLI_ARGS": "y", "TF_NUM_THREADS": "2"}) == {"TF_NUM_THREADS": "2"}


def test_bytes_and_novels_are_left_out() -> None:
    assert choose_variables({"TF_A": "\udcff", "TF_B": "x " * 4000, "TF_C": "1"}) == {"TF_C": "1"}


odd_names = st.one_of(
    st.sampled_from(NAMES), st.builds("{}_{}".format, st.sampled_from(["TF", "CUDA"]), st.sampled_from(NAMES))
)
SECRETS = ["ghp_" + "a" * 36, "http://a:b@host", PLANTED["aws id"], "-----BEGIN X"]
odd_values = st.sampled_from([*SECRETS, "plain", "1"])


@given(st.dictionaries(st.one_of(st.text(max_size=9), odd_names, st.just("TF_X")), st.one_of(st.text(), odd_values)))
def test_no_secret_is_ever_chosen(environ: dict[str, str]) -> None:
    chosen = choose_variables(environ, ["*", *environ])
    assert chosen.items() <= environ.items()
    assert not [name for name, value in chosen.items() if looks_secret(name, value)]
    assert not set(chosen) & set(NAMES)
    assert not set(chosen.values()) & set(SECRETS)


def test_what_a_rerun_sets_again() -> None:
    again = {
        "SEED": "7", "OMP_NUM_THREADS": "4", "PYTHONHASHSEED": "0", "CUBLAS_WORKSPACE_CONFIG": ":4096:8", "TZ": "UTC",
        "TF_DETERMINISTIC_OPS": "1", "TORCH_LOGS": "x", "TOKENIZERS_PARALLELISM": "false",
    }  # fmt: skip
    here = {
        "CUDA_VISIBLE_DEVICES": "0", "SLURM_JOB_ID": "1", "RANK": "0", "VIRTUAL_ENV": "/v", "CI": "1", "MY": "1",
        "TORCH_HOME": "/t", "NCCL_DEBUG": "INFO", "GITHUB_SHA": "a", "JAX_COORDINATOR_ADDRESS": "x", "TF_CONFIG": "{}",
        "TRANSFORMERS_CACHE": "/c", "HF_HUB_OFFLINE": "1", "OMP_PLACES": "cores",
    }  # fmt: skip
    assert replayed({**again, **here}) == again


@pytest.mark.parametrize(
    ("words", "environ", "params", "seeds"),
    [
        ("--seed 3", {}, {}, {"seed": 3}),
        ("--random-state=4 --lr 1", {"PYTHONHASHSEED": "0"}, {}, {"random_state": 4, "PYTHONHASHSEED": 0}),
        ("--seed 3", {"SEED": "5"}, {"seed": 4, "data.seed": 6, "seeds": 9}, {"seed": 4, "data.seed": 6, "SEED": 5}),
        ("--seed x --seeded 1 --seed_all", {"PYTHONHASHSEED": "random", "A_SEED": "1" * 30}, {}, {}),
        ("train.seed=8", {"PL_GLOBAL_SEED": "1"}, {"rng": True}, {"train.seed": 8, "PL_GLOBAL_SEED": 1}),
    ],
)
def test_seeds(words: str, environ: dict[str, str], params: dict[str, object], seeds: dict[str, int]) -> None:
    assert find_seeds(["python", "t.py", *words.split()], environ, params) == seeds  # type: ignore[arg-type] # invariant
