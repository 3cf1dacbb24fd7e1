"""The table, the commands and their help agree; help loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from registry_cli.cli import commands
from registry_cli.cli.suggest import _EXPLAINED, _MEANT, _TOPICS
from registry_cli.cli.table import ALIASES, COMMANDS, GROUPS, SHORT, children
from registry_cli.cli.topics import list_topics
from tests.cli.conftest import HERE, Reg

VERBS = [words for words in COMMANDS if words not in GROUPS]
FORBIDDEN = {
    "asyncio",
    "click",
    "concurrent.futures",
    "http",
    "importlib.metadata",
    "multiprocessing",
    "numpy",
    "platformdirs",
    "pydantic",
    "rich",
    "sqlite3",
    "tomli_w",
    "urllib.request",
    "xxhash",
}
FORBIDDEN_BEFORE_TYPER = FORBIDDEN | {"dataclasses", "inspect", "json", "pathlib", "re", "typer", "typing"}


@pytest.mark.parametrize("words", VERBS)
def test_the_summary_is_the_first_line_of_the_docstring(words: str) -> None:
    documented = import_module(COMMANDS[words].module).command.__doc__
    assert documented.splitlines()[0] == COMMANDS[words].summary + "."


def test_every_module_of_commands_is_in_the_table() -> None:
    folder = Path(commands.__path__[0])
    found = {" ".join(path.relative_to(folder).with_suffix("").parts) for path in folder.rglob("[!_]*.py")}
    assert found == set(VERBS)


@pytest.mark.parametrize("words", VERBS)
def test_every_command_has_help_of_80_columns(reg: Reg, words: str) -> None:
    lines = reg(*words.split(), "--help").lines
    assert lines[0].startswith(f"Usage: reg {words} ")
    assert max(map(len, lines)) <= 80
    assert reg("help", *words.split()).lines == lines


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_a_group_alone_prints_its_help(reg: Reg, group: str) -> None:
    result = reg(*group.split())
    assert result.out == reg(*group.split(), "--help").out == reg(*group.split(), "-h").out
    assert max(map(len, result.lines)) <= 80
    for name, row in children(group).items():
        assert f"  {name} " in result.out
        assert f"\n{row.section}:\n" in result.out
    assert not any(f"\n  {alias} " in result.out for alias in ALIASES)


def test_summaries_fit_one_line() -> None:
    assert [row.words for row in COMMANDS.values() if len(row.summary) > 66] == []


@pytest.mark.parametrize("words", VERBS)
def test_every_option_and_argument_is_explained(words: str) -> None:
    from registry_cli.cli.group import LazyCommand, root_group

    command = root_group()
    for word in words.split():
        command = command.commands[word]
    assert isinstance(command, LazyCommand)
    assert [param.name for param in command.load().params if not param.help] == []


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["modle"], "reg model"),
        (["modle", "show", "a/b:1", "--columns", "my name"], "reg model show a/b:1 --columns 'my name'"),
        (["model", "publsh"], "reg model publish"),
        (["model", "promte", "a/b:1", "prod"], "reg model promote a/b:1 prod"),
        (["publish", "My Project/m:1"], "reg model publish 'My Project/m:1'"),
        (["restore", "a/b:1"], "reg model restore a/b:1"),
        (["diff", "a/b:1", "a/b:2"], "reg model compare a/b:1 a/b:2"),
        (["model", "upload", "a/b", "f"], "reg model add a/b f"),
        (["tags"], "reg model tag"),
        (["hist", "a/b"], "reg model history a/b"),
        (["task", "publish", "a/b:1"], "reg model publish a/b:1"),
        # what is unrelated or takes something away is not suggested
        (["zzz"], "reg --help"),
        (["push"], "reg --help"),
        (["model", "push"], "reg model --help"),
        (["config", "restore"], "reg config --help"),
        (["trash", "remove"], "reg trash --help"),
        (["remove", "a/b:1"], "reg model remove --help"),
        (["model", "delete", "a/b:1"], "reg model remove --help"),
        (["trash", "emtpy"], "reg trash empty --help"),
        (["clean"], "reg gc --help"),
        (["rm", "a/b:1"], "reg model remove --help"),
        (["redo"], "reg undo --help"),
        (["model", "rollback", "a/b@prod"], "reg model alias --help"),
        # the meaning of a word comes before its spelling, and no opposite is suggested
        (["remote"], "reg --help"),
        (["login"], "reg --help"),
        (["stash"], "reg --help"),
        (["lgo", "--", "true"], "reg log -- true"),
        (["dug"], "reg --help"),
        (["mv", "a/b", "a/c"], "reg model rename a/b a/c"),
        (["model", "log", "a/b"], "reg model history a/b"),
        (["task", "log", "a"], "reg task logs a"),
        (["model", "set", "a/b", "x=1"], "reg model edit --help"),
        (["model", "metric", "a/b", "x=1"], "reg model edit --help"),
        (["set", "author", "me"], "reg config set author me"),
        (["model", "untag", "a/b:1", "x"], "reg model tag --help"),
        (["model", "unpublish", "a/b:1"], "reg help lifecycle"),
        (["unlock", "a/b:1"], "reg help lifecycle"),
    ],
)
def test_a_word_that_is_no_command_leads_to_the_one_meant(reg: Reg, words: list[str], hint: str) -> None:
    assert reg(*words, code=2).err.splitlines()[1] == f"hint: {hint}"


@pytest.mark.parametrize(
    ("words", "problem", "hint"),
    [
        (["--versoin"], "no option `--versoin`: did you mean `--version`?", "reg --help"),
        (["list", "--colums=a"], "no option `--colums`: did you mean `--columns`?", "reg list --help"),
        (["model", "remove", "x", "--yess"], "no option `--yess`", "reg model remove --help"),
        (["model", "edit", "a/b:1", "--metric", "acc=1"],
         "no option `--metric`: did you mean `--set metrics.KEY=NUMBER`?", "reg model edit --help"),
        (["model", "derive", "a/b:1", "--meta", "a=1"],
         "no option `--meta`: did you mean `--set metadata.KEY=VALUE`?", "reg model derive --help"),
        (["log", "--nmae", "x", "--", "true"], "no option `--nmae`: did you mean `--name`?", "reg log --help"),
        (["help", "--qqq"], "no option `--qqq`", "reg help --help"),
        (["completion"], "missing argument `bash|zsh|fish`. Choose from: bash, zsh, fish", "reg completion --help"),
        (["--registry"], "option `--registry` requires an argument", "reg --help"),
        (["task", "list", "--limit"], "option `--limit` requires an argument", "reg task list --help"),
        (["model", "add", "a/b", "f", "--step", "x"], "invalid value for `--step`: `x` is not a valid int range",
         "reg model add --help"),
        (["task", "metric", "loss=0.3", "--step=4", "--step", "4", "--step", "5"],
         "--step takes one value, and is given `4` and `5`", "reg task metric --help"),
        (["query", "-n", "3", "--limit", "4"], "--limit takes one value, and is given `3` and `4`", "reg query --help"),
        (["log", "--name", "a", "--name", "b", "--", "train", "--name", "c"],
         "--name takes one value, and is given `a` and `b`", "reg log --help"),
        (["add", "a/b", "f", "--label", "x"], "--label 'x' is not a label with its number, as in --label cat=1",
         "reg add --help"),
    ],
)  # fmt: skip
def test_a_bad_option_leads_to_the_help_of_its_command(reg: Reg, words: list[str], problem: str, hint: str) -> None:
    assert reg(*words, code=2).err == f"error: {problem}\nhint: {hint}\n"


@pytest.mark.parametrize("verb", SHORT)
def test_a_short_form_is_the_command_for_models(reg: Reg, verb: str) -> None:
    short, long = reg(verb, "--help").out, reg("model", verb, "--help").out
    assert short == long.replace(f"reg model {verb} [", f"reg {verb} [")
    assert verb not in children("")


def test_short_forms_run(iris: Reg) -> None:
    assert iris("add", "a/b", "in/1.safetensors", "-q").out
    assert iris("list").out == iris("ls").out == iris("model", "list").out
    assert iris("show", "a/b", "--columns", "name").out == "name\ta/b\n"
    assert iris("query", "name = 'a/b'", "-q").out == iris("model", "query", "name = 'a/b'", "-q").out
    assert iris("get", "a/b", "there").lines == ["there/1.safetensors"]
    assert iris("compare", "iris/softmax:1", "iris/softmax:2").out
    assert "no model named" in iris("show", "nothing/here", code=11).err


@pytest.mark.parametrize(
    ("word", "command", "note"),
    [
        ("publish", "model publish", ""),
        ("restore", "model restore", "see also `reg help task restore` and `reg help trash restore`\n"),
        ("diff", "model compare", ""),
    ],
)
def test_help_finds_a_verb(reg: Reg, word: str, command: str, note: str) -> None:
    found = reg("help", word)
    assert (found.out, found.err) == (reg(*command.split(), "--help").out, note)


@pytest.mark.parametrize(
    ("words", "topic"),
    [
        ("unpublish", "lifecycle"), ("model unpublish", "lifecycle"), ("unlock", "lifecycle"), ("remote", "faq"),
        ("push", "faq"), ("mlflow", "from-mlflow"), ("gate", "ci"), ("stages", "lifecycle"), ("API", "python"),
    ],
)  # fmt: skip
def test_help_finds_what_there_is_to_say(reg: Reg, words: str, topic: str) -> None:
    found = reg("help", *words.split())
    assert found.out == reg("help", topic).out
    word = words.split()[-1].lower()
    assert found.err == f"no topic or command is called `{word}`: this is `reg help {topic}`\n"


def test_the_words_that_help_explains_are_neither_topics_nor_commands() -> None:
    topics = {topic.name for topic in list_topics()}
    taken = {*topics, *_MEANT, *(row.name for row in COMMANDS.values()), *ALIASES} - {"remote"}  # means nothing there
    words = [word for listed in _TOPICS.values() for word in listed.split()]
    assert (set(_TOPICS) | set(_EXPLAINED.values())) <= topics
    assert sorted(set(words) & taken) == []
    assert len(set(words)) == len(words)


def test_help_names_what_is_near(reg: Reg) -> None:
    assert reg("help", "model", "delete").out == reg("model", "remove", "--help").out
    assert "did you mean tutorial?" in reg("help", "tutoril", code=11).err
    assert "did you mean exit-codes?" in reg("help", "exitcodes", code=11).err


def test_help_of_a_topic_names_the_command_of_that_name(reg: Reg) -> None:
    found = reg("help", "query")
    assert found.lines[0].startswith("# ")
    assert found.err == "a topic; the command of that name: reg model query --help\n"
    assert "no topic or command `zzz`" in reg("help", "zzz", code=11).err


def test_an_option_may_be_repeated_with_the_same_value_or_where_it_takes_many(iris: Reg) -> None:
    assert len(iris("model", "query", "--limit", "1", "--limit=1", "-q", "-q").lines) == 1
    assert iris("model", "query", "--tag", "x", "--tag", "y", "-q").lines == []


def test_a_missing_word_is_reported_in_our_style(reg: Reg) -> None:
    result = reg("model", "show", code=2)
    assert result.err == "error: missing argument `REF`\nhint: reg model show --help\n"


@pytest.mark.parametrize("place", range(3))
def test_the_registry_may_be_named_anywhere(reg: Reg, tmp_path: Path, place: int) -> None:
    words = ["model", "list"]
    words[place:place] = ["--registry", str(tmp_path / "none")]
    assert str(tmp_path / "none") in reg(*words, code=10).err


def loaded_after(words: list[str]) -> set[str]:
    code = f"import sys\nfrom registry_cli.cli.main import main\nmain({words!r})\nprint(*sys.modules, file=sys.stderr)"
    # -S: what the environment's own .pth files load is not ours
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, env=paths(), check=True)
    return set(done.stderr.split())


def paths() -> dict[str, str]:
    typer = find_spec("typer")
    assert typer
    assert typer.origin
    return {"PYTHONPATH": f"{HERE}:{Path(typer.origin).parents[1]}"}


@pytest.mark.parametrize("words", [["--help"], ["model", "--help"], ["model", "list", "--help"], ["help", "model"]])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    assert loaded_after(words) & FORBIDDEN == set()


@pytest.mark.parametrize("words", [["--version"], ["__complete", "fish", "mo"], ["__complete", "bash", "reg mo", ":="]])
def test_version_and_completion_load_nearly_nothing(words: list[str]) -> None:
    assert loaded_after(words) & FORBIDDEN_BEFORE_TYPER == set()
