"""Start-up: whole processes beside the interpreter alone, and beside the import of Typer."""

from __future__ import annotations

import os
import tempfile

from tests.bench.timing import compare, python


def main() -> None:
    """Print the ratios."""
    runs = 15
    with tempfile.TemporaryDirectory() as folder:
        here = os.getcwd()
        os.environ["PYTHONPATH"] = here
        os.environ.pop("REG_DIR", None)
        os.chdir(folder)
        python("-m", "registry_cli", "init")
        with open("m.bin", "wb") as file:
            file.write(b"x" * 100)
        for number in range(20):
            python("-m", "registry_cli", "model", "add", f"a/m{number}", "m.bin", "--metric", f"acc=0.{number}")

        def reg(*words: str) -> None:
            python("-m", "registry_cli", *words)

        def typer() -> None:
            python("-c", "import typer")

        def nothing() -> None:
            python("-c", "pass")

        light = {
            "reg --help": ("--help",),
            "reg model list --help": ("model", "list", "--help"),
            "reg model list": ("model", "list"),
            "reg model query EXPR": ("model", "query", "metrics.acc > 0.1", "--sort=-metrics.acc"),
            "reg model show REF": ("model", "show", "a/m3"),
        }
        for label, words in light.items():
            compare(f"{label} : import typer", lambda words=words: reg(*words), typer, bar="1.35", runs=runs)
        compare("reg --version : python -c pass", lambda: reg("--version"), nothing, bar="3", runs=runs)
        compare("complete a verb : pass", lambda: reg("__complete", "zsh", "model", "q"), nothing, bar="3", runs=runs)
        compare("complete a name : pass", lambda: reg("__complete", "zsh", "model", "show", "a/"), nothing,
                bar="3", runs=runs)  # fmt: skip
        compare("import registry_cli : pass (bar: 5 ms more)", lambda: python("-c", "import registry_cli"), nothing,
                bar="1.5", runs=runs)  # fmt: skip
        os.chdir(here)
