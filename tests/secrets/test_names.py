from __future__ import annotations

import base64
import random
import string

import pytest

from registry_cli.secrets.names import looks_secret, looks_secret_argument

NAMES = [
    "GITHUB_TOKEN",
    "GH_PAT",
    "HF_TOKEN",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "WANDB_API_KEY",
    "OPENAI_APIKEY",
    "DB_PASSWORD",
    "PGPASSWORD",
    "MYSQL_PWD",
    "SSH_AUTH_SOCK",
    "NPM_AUTH",
    "authToken",
    "clientSecret",
    "my-secret",
    "GOOGLE_CREDENTIALS",
    "SENTRY_DSN",
    "SESSION_COOKIE",
    "AZURE_STORAGE_CONNECTION_STRING",
    "DJANGO_SECRET",
    "PRIVATE_PEM",
    "SIGNING_KEY",
    "SLURM_JWT",
    "WALLET_SEED_PHRASE",
    "githubtoken",
    "TF_TOKEN_app",
    "KEYS",
    "BASIC_AUTH",
    "passphrase",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_secrets(name: str) -> None:
    assert looks_secret(name, "x")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PWD", "/home/ann/projects/iris"),
        ("TOKENIZERS_PARALLELISM", "false"),
        ("PYTHONHASHSEED", "0"),
        ("CUDA_VISIBLE_DEVICES", "0,1,2,3"),
        ("CUDA_VISIBLE_DEVICES", "GPU-8f2c1d3e-aaaa-bbbb-cccc-0123456789ab"),
        ("GITHUB_SHA", "47d6d6f6fe013227f40ceb217b54ca00a2acc332"),
        ("CI_COMMIT_SHA", "47d6d6f6fe013227f40ceb217b54ca00a2acc332"),
        ("VIRTUAL_ENV", "/home/Ann.Smith/work/myProject2024/.venv-py311"),
        ("CUBLAS_WORKSPACE_CONFIG", ":4096:8"),
        ("MODEL", "Qwen/Qwen2.5-VL-72B-Instruct-AWQ"),
        ("XLA_FLAGS", "--xla_gpu_deterministic_ops=true --xla_gpu_autotune_level=0"),
        ("NVIDIA_REQUIRE_CUDA", "cuda>=12.1 brand=tesla,driver>=470,driver<471 brand=quadrortx,driver>=470"),
        ("SLURM_JOB_NODELIST", "gpu-a100-[001-004],gpu-h100-12"),
        ("MASTER_ADDR", "node01.cluster.example.org"),
        ("LANG", "en_US.UTF-8"),
        ("AUTHOR", "Ann"),
        ("DATA", "s3://bucket/data/2024-01-01/part-0001.parquet"),
        ("PYTORCH_CUDA_ALLOC_CONF", "max_split_size_mb:512,expandable_segments:True"),
    ],
)
def test_what_is_no_secret(name: str, value: str) -> None:
    assert not looks_secret(name, value)


@pytest.mark.parametrize(
    "value",
    [
        "postgres://ann:pw@host/db",
        "https://user:p%40ss@host/a",
        "redis://:pw@host",
        "-----BEGIN RSA PRIVATE KEY-----\nabc",
        "ghp_" + "a" * 36,
        "github_pat_11AAAA_bbbb",
        "glpat-abcdefghijklmnopqrst",
        "sk-proj-abcdefghijklmnop",
        "sk-ant-api03-abcdefgh",
        "xoxb-123456789-abc",
        "AKIAQX3ZIOSFODNN7ABC",
        "ASIAQX3ZIOSFODNN7ABC",
        "AIzaSyA-abcdefghijklmnopqrstuvwxyz01234",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
        "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH",
        "npm_abcdefghijklmnopqrst0123456789",
        "pypi-AgEIcHlwaS5vcmcCJ",
        "Bearer abcdefghij",
        "Server=x;Password=hunter2",
        "DefaultEndpointsProtocol=https;AccountKey=abcd1234",
        "https://host/file?sig=abcdef",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "0123456789abcdef0123456789abcdef01234567",
        '{"token": "ghp_abcdefghijklmnopqrstuvwxyz"}',
    ],
)
def test_values_of_secrets(value: str) -> None:
    assert looks_secret("PLAIN", value)
    assert looks_secret("PLAIN", f"--with {value}")


@pytest.mark.parametrize("seed", range(50))
def test_random_keys(seed: int) -> None:
    rng = random.Random(seed)
    letters = string.ascii_letters + string.digits
    keys = [
        base64.urlsafe_b64encode(rng.randbytes(36)).decode(),
        base64.b64encode(rng.randbytes(48)).decode(),
        rng.randbytes(16).hex(),
        rng.randbytes(32).hex().upper(),
        "".join(rng.choices(letters, k=40)),
        "".join(rng.choices(string.ascii_lowercase + string.digits, k=50)),
    ]
    assert [key for key in keys if not looks_secret("PLAIN", key)] == []


def test_names_of_parameters() -> None:
    assert not looks_secret_argument("max_tokens", "512")
    assert looks_secret_argument("client_secret", "x")
