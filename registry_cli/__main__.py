"""`python -m registry_cli` is `reg`."""

from __future__ import annotations

from registry_cli.cli.main import run_process

if __name__ == "__main__":
    run_process()
