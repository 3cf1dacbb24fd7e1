"""A catalog folded from scratch: what the index would hold, in a file that nobody sees, and as far as it is told."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from registry_cli.catalog.index.scratch import Fresh
from registry_cli.errors import CorruptError
from registry_cli.records.codec import load_entry
from registry_cli.store.log import Head, digest_entry
from tests.catalog.builders import REGISTRY_ID, Forger, dump_tables


@pytest.fixture
def forger(tmp_path: Path) -> Forger:
    made = Forger(tmp_path)
    for _ in range(3):
        made.add()
    return made


def test_it_holds_what_the_index_holds_and_follows_the_log(forger: Forger) -> None:
    with Fresh(forger.layout, forger.log, REGISTRY_ID) as fresh:
        assert fresh.head == forger.head()
        forger.add("a/other")
        assert fresh.sync() == fresh.head == forger.head()
        with closing(forger.index()) as index:
            mine, theirs = dump_tables(fresh.db), dump_tables(index.db)
    assert {key: mine[key] for key in mine if key != "stamp"} == {key: theirs[key] for key in theirs if key != "stamp"}


def test_what_cannot_be_read_leaves_it_as_it_was(forger: Forger) -> None:
    with Fresh(forger.layout, forger.log, REGISTRY_ID) as fresh:
        before = dump_tables(fresh.db)
        forger.add()
        forger.put(5, b"rot")
        with pytest.raises(CorruptError, match="000005"):
            fresh.sync()
        assert (fresh.head.seq, dump_tables(fresh.db)) == (3, before)
    with pytest.raises(CorruptError, match="000005"):
        Fresh(forger.layout, forger.log, REGISTRY_ID)


def test_it_folds_what_it_is_given(forger: Forger) -> None:
    datas = [forger.log.get(seq) for seq in (1, 3)]
    entries = [(load_entry(data, "it"), Head(seq, digest_entry(data))) for seq, data in zip((1, 3), datas, strict=True)]
    with Fresh(forger.layout, forger.log, REGISTRY_ID, entries) as fresh:
        assert fresh.head.seq == 3
        assert fresh.db.execute("SELECT seq FROM entries ORDER BY seq").fetchall() == [(1,), (3,)]
