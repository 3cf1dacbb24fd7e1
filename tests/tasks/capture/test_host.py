from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from registry_cli.records.values import check_value
from registry_cli.tasks.capture.host import capture_accelerators, capture_host


@pytest.fixture
def bin_folder(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    return tmp_path / "bin"


def make_tool(folder: Path, name: str, script: str) -> dict[str, str]:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin"}


def test_this_machine() -> None:
    host = capture_host()
    assert host["hostname"] == os.uname().nodename
    assert {"os", "kernel", "arch", "cores", "memory"} <= set(host)
    assert isinstance(host["memory"], int)
    assert host["memory"] > 1 << 20
    check_value(host, "host")


def test_none(bin_folder: Path) -> None:
    assert capture_accelerators({"PATH": str(bin_folder)}) == {}


def test_nvidia(bin_folder: Path) -> None:
    row = "NVIDIA A100-SXM4-80GB, 535.104.05, 81920"
    environ = make_tool(bin_folder, "nvidia-smi", f"echo '{row}'; echo '{row}'")
    assert capture_accelerators(environ) == {
        "gpu": "NVIDIA A100-SXM4-80GB", "gpu_count": 2, "gpu_memory": 81920 << 20, "gpu_driver": "535.104.05",
    }  # fmt: skip


def test_mixed_and_memory_unknown(bin_folder: Path) -> None:
    environ = make_tool(bin_folder, "nvidia-smi", "echo 'A, 1, [N/A]'; echo 'B, 1, 5'; echo nonsense")
    assert capture_accelerators(environ) == {"gpu": "A, B", "gpu_count": 2, "gpu_memory": 5 << 20, "gpu_driver": "1"}


def test_amd(bin_folder: Path) -> None:
    told = {
        "card0": {"Card Series": "AMD Instinct MI250X", "VRAM Total Memory (B)": "68702699520"},
        "system": {"Driver version": "6.3.6"},
    }
    environ = make_tool(bin_folder, "rocm-smi", f"echo '{json.dumps(told)}'")
    assert capture_accelerators(environ) == {
        "gpu": "AMD Instinct MI250X", "gpu_count": 1, "gpu_memory": 68702699520, "gpu_driver": "6.3.6",
    }  # fmt: skip


@pytest.mark.parametrize(
    "script", ["exit 9", "echo 'NVIDIA-SMI has failed'", "echo '[]'", "echo '{\"card0\": 1}'", "true"]
)
@pytest.mark.parametrize("tool", ["nvidia-smi", "rocm-smi"])
def test_a_tool_that_fails(bin_folder: Path, tool: str, script: str) -> None:
    assert capture_accelerators(make_tool(bin_folder, tool, script)) == {}
