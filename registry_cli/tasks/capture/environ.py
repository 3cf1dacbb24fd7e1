"""Chooses the variables that are recorded with a task, those that a re-run sets again, and finds seeds.

Knows no process: variables are passed in. A variable that looks like a secret is never chosen.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from registry_cli.secrets.names import looks_secret
from registry_cli.tasks.capture.arguments import parse_arguments

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from registry_cli.records.values import Value

_SEEDS: Final = ("PYTHONHASHSEED", "SEED", "*_SEED")
_REPLAYED: Final = (
    *_SEEDS,
    *("OMP_*", "MKL_*", "OPENBLAS_*", "BLIS_*", "VECLIB_*", "NUMEXPR_*", "GOTO_*", "KMP_*", "NUMBA_*"),
    *("CUBLAS_WORKSPACE_CONFIG", "CUBLASLT_*", "CUDNN_*", "CUDA_LAUNCH_BLOCKING", "CUDA_DEVICE_MAX_CONNECTIONS"),
    *("NVIDIA_TF32_OVERRIDE", "TF_*", "XLA_*", "JAX_*", "TORCH_*", "PYTORCH_*", "TORCHINDUCTOR_*", "TRITON_*"),
    *("KERAS_*", "TOKENIZERS_*", "TRANSFORMERS_*", "ACCELERATE_*", "LANG", "LC_ALL", "TZ"),
)
"""Variables for determinism, threads and switches of libraries."""
_LOCAL: Final = (
    *("*_HOME", "*_DIR", "*_DIRS", "*_PATH", "*_CACHE", "*_ROOT", "*_FILE", "*VISIBLE_DEVICES", "*_AFFINITY"),
    *("*_PLACES", "*_PROCESS_*", "*_COORDINATOR_*", "*_OFFLINE", "*_RANK", "TF_CONFIG", "JAX_NUM_PROCESSES"),
    *("ACCELERATE_NUM_*", "TORCH_NCCL_*"),
)
"""Variables about the machine and its devices, although the patterns above match their names."""
_RECORDED: Final = (
    *_REPLAYED,
    *("CUBLAS_*", "CUDA_*", "NVIDIA_*", "ROCR_*", "HIP_*", "HSA_*", "NCCL_*", "TORCHELASTIC_*", "HF_HUB_OFFLINE"),
    *("SLURM_*", "PBS_JOBID", "LSB_JOBID", "RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "GROUP_RANK"),
    *("MASTER_ADDR", "MASTER_PORT", "OMPI_COMM_WORLD_*", "VIRTUAL_ENV", "CONDA_DEFAULT_ENV", "PYTHONPATH", "CI"),
    *("GITHUB_SHA", "GITHUB_REF", "GITHUB_REPOSITORY", "GITHUB_WORKFLOW", "GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT"),
    *("CI_COMMIT_SHA", "CI_COMMIT_REF_NAME", "CI_PIPELINE_ID", "CI_JOB_ID", "BUILD_ID", "BUILDKITE_BUILD_ID"),
)
_STRANGERS: Final = ("TF_VAR_*", "TF_CLI_*", "TF_WORKSPACE", "TF_LOG*")
"""Terraform's variables, which share the prefix of TensorFlow's."""
_LONGEST: Final = 4096
"""Largest number of characters in a value that is recorded by default."""
_NUMBER: Final = re.compile(r"-?\d{1,19}")
_SEED_NAME: Final = re.compile(r"(?:^|[._-])(?:seed|random_?state|rng)$|^seed[._-]", re.IGNORECASE)


def choose_variables(environ: Mapping[str, str], wanted: Sequence[str] = ()) -> dict[str, str]:
    """Return the variables to record, by name.

    Args:
        environ: The complete environment.
        wanted: Globs of names beyond the usual ones; a variable that looks like a secret is left out all the same.
    """
    chosen = {
        name: value
        for name, value in sorted(environ.items())
        if (_fits(name, wanted) or _is_usual(name, value)) and not looks_secret(name, value)
    }
    return {name: value for name, value in chosen.items() if _is_text(name) and _is_text(value)}


def replayed(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a record that a re-run sets again on any machine: no devices, ranks or paths."""
    return {name: value for name, value in environment.items() if _fits(name, _REPLAYED) and not _fits(name, _LOCAL)}


def find_seeds(argv: Sequence[str], environ: Mapping[str, str], params: Mapping[str, Value]) -> dict[str, Value]:
    """Return the seeds in a command line, variables and parameters, under their own names.

    Args:
        argv: The command.
        environ: Its variables.
        params: Parameters that the script reported, which take precedence over the command line.
    """
    values = {**parse_arguments(argv), **params}
    seeds: dict[str, Value] = {
        name: value for name, value in values.items() if _SEED_NAME.search(name) and _is_seed(value)
    }
    for name, value in sorted(environ.items()):
        if _fits(name, _SEEDS) and _NUMBER.fullmatch(value) and -(1 << 63) <= int(value) < 1 << 63:
            seeds[name] = int(value)
    return seeds


def _is_usual(name: str, value: str) -> bool:
    if _fits(name, _SEEDS):  # the seed of a wallet, made of words, is a secret
        return value == "random" or _NUMBER.fullmatch(value) is not None
    return len(value) <= _LONGEST and _fits(name, _RECORDED) and not _fits(name, _STRANGERS)


def _is_seed(value: Value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _fits(name: str, globs: Iterable[str]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)


def _is_text(value: str) -> bool:
    """Return whether a record can hold a value, as a variable may be any bytes."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
