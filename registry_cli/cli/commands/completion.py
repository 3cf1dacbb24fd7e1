"""`reg completion`: print the script with which a shell completes words."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from registry_cli.cli.session import open_session

EXAMPLES = (
    "source <(reg completion bash)    # in ~/.bashrc",
    "source <(reg completion zsh)     # in ~/.zshrc, after compinit",
    "reg completion fish > ~/.config/fish/completions/reg.fish",
)


def command(
    ctx: typer.Context,
    shell: Annotated[
        Literal["bash", "zsh", "fish"], typer.Argument(metavar="bash|zsh|fish", help="The shell that loads it.")
    ],
) -> None:
    """Print the script with which a shell completes words."""
    from registry_cli.cli.shell_scripts import read_script

    open_session(ctx).output.text(read_script(shell))
