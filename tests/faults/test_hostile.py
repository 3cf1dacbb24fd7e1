"""A registry, weights and file names from a stranger: told as damaged, or kept and shown, never obeyed or let out."""

from __future__ import annotations

import hashlib
import os
import shlex
import sqlite3
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from registry_cli import env
from registry_cli.catalog.fold.changes import OPS
from registry_cli.errors import CorruptError, RegError
from registry_cli.formats.sniff import sniff
from registry_cli.ids import new_ulid
from registry_cli.opening import Registry
from registry_cli.records.codec import load_entry, load_publication, load_version
from registry_cli.records.toml import dump_table, load_table, seal
from registry_cli.registry.get import get_version
from registry_cli.registry.settings import KEYS
from registry_cli.registry.verify import list_faults
from tests.builders import add, add_path, write
from tests.examples import times
from tests.faults import bombs
from tests.faults.strangers import (
    DAMAGED,
    FILES,
    LAST,
    NOW,
    ODD,
    PATHS,
    TRICK,
    Stranger,
    Table,
    list_outside,
    nested,
    run,
)
from tests.records import strategies

pytestmark = [pytest.mark.usefixtures("quick_disk"), pytest.mark.slow]
quick = times(
    1,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
OF_ONE: Final = (
    "show", "show --json", "history", "history --json", "lineage", "lineage --json",
    "compare p/base:1", "compare p/base:1 --json", "verify", "path", "get --to got", "get --to got --force",
)  # fmt: skip
OF_ALL: Final = (
    "status", "status --json", "events", "events --json", "model list", "model list --json", "model query",
    "model query --json", "model query --csv", "model query 'has(metrics.a)' --sort -metrics.a",
    "model query --columns name,files.media,files.path,metrics.a,metadata.a", "model prune --keep 'last 1' --dry-run",
    "model history p/base", "model show p/base", "config list", "undo",
)  # fmt: skip


def make_stranger(folder: Path) -> Stranger:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(env.REG_AUTHOR, "tester")
        return Stranger(folder / "site")


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[Stranger]:
    made = make_stranger(tmp_path)
    yield made
    made.registry.close()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stranger]:
    """A registry in good order, to which all may add."""
    made = make_stranger(tmp_path_factory.mktemp("plain"))
    yield made
    made.registry.close()


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with a version for each odd record and odd labels on `p/base:1`; nobody writes here."""
    made = make_stranger(tmp_path_factory.mktemp("crowd"))
    for name, make in (FILES | DAMAGED | ODD).items():
        made.add(make(made), line_of(name))
    base: Table = {"version": made.base.id}
    made.append(
        {"op": "tag", "add": [TRICK], **base},
        {"op": "alias", "alias": TRICK, **base},
        {"op": "edit", "set": {"comment": TRICK, "framework": TRICK, "metadata": {"a\x85b": TRICK}}, **base},
        {"op": "setting", "key": "author", "value": TRICK},
        message=TRICK,
        author=TRICK,
        tool=TRICK,
        id=TRICK,
    )
    made.registry.close()
    return made.root


def line_of(name: str) -> str:
    """Return the model in `crowd` that is made of the record of that name."""
    return "h/" + hashlib.sha256(name.encode()).hexdigest()[:12]


@pytest.mark.slow
@pytest.mark.sweep(9)
@pytest.mark.parametrize("name", FILES)
def test_version_whose_file_is_none_is_damaged(name: str, crowd: Path, tmp_path: Path) -> None:
    ref = line_of(name) + ":1"
    for words in (["get", ref, "--to", "got"], ["path", ref], ["verify", ref], ["show", ref]):
        code, text = run(crowd, "model", *words)
        assert code == 14
        assert f"{ref} is damaged" in text
    assert not list_outside(tmp_path)


@pytest.mark.sweep(5)
@pytest.mark.parametrize("name", DAMAGED)
def test_record_that_is_none_is_damaged_and_spares_the_others(name: str, crowd: Path) -> None:
    assert run(crowd, "model", "show", line_of(name))[0] == 14
    assert run(crowd, "model", "get", "p/base", "--to", "got", "--force")[0] == 0


@pytest.mark.slow
@pytest.mark.sweep(25)
@pytest.mark.parametrize("name", ODD)
def test_record_that_is_odd_harms_no_command(name: str, crowd: Path, tmp_path: Path) -> None:
    for words in OF_ONE:
        verb, *options = words.split()
        for terminal in (False, True):
            run(crowd, "model", verb, f"{line_of(name)}:1", *options, terminal=terminal)
    assert not list_outside(tmp_path)


@pytest.mark.sweep(7)
@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
@pytest.mark.parametrize("words", OF_ALL)
def test_lists_of_what_a_stranger_wrote(words: str, terminal: bool, crowd: Path) -> None:
    assert run(crowd, *shlex.split(words), terminal=terminal)[0] in {0, 14}


NASTY: Final[tuple[object, ...]] = (
    *PATHS, TRICK, "p/base", "h/x", "latest", "1", "0" * 64, "f" * 32, "x" * 70_000, '{"a":"\\ud800"}',
    "application/json", -1, 0, 1 << 62, (1 << 63) - 1, -(1 << 63), 1 << 63, 1 << 200, True, float("nan"), float("-inf"),
    NOW, LAST, [], {}, [[]], {"": ""}, ["a", "a"],
)  # fmt: skip
KEYS_OF_CHANGES: Final = (
    "add", "remove", "alias", "old", "set", "unset", "publication", "force", "model", "to", "path", "size", "sha256",
    "xxh3", "key", "value", "blobs", "op", "version",
)  # fmt: skip
KEYS_OF_TABLES: Final = ("a", "metadata", "metrics", "labels", "design", "framework", "comment", "media", "text", TRICK)
nasty = st.sampled_from(NASTY)
anything = (
    nasty
    | strategies.values
    | st.lists(nasty, max_size=3)
    | st.dictionaries(st.sampled_from(KEYS_OF_TABLES), nasty, max_size=3)
)


def spoil(table: Table, data: st.DataObject) -> Table:
    """Return a table in which something, at any depth, is something else, new or gone."""
    key = data.draw(st.sampled_from([*sorted(table), "url", "extra", TRICK]))
    value = table.get(key)
    if isinstance(value, list) and value and isinstance(value[0], dict) and data.draw(st.booleans()):
        return {**table, key: [spoil(value[0], data), *value[1:]]}
    if isinstance(value, dict) and value and data.draw(st.booleans()):
        return {**table, key: spoil(value, data)}
    if key in table and data.draw(st.integers(0, 4)) == 0:
        return {other: table[other] for other in table if other != key}
    return {**table, key: data.draw(anything)}


def look(registry: Registry, ref: str, target: Path) -> None:
    """Look at a version in all ways; what is not right is told by a `RegError` and nothing else."""
    try:
        row = registry.get_row(ref)
        list_faults(registry, row)
        if not any(file.url for file in row.files):
            get_version(registry, row, target, force=True)
    except (RegError, OSError):
        pass


@quick
@given(st.data())
def test_spoilt_records(stranger: Stranger, tmp_path: Path, data: st.DataObject) -> None:
    registry = stranger.registry
    record = stranger.table(
        message="why",
        framework="X",
        labels={"a": 1},
        metrics={"a": 0.5},
        metadata={"a": {"b": 1}},
        params={"a": [1]},
        design={"media": "application/json", "text": '{"a": 1}'},
        parents=[{"id": stranger.base.id, "role": "base"}],
    )
    digest = stranger.add(spoil(record, data), f"h/{registry.log.head().seq}")
    registry.index.sync()
    look(registry, digest, tmp_path / "got")
    look(registry, "p/base:1", tmp_path / "got")
    assert not list_outside(tmp_path)


@quick
@given(st.lists(st.sampled_from(list(OPS)), min_size=1, max_size=3), st.data())
def test_spoilt_entries(stranger: Stranger, tmp_path: Path, ops: list[str], data: st.DataObject) -> None:
    """Whatever an entry holds, the fold applies it, voids it, or says that it cannot be read."""
    registry = stranger.registry
    good: Table = {"version": stranger.base.id, "alias": "a", "model": "p/base", "to": f"n/{new_ulid()}", "key": "a"}
    bad = st.dictionaries(st.sampled_from(KEYS_OF_CHANGES), anything, max_size=4)
    heads = st.sampled_from(["id", "author", "tool", "message", "time", "rules"])
    changes = [{**good, "op": op, **data.draw(bad)} for op in ops]
    slot = stranger.append(*changes, **data.draw(st.dictionaries(heads, nasty, max_size=1)))
    try:
        registry.index.sync()
    except RegError:
        slot.unlink()  # nothing that follows it would be read
    registry.index.sync()
    look(registry, stranger.base.id, tmp_path / "got")
    assert registry.query("", include_archived=True) is not None
    assert not list_outside(tmp_path)


@quick
@given(st.sampled_from([load_version, load_publication, load_entry]), st.data())
def test_changed_bytes(stranger: Stranger, load: Callable[[bytes, str], object], data: st.DataObject) -> None:
    table: dict[str, Any] = stranger.table()
    if load is load_entry:
        table = load_table(stranger.registry.layout.slot(1).read_bytes(), "it")
    if load is load_publication:
        table |= {"kind": "publication", "version": stranger.base.id, "framework": "x"}
    record = bytearray(dump_table(table))
    load(seal(bytes(record)), "it")
    words = (b"", b"\0", b"[", b"{", b'"', b"9" * 5000, b"-", b"nan", b"\n", b"\xff", b"../", b"\\ud800", b"[" * 9999)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(record)))
        record[at : at + data.draw(st.integers(0, 3))] = data.draw(st.sampled_from(words))
    try:
        load(seal(bytes(record)), "it")
    except CorruptError:
        pass


@quick
@given(
    st.binary(max_size=200)
    | strategies.tables.map(dump_table)
    | st.sampled_from([b"a=" + b"[" * 10_000, nested(10_000), dump_table(dict.fromkeys(KEYS, TRICK))])
)
def test_settings_and_format_of_a_stranger(plain: Stranger, data: bytes) -> None:
    config, form = plain.root / "config.toml", plain.root / "format.toml"
    before = config.read_bytes(), form.read_bytes()
    config.write_bytes(data)
    with Registry.open(plain.root) as registry:
        for key in KEYS:
            try:
                registry.settings.find(key)
            except RegError:
                pass
    for words in (["config", "list"], ["status"]):
        run(plain.root, *words)
    for bad in (data, seal(data), seal(before[1][: -len(seal(b""))] + b"\n" + data)):
        form.write_bytes(bad)
        run(plain.root, "status")
    config.write_bytes(before[0])
    form.write_bytes(before[1])


def test_parents_of_a_forged_index_may_go_in_circles(stranger: Stranger) -> None:
    """Those of records cannot: one would have to hold its own digest. An index may have come in a tarball."""
    add(stranger.registry, "p/next", b"next", parents=(("base", "p/base:1"),))
    stranger.registry.close()
    forge_index(
        stranger,
        "INSERT INTO parents SELECT above.row, 0, below.id, 'base' FROM parents p"
        " JOIN versions below ON below.row = p.child JOIN versions above ON above.id = p.parent",
    )
    for ref in ("p/base:1", "p/next:1"):
        for verb, word in (("lineage", ref), ("show", ref), ("query", f"descends({ref})"), ("history", ref[:-2])):
            assert run(stranger.root, "model", verb, word, terminal=True)[0] == 0


@pytest.mark.parametrize("path", PATHS)
def test_path_of_a_forged_index_is_not_followed(path: str, plain: Stranger, tmp_path: Path) -> None:
    plain.registry.close()
    good = plain.registry.layout.index.read_bytes()
    forge_index(plain, "UPDATE files SET path = ?", path)
    for words in (["get", "p/base:1", "--to", "got"], ["path", "p/base:1"], ["show", "p/base:1"]):
        assert run(plain.root, "model", *words)[0] == 14
    assert not list_outside(tmp_path)
    plain.registry.layout.index.write_bytes(good)


def forge_index(stranger: Stranger, sql: str, *bound: object) -> None:
    with sqlite3.connect(stranger.registry.layout.index) as db:
        db.execute(sql, bound)
    db.close()


def test_link_in_the_target_leads_nobody_out(plain: Stranger, tmp_path: Path) -> None:
    """A file that is got replaces a link of its name; it is not written through it."""
    victim = write(tmp_path / "in" / "victim", b"mine")
    (tmp_path / "got").mkdir()
    (tmp_path / "got" / "m.bin").symlink_to(victim)
    assert run(plain.root, "model", "get", "p/base:1", "--to", "got", "--force")[0] == 0
    assert victim.read_bytes() == b"mine"


@pytest.mark.sweep(7)
@pytest.mark.parametrize("name", bombs.ALL)
def test_bomb_is_added_in_little_memory(name: str, plain: Stranger, tmp_path: Path) -> None:
    path = write(tmp_path / "in" / name, bombs.ALL[name]())
    tracemalloc.start()
    try:
        row = add_path(plain.registry, f"h/{name}", path).version
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()
    assert not list_faults(plain.registry, row)
    assert run(plain.root, "model", "show", f"h/{name}", terminal=True)[0] == 0


@pytest.mark.sweep(9)
@pytest.mark.parametrize("name", bombs.ALL)
def test_of_a_terabyte_only_the_header_is_read(name: str, tmp_path: Path) -> None:
    path = write(tmp_path / name, bombs.ALL[name]())
    os.truncate(path, 1 << 40)  # a hole
    before = count_read()
    sniff(path)
    assert count_read() - before < 24 << 20


def count_read() -> int:
    """Return how many bytes this process has read (proc_pid_io(5))."""
    return int(Path("/proc/self/io").read_text().split()[1])


NAMES: Final = {
    "line break": b"a\nb",
    "escape": b"\x1b]0;owned\x07",
    "C1": "a\x9b31m".encode(),
    "no UTF-8": b"a\xff\xfe",
    "tab": b"a\tb",
}


@pytest.mark.parametrize("inside", [False, True], ids=["file", "folder"])
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_file_name_that_cannot_be_kept(name: bytes, inside: bool, plain: Stranger, tmp_path: Path) -> None:
    path = write(tmp_path / "in" / "x")
    odd = path.rename(path.with_name(os.fsdecode(name)))
    assert run(plain.root, "model", "add", "h/never", odd.parent if inside else odd)[0] == 2
    assert run(plain.root, "model", "show", "h/never")[0] == 11


@pytest.mark.parametrize(
    "name", ["x" * 255, "ü" * 127, "-", "--force", "\u202eevil", "a b", "C:a", "\\\\host\\a", "'\"$(touch x)`"]
)
def test_file_name_that_is_odd(name: str, plain: Stranger, tmp_path: Path) -> None:
    path = write(tmp_path / "in" / name, name.encode())
    for terminal in (False, True):
        run(plain.root, "model", "add", "h/odd", path.parent, "--allow-same", terminal=terminal)
        run(plain.root, "model", "get", "h/odd", "got", "--force", terminal=terminal)
        run(plain.root, "model", "show", "h/odd", terminal=terminal)
    assert (tmp_path / "got" / name).read_bytes() == name.encode()
    assert not list_outside(tmp_path)
