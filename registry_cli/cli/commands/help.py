"""`reg help`: explain a topic or a command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from registry_cli.cli.group import help_text
from registry_cli.cli.session import open_session
from registry_cli.cli.suggest import find_command, find_verbs
from registry_cli.cli.topics import find_topic, list_topics
from registry_cli.errors import NotFoundError

if TYPE_CHECKING:
    from registry_cli.cli.output import Output

EXAMPLES = ("reg help query", "reg help model add", "reg help publish")


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
    if guide is not None and find_verbs(words[0]):
        output.note(f"a topic; the command of that name: reg {find_verbs(words[0])[0]} --help")
    text = guide or help_text(words) or _find_verb(output, words)
    if text is None:
        raise NotFoundError(f"no topic or command `{' '.join(words)}`", hint="reg help")
    if guide is not None and output.drawn:
        from rich.markdown import Markdown

        output.draw(Markdown(guide))
    else:
        output.text(text)


def _find_verb(output: Output, words: Sequence[str]) -> str | None:
    """Return the help of the command that a verb alone probably means, and name the others; None if there is none."""
    found = find_command("", words[0]) if len(words) == 1 else None
    others = [f"`reg help {verb}`" for verb in find_verbs(words[0]) if verb != found]
    if found is not None and others:
        output.note(f"see also {' and '.join(others)}")
    return help_text(found.split()) if found is not None else None
