"""`reg help`: explain a topic or a command."""

from __future__ import annotations

from typing import Annotated

import typer

from registry_cli.cli.group import help_text
from registry_cli.cli.session import open_session
from registry_cli.cli.topics import find_topic, list_topics
from registry_cli.errors import NotFoundError

EXAMPLES = ("reg help query", "reg help model add")


def command(
    ctx: typer.Context,
    words: Annotated[list[str] | None, typer.Argument(metavar="TOPIC", help="A topic, or a command's words.")] = None,
) -> None:
    """Explain a topic or a command."""
    output = open_session(ctx).output
    if not words:
        output.text(help_text([]) or "")
        output.text("\nTopics:\n" + "\n".join(f"  {topic.name:<12}  {topic.summary}" for topic in list_topics()))
        return
    guide = find_topic(words[0]) if len(words) == 1 else None
    text = help_text(words) if guide is None else guide
    if text is None:
        raise NotFoundError(f"no topic or command `{' '.join(words)}`", hint="reg help")
    if guide is not None and output.drawn:
        from rich.markdown import Markdown

        output.draw(Markdown(guide))
    else:
        output.text(text)
