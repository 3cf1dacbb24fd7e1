"""Random records, as large and as odd as the types allow."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from registry_cli.dataclass import replace
from registry_cli.ids import BlobHash, EntryId, ModelName, RecordId, TaskId, VersionId, Xxh3, new_ulid
from registry_cli.records.entry import Entry
from registry_cli.records.parts import Design, FileEntry, Parent
from registry_cli.records.version import ROLES, Publication, VersionRecord

text = st.text(st.characters(codec="utf-8"), max_size=20)
keys = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=10)
integers = st.integers(-(2**63), 2**63 - 1)
times = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))
scalars = text | integers | st.floats() | st.booleans() | times
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3))
tables = st.dictionaries(keys, values, max_size=4)
numbers = st.dictionaries(keys, integers | st.floats(), max_size=4)
labels = st.dictionaries(keys, integers, max_size=3)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
xxh3s = st.binary(min_size=16, max_size=16).map(bytes.hex).map(Xxh3)
versions_ids = digests.map(RecordId).map(VersionId)
sizes = st.integers(0, 2**63 - 1)


def maybe(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.none() | strategy


names = st.text(st.characters(codec="utf-8", exclude_categories=["C"], exclude_characters="/\\:"), max_size=20)
paths = names.map("at {}".format)


def told_apart(files: list[FileEntry]) -> tuple[FileEntry, ...]:
    return tuple(replace(file, path=f"{number}/{file.path}") for number, file in enumerate(files))


kept = st.builds(FileEntry, paths, sizes, digests.map(BlobHash), xxh3s, maybe(text))
external = st.builds(FileEntry, paths, maybe(sizes), media=maybe(text), url=text.map("x:{}".format))
files = st.lists(kept | external, max_size=4).map(told_apart)
designs = st.builds(Design, text, text=text) | st.builds(
    Design, text, sha256=digests.map(BlobHash), xxh3=xxh3s, size=sizes
)
parents = st.lists(st.builds(Parent, versions_ids, st.sampled_from(ROLES)), max_size=3).map(tuple)
unknown = st.dictionaries(keys.map("x-{}".format), scalars | st.lists(values, min_size=1, max_size=3), max_size=3)
nonces = st.floats(0, 1e10).map(new_ulid)

versions = st.builds(
    VersionRecord,
    model=text.map(ModelName),
    nonce=nonces,
    created=times,
    author=text,
    files=files,
    message=maybe(text),
    framework=maybe(text),
    step=maybe(integers),
    task=maybe(nonces.map(TaskId)),
    parents=parents,
    labels=labels,
    design=maybe(designs),
    params=tables,
    metrics=numbers,
    metadata=tables,
    interface=tables,
    unset=st.lists(text, max_size=3).map(tuple),
    extra=unknown,
)
publications = st.builds(
    Publication,
    version=versions_ids,
    created=times,
    author=text,
    files=files,
    framework=maybe(text),
    labels=labels,
    design=maybe(designs),
    parents=parents,
    metrics=numbers,
    extra=unknown,
)
changes = st.builds(lambda op, rest: {**rest, "op": op}, text, tables)
entries = st.builds(
    Entry,
    seq=st.integers(1, 2**63 - 1),
    previous=st.just("") | digests,
    id=nonces.map(EntryId),
    time=times,
    author=text,
    tool=text,
    rules=st.integers(1, 100),
    message=maybe(text),
    changes=st.lists(changes, min_size=1, max_size=4).map(tuple),
)
