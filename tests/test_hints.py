"""Every hint is a command that can be run as printed, or in the code that scripts call, a line of Python."""

from __future__ import annotations

import ast
import re
import shlex

import pytest

from registry_cli.cli.table import COMMANDS, GROUPS
from registry_cli.cli.topics import list_topics
from tests.hints import FIELD, PACKAGE, Hint, list_hints, list_positional

pytestmark = pytest.mark.xdist_group("code")
"""One process of the tests reads all of the package, once."""

PROGRAMS = {"reg", "git", "rm", "chmod", "pip"}
WHOLE = {"--help", "--version"}
"""Options of `reg` itself that are a command of their own."""


def test_hints_are_found() -> None:
    assert len([hint for hint in list_hints() if hint.text]) > 100


def test_a_hint_can_be_followed() -> None:
    assert not list_positional(), "pass a hint by its name"
    assert not [hint.place for hint in list_hints() if hint.text is None], "write it where it is passed"


def test_a_hint_can_be_run_as_printed() -> None:
    wrong = [f"{hint.place}: {hint.text}: {problem}" for hint in list_hints() if (problem := find_problem(hint))]
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize(
    "text",
    [
        "decide", "give one of them", "reg", "reg modle", "reg model", "reg model add NAME FILE", "reg help nothing",
        "reg log -- …", "see `reg help query`", "reg repair, with --from", "reg trust --list; rm x", f"{FIELD} --help",
        "did you mean reg model?", "reg model show 'a", f"reg {FIELD} gives it up, or not", "Task.init()",
        "reg events lists them",
    ],
)  # fmt: skip
def test_what_is_no_command_is_found(text: str) -> None:
    assert find_problem(Hint(PACKAGE / "cli" / "x.py", 1, text))


@pytest.mark.parametrize("text", ["Task.init()", f"tags=[{FIELD}]", "reg model list"])
def test_python_is_a_hint_for_scripts(text: str) -> None:
    assert not find_problem(Hint(PACKAGE / "sdk" / "x.py", 1, text))


def find_problem(hint: Hint) -> str | None:
    """Return what is wrong with a hint, or None."""
    text = hint.text or ""
    bare = re.sub(r"'[^']*'", FIELD, text)
    if "sdk" in hint.path.relative_to(PACKAGE).parts and is_python(text):
        return None
    if re.search(r"(?<![\w-])[A-Z]+(?![\w])", bare) or "…" in text or "..." in text:
        return "it has a placeholder"
    if re.search(r"[,;:`?]( |$)", bare):
        return "it is a sentence"
    try:
        program, *words = shlex.split(text)
    except ValueError as error:
        return str(error)
    if program not in PROGRAMS:
        return f"`{program}` is none of {', '.join(sorted(PROGRAMS))}"
    return find_unknown(words) if program == "reg" else None


def find_unknown(words: list[str]) -> str | None:
    """Return what is wrong with the words after `reg`, as far as they are known."""
    if len(words) == 1 and words[0] in WHOLE:
        return None
    command, rest = "", words[2:] if words[:1] == ["--registry"] else list(words)
    while rest and command in GROUPS and FIELD not in rest[0]:
        command = f"{command} {rest.pop(0)}".strip()
    if (command in GROUPS and not rest) or command not in {*COMMANDS, ""}:
        return f"`reg {command}` is no command"
    if command == "help":
        topics = {topic.name for topic in list_topics()}
        return None if not rest or rest[0] in topics or " ".join(rest) in COMMANDS else f"no topic {rest[0]}"
    if rest and re.fullmatch(r"[a-z]+", rest[0]):
        return f"`{rest[0]}` is no word that a command takes"
    return None


def is_python(text: str) -> bool:
    """Return whether a text is a call or an assignment of Python; a bare word would be one too."""
    try:
        [statement] = ast.parse(text.replace(FIELD, "x")).body
    except (SyntaxError, ValueError):
        return False
    return isinstance(statement, ast.Assign) or isinstance(getattr(statement, "value", None), ast.Call)
