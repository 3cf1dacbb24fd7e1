"""Completion: the candidates at each place, first for given words, then in real shells on a terminal."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest

from registry_cli.catalog.index.admission import APPLICATION
from registry_cli.catalog.schema import INDEXES, SCHEMA, TABLES
from registry_cli.cli.complete.bash import quote, split_line
from registry_cli.cli.complete.generate import ROOT, generate
from tests.cli.conftest import HERE, Reg

MODELS = ("fraud/xgb", "iris/softmax", "iris/tuned", "My Project/Input Model")
ALL_BREAKS = " \t\n\"'@><=;|&(:"


def write_index(registry: Path, models: tuple[str, ...] = MODELS, schema: int = SCHEMA) -> None:
    """Write the index of a registry in which every model has three versions, the second one `@prod`."""
    path = registry / "cache" / "index.sqlite"
    path.parent.mkdir(parents=True)
    with sqlite3.connect(path) as database:
        signed = f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {schema};"
        database.executescript(signed + "PRAGMA journal_mode = WAL;" + TABLES + INDEXES)
        database.execute("INSERT INTO stamp VALUES ('schema', ?)", (str(schema),))
        for line, name in enumerate(models, 1):
            key, row = name.casefold(), 10 * line
            database.execute("INSERT INTO lines VALUES (?, ?, ?, '', 3)", (line, key, name))
            database.execute("INSERT INTO names VALUES (?, ?, ?)", (key, line, name))
            database.executemany(
                "INSERT INTO versions VALUES (?, ?, ?, ?, 'sklearn', '', 0, NULL, NULL, 0, NULL, ?, 0, ?, '{}',"
                " NULL, NULL, NULL, NULL)",
                [(row + n, f"{row + n}", line, n, "f" * 64 if n == 2 else None, n == 1) for n in (1, 2, 3)],
            )
            database.execute("INSERT INTO aliases VALUES (?, 'prod', ?)", (line, row + 2))
            database.executemany("INSERT INTO tags VALUES (?, ?)", [(row + 3, "baseline"), (row + 3, "candidate")])
            database.executemany(
                "INSERT INTO fields VALUES (?, ?, 1, NULL)", [(row + 3, "metrics.acc"), (row + 3, "metadata.owner")]
            )
    database.close()


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    write_index(tmp_path / ".registry")
    return tmp_path / ".registry"


@pytest.fixture
def offered(reg: Reg, registry: Path) -> Callable[..., list[str]]:
    def ask(*words: str) -> list[str]:
        return [line.partition("\t")[0] for line in reg("__complete", "fish", *words).lines[1:]]

    return ask


Offered = Callable[..., list[str]]


def test_what_is_generated_is_up_to_date() -> None:
    for path, text in generate().items():
        assert (ROOT / path).read_text(encoding="utf-8") == text, "run python -m registry_cli.cli.complete.generate"


def test_a_shell_can_ask_for_its_script(reg: Reg) -> None:
    for shell in ("bash", "zsh", "fish"):
        script = (ROOT / f"completions/reg.{shell}").read_text(encoding="utf-8")
        assert reg("__complete", shell).out == reg("completion", shell).out == script
    assert "hint: reg completion --help" in reg("completion", "tcsh", code=2).err
    assert reg("__complete", "tcsh", code=2).out == ""


def test_verbs(offered: Offered) -> None:
    assert offered("mod") == ["model"]
    assert {"init", "status", "config", "help", "model"} <= set(offered(""))
    assert offered("model", "pu") == ["publish"]
    assert offered("--registry", "x", "model", "sho") == ["show"]
    assert offered("model", "r") == ["rename", "restore", "remove"]
    assert offered("nonsense", "") == []


def test_short_forms(offered: Offered) -> None:
    assert "add" in offered("a")
    assert offered("show", "iris/t") == ["iris/tuned"]
    assert offered("ls", "fra") == ["fraud/xgb"]
    assert "--metric" in offered("add", "x/y", "f", "--")


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("log -- ", "files"), ("log -- python tr", "files"), ("log --data ", "files"), ("log --output=out/", "files"),
        ("task clone x --output ", "files"), ("model get iris/tuned ", "dirs"), ("get iris/tuned he", "dirs"),
        ("model get iris/tuned --to ", "dirs"), ("model get iris/tuned -o ", "files"), ("add x/y ", "files"),
        ("model get --to x iris/tuned fraud", "nospace"), ("model get fraud", "nospace"),
    ],
)  # fmt: skip
def test_files_and_folders_are_left_to_the_shell(reg: Reg, registry: Path, words: str, kind: str) -> None:
    assert reg("__complete", "fish", *words.split(" ")).lines[0] == kind


def test_options_that_were_given_are_not_offered_again(offered: Offered) -> None:
    assert "--json" in offered("model", "show", "--")
    assert "--json" not in offered("model", "show", "--json", "--")
    assert "--message" not in offered("model", "tag", "x", "-m", "why", "--m")
    assert "--add" in offered("model", "tag", "--add", "x", "--a")
    assert offered("model", "rm", "--f") == offered("model", "remove", "--f") == ["--force"]
    assert offered("model", "show", "--", "--") == []


def test_names_numbers_and_aliases(offered: Offered) -> None:
    assert offered("model", "show", "") == ["fraud/xgb", "iris/softmax", "iris/tuned", "My Project/Input Model"]
    assert offered("model", "show", "iris/t") == ["iris/tuned"]
    exact = [f"iris/tuned{end}" for end in ("", ":3", ":2", "@prod")]
    assert offered("model", "show", "iris/tuned") == exact
    assert offered("model", "show", "iris/tuned:") == ["iris/tuned:3", "iris/tuned:2"]
    assert offered("model", "show", "iris/tuned@") == ["iris/tuned@prod"]
    assert offered("model", "history", "iris/s") == ["iris/softmax"]
    assert offered("model", "tag", "iris/tuned", "fra") == ["fraud/xgb"]


def test_a_removed_version_is_not_offered_and_a_published_one_says_so(reg: Reg, registry: Path) -> None:
    lines = reg("__complete", "zsh", "model", "show", "fraud/xgb:").lines
    assert lines == ["words", "fraud/xgb:3\tsklearn", "fraud/xgb:2\tsklearn published"]


def test_values_of_options(offered: Offered) -> None:
    assert offered("model", "tag", "x", "--add", "b") == ["baseline"]
    assert offered("model", "query", "--tag=-c") == ["--tag=-candidate"]
    assert offered("model", "add", "x/y", "f", "--parent", "base=iris/t") == ["base=iris/tuned"]
    assert offered("model", "add", "x/y", "f", "--parent", "ba") == ["base="]
    assert offered("model", "query", "--columns", "name,metrics.") == ["name,metrics.acc"]
    assert offered("model", "query", "--sort", "-metrics.") == ["-metrics.acc"]
    assert offered("model", "query", "--columns", "ref,file.") == offered("model", "query", "--sort", "file.") == []
    assert offered("model", "query", "not file.") == ["not file.path", "not file.sha256"]
    assert offered("model", "lineage", "x", "--format", "m") == ["mermaid"]
    assert offered("config", "get", "vi") == ["views", "view."]
    assert offered("model", "edit", "x", "--set", "metad") == ["metadata.owner="]


def test_the_last_word_of_a_query(offered: Offered) -> None:
    assert offered("model", "query", "metrics.acc > 0.9 and (tag:b") == ["metrics.acc > 0.9 and (tag:baseline"]
    assert offered("model", "query", "frame") == ["framework"]
    assert offered("model", "query", "alias:") == ["alias:prod"]


def test_topics_and_commands_of_help(offered: Offered) -> None:
    assert "model" in offered("help", "")


def test_many_names_are_offered_a_segment_at_a_time(reg: Reg, tmp_path: Path) -> None:
    write_index(tmp_path / ".registry", tuple(f"team{n % 3}/model{n}" for n in range(90)))
    assert reg("__complete", "fish", "model", "show", "").out == "nospace\nteam0/\t\nteam1/\t\nteam2/\t\n"
    assert len(reg("__complete", "fish", "model", "show", "team0/").lines) == 31


def test_the_registry_is_found_as_commands_find_it(reg: Reg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = ("__complete", "fish")
    assert reg(*ask, "model", "show", "").lines == ["words"]
    for place, model in (("user", "u/user"), ("up", "u/up"), ("env", "e/env"), ("named", "n/named")):
        write_index(tmp_path / place / ".registry", (model,))
    monkeypatch.setenv("REG_DATA_HOME", str(tmp_path / "user"))
    assert "u/user" in reg(*ask, "model", "show", "").out
    (tmp_path / "up" / "below" / "it").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "up" / "below" / "it")
    assert "u/up" in reg(*ask, "model", "show", "").out
    monkeypatch.setenv("REG_DIR", str(tmp_path / "env"))
    assert "e/env" in reg(*ask, "model", "show", "").out
    assert "n/named" in reg(*ask, "--registry", str(tmp_path / "named" / ".registry"), "model", "show", "").out


def test_a_strange_index_offers_nothing_and_is_not_touched(reg: Reg, tmp_path: Path) -> None:
    write_index(tmp_path / "new" / ".registry", schema=SCHEMA + 1)
    assert reg("__complete", "fish", "--registry", "new", "model", "show", "").lines == ["words"]
    index = tmp_path / "bad" / "cache" / "index.sqlite"
    index.parent.mkdir(parents=True)
    index.write_bytes(b"no database" * 100)
    assert reg("__complete", "fish", "--registry", "bad", "model", "show", "").lines == ["words"]
    assert index.read_bytes() == b"no database" * 100


@pytest.mark.parametrize(
    ("text", "words", "kept"),
    [
        ("reg model sh", ["reg", "model", "sh"], 0),
        ("reg  show iris/s:", ["reg", "show", "iris/s:"], 7),
        ("reg show iris/s@pr", ["reg", "show", "iris/s@pr"], 6),
        ("reg add --parent=base=ir", ["reg", "add", "--parent=base=ir"], 14),
        ("reg show My\\ Pro", ["reg", "show", "My Pro"], 0),
        ("reg show 'My Pro", ["reg", "show", "My Pro"], 0),
        ("reg show 'My Project/x':1", ["reg", "show", "My Project/x:1"], 13),
        ("reg q --where='a:b c", ["reg", "q", "--where=a:b c"], 8),
        ("reg show ", ["reg", "show", ""], 0),
        ("reg show '' x", ["reg", "show", "", "x"], 0),
    ],
)
def test_bash_words(text: str, words: list[str], kept: int) -> None:
    line = split_line(text, ALL_BREAKS)
    assert (line.words, line.kept) == (words, kept)


def test_bash_redirections_are_files() -> None:
    assert split_line("reg show > f", ALL_BREAKS).redirected
    after = split_line("reg show >out ir", ALL_BREAKS)
    assert (after.words, after.redirected) == (["reg", "show", "ir"], False)


@pytest.mark.parametrize(
    ("text", "candidate", "inserted"),
    [
        ("reg show iris/s:", "iris/s:3", "3"),
        ("reg show M", "My Project/x", "My\\ Project/x"),
        ("reg show 'M", "My Project/it's", "My Project/it'\\''s"),
        ('reg show "M', 'My "x"', 'My \\"x\\"'),
    ],
)
def test_bash_inserts_what_follows_the_last_break(text: str, candidate: str, inserted: str) -> None:
    assert quote(candidate, split_line(text, ALL_BREAKS)) == inserted


class Shell:
    """An interactive shell on a terminal; Ctrl-T prints the line as it stands."""

    START = {
        "bash": ("bash", ["--norc", "--noprofile", "-i"], 'bind -x \'"\\C-t": printf "<%s>\\n" "$READLINE_LINE"\''),
        "zsh": (
            "zsh",
            ["-f", "-i"],
            "autoload -U compinit; compinit -D -u; zle -N show; bindkey '^T' show; "
            'show() { print; print -r -- "<$BUFFER>" }',
        ),
        "fish": ("fish", ["--no-config", "-i"], 'bind \\ct \'echo; echo "<"(commandline)">"\''),
    }

    def __init__(self, name: str, folder: Path) -> None:
        program, options, set_up = self.START[name]
        launcher = folder / "bin" / "reg"
        launcher.parent.mkdir()
        launcher.write_text(f'#!/bin/sh\nexec {sys.executable} -m registry_cli "$@"\n')
        launcher.chmod(0o755)
        env = {**os.environ, "PYTHONPATH": str(HERE), "PATH": f"{launcher.parent}:{os.environ['PATH']}", "TERM": "dumb"}
        self.process = pexpect.spawn(
            program, options, env=env, cwd=str(folder), dimensions=(40, 200), encoding="utf-8", timeout=20
        )
        for line in (set_up, f"source {ROOT}/completions/reg.{name}", "echo rea''dy"):
            self.process.sendline(line)
        self.process.expect("ready")

    def complete(self, typed: str) -> str:
        """Return the line after the tab key."""
        self.process.send(f"{typed}\t\x14")
        self.process.expect("<(reg[^\r\n]*)>")
        line = str(self.process.match.group(1))
        self.process.send("\x15")
        return line


@pytest.fixture(params=["bash", "zsh", "fish"])
def shell(request: pytest.FixtureRequest, registry: Path, tmp_path: Path) -> Iterator[Shell]:
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    made = Shell(request.param, tmp_path)
    yield made
    made.process.close(force=True)


@pytest.mark.sweep(3)
def test_shells(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "weights.bin").touch()
    expected = {
        "reg mod": "reg model ",
        "reg model publ": "reg model publish ",
        "reg model show --js": "reg model show --json ",
        "reg model show iris/tuned@p": "reg model show iris/tuned@prod ",
        "reg model show iris/softmax:3": "reg model show iris/softmax:3 ",
        "reg model add x/y f --parent base=fraud/xgb@": "reg model add x/y f --parent base=fraud/xgb@prod ",
        "reg model query --tag=-ba": "reg model query --tag=-baseline ",
        "reg model tag fraud/xgb --add can": "reg model tag fraud/xgb --add candidate ",
        "reg model add x/y weig": "reg model add x/y weights.bin ",
        "reg model query 'metrics.acc > 0.9 and tag:bas": "reg model query 'metrics.acc > 0.9 and tag:baseline",
        "reg model show My": "reg model show My\\ Project/Input\\ Model",
    }
    got = {typed: shell.complete(typed) for typed in expected}
    assert {typed: line.rstrip(" '") for typed, line in got.items()} == {
        typed: line.rstrip(" ") for typed, line in expected.items()
    }
