"""`reg help`: explain a topic or a command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from registry_cli.cli.group import help_text
from registry_cli.cli.session import open_session
from registry_cli.cli.suggest import find_command, find_explained, find_verbs
from registry_cli.cli.table import COMMANDS, GROUPS
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
    text = guide or help_text(words)
    if text is None:
        guide = _find_guide(output, words[-1].lower())
        text = guide or _find_verb(output, words)
    if text is None:
        from registry_cli.near import did_you_mean, list_near  # only a mistake needs it

        near = list_near(words[-1], [*(topic.name for topic in list_topics()), *COMMANDS])
        raise NotFoundError(f"no topic or command `{' '.join(words)}`{did_you_mean(near)}", hint="reg help")
    if guide is not None and output.drawn:
        from rich.markdown import Markdown

        output.draw(Markdown(guide))
    else:
        output.text(text)


def _find_guide(output: Output, word: str) -> str | None:
    """Return the guide that explains a word which no command and no topic has, and name it; None if there is none."""
    topic = find_explained(word)
    if topic is not None:
        output.note(f"no topic or command is called `{word}`: this is `reg help {topic}`")
    return find_topic(topic) if topic is not None else None


def _find_verb(output: Output, words: Sequence[str]) -> str | None:
    """Return the help of the command that a verb probably means, and name the others; None if there is none."""
    group, verb = " ".join(words[:-1]), words[-1]
    found = find_command(group, verb) if group in GROUPS else None
    others = [f"`reg help {same}`" for same in find_verbs(verb) if same != found] if not group else []
    if found is not None and others:
        output.note(f"see also {' and '.join(others)}")
    return help_text(found.split()) if found is not None else None
