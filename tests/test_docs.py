"""The documents cannot lie: their examples are run, their tables are compared with the code, their commands exist.

Every ```console block of README and the guides is typed into bash, on a terminal 100 columns wide: README's after its
first command, a guide's in what `reg demo` leaves, in an empty folder where it says so, or in a folder of another tool
(`foreign.py`). A shown line must be printed, in the order shown; `…` stands for anything, and white space counts as one
blank. A command that shows no error must end with 0, unless `$ echo $?` follows. Python blocks are run in their turn. A
block that cannot run here says `console no-run`, and why in a comment on the line before, unless `.ci/run` types it.
Commands that need a program which is not there (jq) are left out.
"""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import registry_cli
from registry_cli import env
from registry_cli.catalog.fold.rules import ALLOWED, STATUSES
from registry_cli.catalog.query.fields import FILES, KEYED, PLAIN
from registry_cli.catalog.query.parse import parse_query
from registry_cli.cli.group import LazyCommand, RegGroup, help_text, root_group
from registry_cli.cli.main import main
from registry_cli.cli.suggest import find_verbs
from registry_cli.cli.table import ALIASES, COMMANDS, GROUPS
from registry_cli.cli.topics import GUIDES, INSIDE, MADE, find_topic, format_frameworks, list_topics
from registry_cli.errors import LaunchError, RegError
from registry_cli.frameworks.catalogue import KEYS as FRAMEWORKS
from registry_cli.frameworks.catalogue import SILENT, TABLES, load_frameworks
from registry_cli.frameworks.patching.shapes import Save
from registry_cli.records.version import ROLES
from registry_cli.registry.settings import KEYS
from tests.foreign import FOLDERS
from tests.hints import list_hints

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCUMENTS = [README, *sorted(GUIDES.glob("*.md"))]
TOPICS = {"query", "lifecycle", "addresses", "layout", "exit-codes", "environment", "ci"}
FENCE = re.compile(r"(?P<before>[^\n]*)\n```(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
CLEARML_KEYS = (
    "matplotlib", "tensorflow", "tensorboard", "pytorch", "xgboost", "scikit", "joblib", "fastai", "lightgbm", "hydra",
    "detect_repository", "tfdefines", "megengine", "catboost", "gradio",
)  # fmt: skip
"""What `auto_connect_frameworks` knows in ClearML 2.1."""
EMPTY = "The examples begin in an empty folder"
"""The words of a guide whose examples need nothing that is there before."""
MARK = "\x1e"
"""Stands between the outputs of two commands."""


@dataclass(frozen=True)
class Step:
    """A command of an example and the lines it shows."""

    command: str
    shown: tuple[str, ...]
    may_fail: bool


def read(path: Path) -> str:
    if not path.exists():
        pytest.fail(f"{path.name} is missing")
    return path.read_text(encoding="utf-8")


def blocks(path: Path) -> Iterator[re.Match[str]]:
    return FENCE.finditer(read(path))


def steps(path: Path) -> list[Step]:
    """Return the commands of all console blocks that are to be run."""
    found: list[Step] = []
    for block in blocks(path):
        if block["info"] == "console":
            found += parse_block(block["body"])
        if block["info"] == "python":
            found.append(Step(f"python - <<'END'\n{block['body']}END", (), may_fail=False))
    return found


def parse_block(body: str) -> list[Step]:
    typed: list[tuple[list[str], list[str]]] = []
    for line in body.splitlines():
        continued = typed and not typed[-1][1] and typed[-1][0][-1].endswith("\\")
        if line.startswith("$ "):
            typed.append(([line[2:]], []))
        elif typed and not typed[-1][1] and (continued or line == ">" or line.startswith("> ")):
            typed[-1][0].append(line.removeprefix(">").removeprefix(" "))
        else:
            assert typed, f"a block begins with output: {line}"
            typed[-1][1].append(line)
    commands = ["\n".join(lines) for lines, _ in typed]
    return [
        Step(
            command,
            tuple(filter(str.strip, shown)),
            may_fail=any(line.startswith("error:") for line in shown) or following == "echo $?",
        )
        for command, following, (_, shown) in zip(commands, [*commands[1:], ""], typed, strict=True)
    ]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `reg` and `python` in it."""
    folder = tmp_path_factory.mktemp("bin")
    for name, words in (("reg", "-m registry_cli "), ("python", "")):
        (folder / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words}"$@"\n')
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, programs: Path) -> Path:
    """The folder that `reg demo` leaves."""
    folder = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        ["reg", "demo", str(folder)], env=environment(programs, folder), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return folder


def environment(programs: Path, home: Path) -> dict[str, str]:
    return {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TERM": "xterm",
        "TZ": "UTC",
        env.COLUMNS: "100",
        env.CI: "1",
        env.NO_COLOR: "1",
        env.REG_AUTHOR: "ada",
    }


def run_first_command(programs: Path, home: Path) -> str:
    """Do what README's first command does, once `reg` is installed; return the command that its last line names."""
    first = next(block["body"] for block in blocks(README) if "reg demo" in block["body"])
    assert first.endswith(" && reg demo\n")
    variables = {**environment(programs, home), "TMPDIR": str(home)}
    done = subprocess.run(["reg", "demo"], env=variables, cwd=home, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    _, said, command = done.stdout.splitlines()[-1].partition("Go on with:")
    assert said
    return command.strip()


@pytest.mark.slow
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_examples(document: Path, programs: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    wanted = steps(document)
    folder, home = tmp_path / "work", tmp_path / "home"
    home.mkdir()
    if document == README:
        wanted = [Step(run_first_command(programs, home), (), may_fail=False), *wanted]
    if document.stem in FOLDERS:
        folder.mkdir()
        FOLDERS[document.stem](folder)
    elif document == README or EMPTY in " ".join(read(document).split()):
        folder.mkdir()
    else:
        shutil.copytree(request.getfixturevalue("demo"), folder)
    missing = {tool for tool in ("jq", "dot") if shutil.which(tool) is None}
    runnable = [step for step in wanted if not missing & set(re.findall(r"\w+", step.command))]
    outputs = run_all([step.command for step in runnable], folder, environment(programs, home))
    wrong = [problem for step, output in zip(runnable, outputs, strict=True) for problem in judge(step, *output)]
    assert not wrong, "\n\n".join(["", *wrong])


def run_all(commands: Sequence[str], folder: Path, variables: dict[str, str]) -> list[tuple[str, int]]:
    """Type commands into one bash on a terminal; return what each printed and how it ended."""
    script = "\n".join(f"{command}\n__code=$?; printf '{MARK}%s{MARK}' $__code; (exit $__code)" for command in commands)
    master, slave = pty.openpty()
    with subprocess.Popen(
        ["bash", "--norc", "-c", script],
        cwd=folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
    ) as shell:
        os.close(slave)
        pieces = drain(master).split(MARK)
    assert shell.returncode is not None
    os.close(master)
    texts, codes = pieces[0:-1:2], pieces[1::2]
    assert len(codes) == len(commands), pieces[-1]
    return [(clean(text), int(code)) for text, code in zip(texts, codes, strict=True)]


def drain(terminal: int) -> str:
    pieces = []
    while True:
        try:
            piece = os.read(terminal, 1 << 16)
        except OSError:  # Linux says EIO when the last writer has gone
            break
        if not piece:
            break
        pieces.append(piece)
    return b"".join(pieces).decode()


def clean(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]|\r", "", text)


def judge(step: Step, output: str, code: int) -> Iterator[str]:
    """Yield what is wrong with the outcome of a command."""
    if code and not step.may_fail:
        yield f"$ {step.command}\nended with {code}:\n{output}"
    rest = [blanked(line) for line in output.splitlines()]
    for line in step.shown:
        pattern = ".*".join(map(re.escape, blanked(line).split("…")))
        at = next((at for at, printed in enumerate(rest) if re.fullmatch(pattern, printed)), None)
        if at is None and blanked(line) != "…":
            yield f"$ {step.command}\ndoes not print, or not in this order:\n{line}\nbut:\n{output}"
            return
        rest = rest[at + 1 if at is not None and blanked(line) != "…" else 0 :]


def blanked(line: str) -> str:
    return " ".join(line.split())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_blocks_are_marked(document: Path) -> None:
    for block in blocks(document):
        if block["info"] == "console no-run":
            typed_by_ci = block["body"].startswith("$ python3 -m venv .venv && ") and block["body"].count("\n") == 1
            assert typed_by_ci or re.fullmatch(r"<!-- no-run: .+ -->", block["before"].strip()), "say why it is not run"
        elif block["info"] == "console":
            assert not re.search(r"\bpip install\b|\bgit clone\b|\bpytest\b", block["body"]), "mark it `console no-run`"
        else:
            assert "$ reg " not in block["body"], "a block with commands is a `console` block"


# --- commands and options that documents, help and hints speak of -----------------------------------------------------


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command and group, loaded, by its words."""
    root = root_group()
    yield "", root
    for words in COMMANDS:
        command: Any = root
        for word in words.split():
            command = command.commands[word]
        yield words, command.load() if isinstance(command, LazyCommand) else command


def options_of(command: Any) -> dict[str, Any]:
    context = command.context_class(command, help_option_names=["--help", "-h"])
    params = command.get_params(context)
    return {name: param for param in params for name in (*param.opts, *param.secondary_opts) if name.startswith("-")}


def test_everything_has_help() -> None:
    silent = []
    for words, command in commands():
        context = command.context_class(command, help_option_names=["--help", "-h"])
        params = [param for param in command.get_params(context) if not param.help]
        silent += [f"reg {words}: {param.name}" for param in params]
        if not isinstance(command, RegGroup):
            silent += [f"reg {words}: no example"] if not command.examples else []
    assert not silent


def spoken(source: Path | str) -> Iterator[str]:
    """Yield what follows each `reg` that a document, the examples in help, or the hints in the code show."""
    if source == "help":
        for _, command in commands():
            for example in getattr(command, "examples", ()):
                yield from find_calls(example)
    elif source == "hints":
        for hint in list_hints():
            yield from find_calls(hint.text or "")
    elif isinstance(source, Path):
        for block in blocks(source):
            for line in re.sub(r"\\\n\s*", " ", block["body"]).splitlines():
                yield from find_calls(line)
        for span in re.findall(r"`([^`\n]+)`", FENCE.sub("", read(source))):
            yield from find_calls(span)


def find_calls(line: str) -> Iterator[str]:
    """Yield the words after each `reg` that stands where a command can; VALUE stands for each quoted text."""
    unquoted = re.sub(r"'[^']*'|\"[^\"$]*\"", "VALUE", line)
    for call in re.finditer(r"(?:^|[$|;&(]\s*|\w+=\S* )(?:\.venv/bin/)?reg (?P<words>[^|;&<>)]*)", unquoted.strip()):
        yield call["words"]


@pytest.mark.xdist_group("code")
@pytest.mark.parametrize("source", [*DOCUMENTS, "help", "hints"], ids=lambda source: Path(source).stem)
def test_every_command_that_is_spoken_of_exists(source: Path | str) -> None:
    known = dict(commands())
    wrong = []
    for call in spoken(source):
        words = call.split()
        at, name = count_options(words, options_of(known[""])), ""
        while at < len(words) and name in GROUPS and words[at][0].islower():
            name = f"{name} {ALIASES.get(words[at], words[at])}".strip()
            at += 1
        if name not in known:
            wrong.append(f"reg {call}")
            continue
        understood = options_of(known[name]) | options_of(known[""])
        wrong += [f"reg {call}: {option}" for option in options_in(words[at:], understood) if option not in understood]
    assert not wrong, "\n" + "\n".join(sorted(set(wrong)))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_every_python_name_that_is_spoken_of_exists(document: Path) -> None:
    names = set(re.findall(r"(?<![\w.`/-])`?(?:reg|Task|Logger|Version|Registry|OutputModel)\.\w+\b", read(document)))
    missing = []
    for owner, _, name in (name.strip("`").partition(".") for name in names):
        if not hasattr(registry_cli if owner == "reg" else getattr(registry_cli, owner), name):
            missing.append(f"{owner}.{name}")
    assert not missing


@pytest.mark.parametrize("source", [*DOCUMENTS, "help", "hints"], ids=lambda source: Path(source).stem)
def test_every_topic_that_is_spoken_of_exists(source: Path | str) -> None:
    calls = [call.removeprefix("help ").split() for call in spoken(source) if call.startswith("help ")]
    named = [words for words in calls if words[0].islower()]
    assert not [words for words in named if not (find_topic(words[0]) or help_text(words) or find_verbs(words[0]))]


def count_options(words: Sequence[str], understood: Mapping[str, Any]) -> int:
    """Return how many words are options, and their values, before the first word of a command."""
    at = 0
    while at < len(words) and words[at] in understood:
        at += 1 if understood[words[at]].is_flag else 2
    return at


def options_in(words: Sequence[str], understood: Mapping[str, Any]) -> Iterator[str]:
    """Yield the options among words, without the values that follow them, up to a command that is run."""
    rest = iter(words)
    for word in rest:
        if word == "--":
            return
        if word.startswith("-") and word.strip("-"):
            option, given, _ = word.partition("=")
            yield option
            if option in understood and not understood[option].is_flag and not given:
                next(rest, None)


# --- tables -----------------------------------------------------------------------------------------------------------


def guide(name: str) -> str:
    return read(GUIDES / f"{name}.md")


def table(name: str, heading: str) -> list[list[str]]:
    """Return the rows of the table of a guide whose first heading is `heading`, without backticks."""
    lines = guide(name).splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def plain(cell: str) -> str:
    return cell.strip("`")


def test_topics() -> None:
    topics = {topic.name: topic.summary for topic in list_topics()}
    assert set(topics) >= TOPICS
    for path in sorted(GUIDES.glob("*.md")):
        first = path.read_text().partition("\n")[0]
        assert first == f"# {topics[path.stem]}"
        assert len(topics[path.stem]) <= 70


def test_guides_are_not_too_wide() -> None:
    for path in sorted(GUIDES.glob("*.md")):
        wide = [line for line in path.read_text().splitlines() if len(line) > 120 and not line.startswith("|")]
        assert not wide


def test_exit_codes() -> None:
    rows = {int(code): (plain(kind), means) for code, kind, means in table("exit-codes", "code")}
    errors = [RegError, *RegError.__subclasses__(), *LaunchError.__subclasses__()]
    assert {error.exit_code: error.kind for error in errors} == {code: kind for code, (kind, _) in rows.items() if kind}
    for error in errors[1:]:
        assert rows[error.exit_code][1] == (error.__doc__ or "").partition("\n")[0]
    assert {code for code, (kind, _) in rows.items() if not kind} == {0, 130, 143}
    assert set(re.findall(r"^\| (\d+) \|", guide("exit-codes"), re.MULTILINE)) == {str(code) for code in rows}


def test_environment_variables() -> None:
    rows = {plain(name): text for name, text in table("environment", "variable")}
    assert rows == env.VARIABLES


def test_settings() -> None:
    rows = {plain(key): (scope, plain(default), text) for key, scope, default, text in table("settings", "setting")}
    assert rows == {name: (key.scope, key.default or "", key.summary) for name, key in KEYS.items()}
    views = {plain(value) for value, _ in table("settings", "value")}
    assert views == set(KEYS["views"].choices)


def test_life_cycle() -> None:
    lines = guide("lifecycle").splitlines()
    assert f"| change | {' | '.join(STATUSES)} |" in lines
    assert {plain(change): tuple(cells) for change, *cells in table("lifecycle", "change")} == ALLOWED


def test_query_fields() -> None:
    rows = {plain(name): kind for name, kind, _ in table("query", "field")}
    assert rows == {name: field.kind for name, field in {**PLAIN, **FILES}.items()}
    assert all(f"`{name}.*`" in guide("query") for name in KEYED)


def test_query_grammar_is_the_parser_s() -> None:
    import registry_cli.catalog.query.parse as parse

    grammar = (parse.__doc__ or "").partition("\n\n")[2].strip()
    assert grammar in guide("query")


def test_query_terms_and_flags() -> None:
    for term, _ in table("query", "term"):
        parse_query(plain(term))
    query = dict(commands())["model query"]
    narrowing = {name for name, param in options_of(query).items() if param.rich_help_panel == "Narrow"}
    assert {plain(flag).split()[0] for flag, _ in table("query", "flag")} == narrowing - {"--all"}


def test_roles() -> None:
    assert tuple(plain(role) for role, _ in table("addresses", "role")) == ROLES


def test_readme_names_every_group_and_topic() -> None:
    text = read(README)
    assert all(
        f"reg {words}" in text for words in ("init", "demo", "model add", "model query", "model publish", "help")
    )


def test_readme_claims_no_more_of_clearml_s_scripts_than_is_there() -> None:
    section = " ".join(read(README).partition("## Coming from another tool\n")[2].partition("\n## ")[0].split())
    sentence, _, rest = section.partition("takes them from here")
    taken = re.findall(r"`(\w+)`", sentence)
    (imported,) = re.findall(r"`from registry_cli import ([\w, ]+)`", rest)
    (missing,) = re.findall(r"ClearML's ([^.]+) have no counterpart", rest)
    assert {*taken, *imported.split(", ")} <= set(registry_cli.__all__)
    assert taken == [name for name in taken if f"\n## {name}\n" in guide("clearml")]
    assert not set(re.findall(r"`(\w+)`", missing)) & set(registry_cli.__all__)


def test_every_answer_shows_a_command() -> None:
    answers = guide("faq").split("\n### ")[1:]
    assert len(answers) >= 20
    assert not [answer.partition("\n")[0] for answer in answers if "\n```console\n$ " not in answer]


def test_help_prints_every_topic(capsys: pytest.CaptureFixture[str]) -> None:
    for topic in list_topics():
        assert main(["help", topic.name]) == 0
        printed = capsys.readouterr().out
        assert printed == find_topic(topic.name)
        assert not any(mark in printed for mark in MADE)
        if not any(mark in guide(topic.name) for mark in MADE):
            assert printed == guide(topic.name)


def test_a_guide_lists_every_framework_that_is_heard() -> None:
    listed = find_topic("autolog") or ""
    assert max(map(len, format_frameworks().splitlines())) <= 80
    for framework in load_frameworks():
        assert f"- **{framework.title}**: `{framework.keys[0]}`" in listed
    assert all(f"`{key}`" in listed for key in {*FRAMEWORKS, *SILENT})
    for name in ("torch.save", "torch.jit.load", "joblib.dump", "Booster.save_model", "SummaryWriter.add_scalar"):
        assert f"`{name}`" in listed
    parts = {
        part for framework in load_frameworks() for hook in framework.hooks for part in re.split("[.:]", hook.target)
    }
    assert parts >= INSIDE


def test_clearml_s_keys_are_told() -> None:
    assert all(f"`{key}`" in guide("clearml") for key in CLEARML_KEYS)


def test_readme_counts_the_frameworks() -> None:
    text = " ".join(read(README).split())
    named = re.search(r"Files that ([\w, -]+) and (\w+) others save and load", text)
    assert named
    numbers = {"nine": 9, "ten": 10, "eleven": 11, "fifteen": 15, "sixteen": 16, "seventeen": 17}
    saving = [table for table in load_frameworks() if any(isinstance(hook, Save) for hook in table.hooks)]
    assert len(named[1].split(", ")) + numbers[named[2]] == len(saving)
    counted = re.search(r"`autolog\(\)` for (\w+) frameworks and libraries", text)
    assert counted
    assert numbers[counted[1]] == len(TABLES)
