"""Many writers at once: none lost, none twice, no error; a writer that is stopped in the middle hangs nobody."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from registry_cli.errors import CorruptError
from registry_cli.ids import parse_alias, parse_tag
from registry_cli.registry.aliases import set_alias
from registry_cli.registry.api import Registry
from registry_cli.registry.editing import tag_versions
from registry_cli.registry.lifecycle import publish_versions
from registry_cli.store import files
from tests.faults import harness
from tests.faults.harness import (
    TALLY,
    Acknowledge,
    Call,
    Site,
    Witness,
    check_chain,
    check_whole,
    end_child,
    list_all,
    names_of,
    share_of,
    start_child,
)
from tests.forks import LONGEST

REPOSITORY = Path(__file__).parents[2]
CROWD = pytest.mark.parametrize(
    ("writers", "commits"), [(4, 10), pytest.param(32, 50, marks=pytest.mark.faults)], ids=["small", "large"]
)


def run_crowd(writers: int, work: Callable[[int, Acknowledge], None]) -> int:
    """Let processes work side by side; return how many commits they were promised."""
    children = [start_child(lambda acknowledge, who=who: work(who, acknowledge)) for who in range(writers)]  # type: ignore[misc]
    ended = [end_child(*child) for child in children]
    assert [child.code for child in ended] == [0] * writers
    return sum(child.acknowledged for child in ended)


def write_source(site: Site, folder: Path, name: str, data: bytes) -> Site:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)
    return Site(site.folder, folder)


@pytest.mark.slow
@CROWD
def test_no_add_is_lost(writers: int, commits: int, template: Site, tmp_path: Path) -> None:
    commits = share_of(commits)
    site = template.copy(tmp_path / "site")
    site.forget_index()

    def work(who: int, acknowledge: Acknowledge) -> None:
        for turn in range(commits):
            mine = write_source(site, tmp_path / str(who), "m.bin", b"%d %d" % (who, turn))
            harness.add(mine, f"p/line{turn % 2}", "m.bin", tags=[f"w{who}-{turn}"])
            acknowledge()

    promised = run_crowd(writers, work)
    assert promised == writers * commits
    assert check_chain(site.root) == 1 + promised
    tags = Counter(tag for row in check_whole(site) for tag in row[2])
    assert tags == {"kept": 1} | {f"w{who}-{turn}": 1 for who in range(writers) for turn in range(commits)}
    TALLY["racing commits"] += promised


@pytest.mark.slow
@CROWD
def test_mixed_changes_all_take_place(writers: int, commits: int, template: Site, tmp_path: Path) -> None:
    commits = share_of(commits)
    site = template.copy(tmp_path / "site")

    def work(who: int, acknowledge: Acknowledge) -> None:
        chance = random.Random(who)
        mine = write_source(site, tmp_path / str(who), "m.bin", b"%d" % who)
        harness.add(mine, f"p/own{who}", "m.bin")
        acknowledge()
        ref = f"p/own{who}:1"
        with Registry.open(site.folder) as registry:
            for turn in range(commits - 2):
                time.sleep(chance.random() / 200)
                kind = chance.choice(["tag", "shared", "alias"])
                if kind == "tag":
                    tag_versions(registry, [ref], add=[parse_tag(f"t{turn}")])
                elif kind == "shared":
                    tag_versions(registry, ["p/base:1"], add=[parse_tag(f"w{who}-{turn}")])
                else:
                    set_alias(registry, ref, parse_alias(f"a{turn}"))
                acknowledge()
            publish_versions(registry, [ref])
            acknowledge()

    promised = run_crowd(writers, work)
    assert promised == writers * commits
    assert check_chain(site.root) == 1 + promised
    check_whole(site)
    with Registry.open(site.folder) as registry:
        rows = list_all(registry)
    assert [row.published for row in rows] == [False] + [True] * writers
    assert sum(len(row.tags) + len(row.aliases) for row in rows) == 2 + writers * (commits - 2)
    TALLY["racing commits"] += promised


def stop_at(wanted: Callable[[Call], bool]) -> Witness:
    """Stop the process in the first call that is wanted."""
    stopped: list[Call] = []

    def act(_number: int, call: Call) -> None:
        if not stopped and wanted(call):
            stopped.append(call)
            os.kill(os.getpid(), signal.SIGSTOP)

    return Witness(act)


def run_beside_stopped(work: Callable[[Acknowledge], object], others: Callable[[], object]) -> None:
    """Do `others` while a child that stopped itself sleeps, then let it go on to a good end."""
    pid, pipe = start_child(work)
    assert os.WIFSTOPPED(os.waitpid(pid, os.WUNTRACED)[1])
    try:
        others()
    finally:
        os.kill(pid, signal.SIGCONT)
        ended = end_child(pid, pipe)
    assert (ended.code, ended.acknowledged) == (0, 1)


def is_slot(call: Call) -> bool:
    return call.op == "link" and "/log/" in str(call.detail)


STOPS: dict[str, Callable[[Call], bool]] = {
    "in its first write": lambda call: call.op == "write",
    "with blobs linked": lambda call: call.op == "fsync-dir" and "/blobs/" in call.path,
    "before its slot": lambda call: is_slot(call) and call.moment == "before",
    "after its slot": lambda call: is_slot(call) and call.moment == "after",
}


@pytest.mark.slow
@pytest.mark.sweep(4)
@pytest.mark.parametrize("moment", STOPS)
def test_stopped_writer_hangs_nobody(moment: str, template: Site, tmp_path: Path) -> None:
    site = template.copy(tmp_path / "site")

    def sleeper(acknowledge: Acknowledge) -> None:
        with files.open_observer(stop_at(STOPS[moment])):
            harness.add_new(site)
            acknowledge()

    def others() -> None:
        harness.tag(site)
        harness.add_known(site)

    run_beside_stopped(sleeper, others)
    assert check_chain(site.root) == 4
    assert sorted(names_of(check_whole(site))) == ["p/base:1", "p/new:1", "p/twin:1"]


@pytest.mark.slow
def test_stopped_holder_of_the_index_hangs_nobody(template: Site, tmp_path: Path) -> None:
    site = template.copy(tmp_path / "site")

    def sleeper(acknowledge: Acknowledge) -> None:
        with Registry.open(site.folder) as registry:
            registry.index.db.execute("BEGIN IMMEDIATE")
            os.kill(os.getpid(), signal.SIGSTOP)
            registry.index.db.execute("ROLLBACK")
        acknowledge()

    run_beside_stopped(sleeper, lambda: harness.tag(site))
    (base,) = check_whole(site)
    assert base[2] == ("good",)


@pytest.mark.slow
def test_the_race_notices_a_slot_that_is_overwritten(
    template: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = template.copy(tmp_path / "site")
    link = files.link

    def overwrite(source: Path, target: Path) -> None:
        if "/log/" in str(target):
            target.unlink(missing_ok=True)
        link(source, target)

    def sleeper(acknowledge: Acknowledge) -> None:
        monkeypatch.setattr(files, "link", overwrite)
        with files.open_observer(stop_at(lambda call: call.op == "fsync-dir" and "/log/" in call.path)):
            harness.alias(site)
            acknowledge()

    run_beside_stopped(sleeper, lambda: harness.tag(site))
    assert check_chain(site.root) == 2, "the tag is lost: three entries were acknowledged"
    with pytest.raises((AssertionError, CorruptError), match="not the entry that"):
        check_whole(site)


@pytest.mark.slow
@pytest.mark.parametrize("rounds", [2, pytest.param(20, marks=pytest.mark.faults)])
def test_two_shells_lose_nothing(rounds: int, template: Site, tmp_path: Path) -> None:
    rounds = share_of(rounds)
    site = template.copy(tmp_path / "site")
    add = '"$1" -m registry_cli model add p/line m.bin || exit'
    loop = f'for i in $(seq {rounds}); do echo "$0 $i" > m.bin; {add}; done'
    shells = []
    for who in "ab":
        folder = site.folder / who
        folder.mkdir()
        shells.append(subprocess.Popen(
            ["sh", "-c", loop, who, sys.executable], cwd=folder, env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True))  # fmt: skip
    for shell in shells:
        _, complaints = shell.communicate(timeout=LONGEST)
        assert (shell.returncode, complaints) == (0, "")
    assert len(check_whole(site)) == 1 + 2 * rounds
    assert check_chain(site.root) == 1 + 2 * rounds
