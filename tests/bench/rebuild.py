"""The index: rebuilt from 100,000 versions, and one entry folded, beside the bars in seconds of the design; and a
collector's mark over as many blobs beside a rebuild."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime

from registry_cli.catalog.fold import changes
from registry_cli.catalog.index.index import Index
from registry_cli.catalog.index.place import Place
from registry_cli.ids import BlobHash, VersionId, Xxh3, new_ulid, parse_model_name, parse_tag
from registry_cli.records.codec import dump_entry, dump_version
from registry_cli.records.entry import Entry
from registry_cli.records.parts import FileEntry
from registry_cli.records.version import VersionRecord
from registry_cli.registry.api import Registry
from registry_cli.registry.editing import tag_versions
from registry_cli.registry.gc.collect import preview_collection
from registry_cli.store.hashing import digest_bytes
from registry_cli.store.log import digest_entry
from tests.bench.timing import seconds

VERSIONS = 100_000
ENTRY = 5_000
REBUILD = 20.0
FOLD = 0.001


def main() -> None:
    """Print the ratios to the bars."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as name:
        registry = Registry.init(name)
        _fill(registry)
        times, marks = [], []
        for _ in range(3):
            registry.close()
            registry.layout.index.unlink(missing_ok=True)
            times.append(seconds(lambda: registry.index))
            marks.append(seconds(lambda: preview_collection(registry)))
        ratios = sorted(mark / time for mark, time in zip(marks, times, strict=True))
        print(f"mark and plan a collection : rebuild                    min {min(marks) / min(times):.2f} median "
              f"{ratios[1]:.2f}  bar 1.2", flush=True)  # fmt: skip
        print(f"rebuild of {VERSIONS} versions : its bar of 20 s        min {min(times) / REBUILD:.2f} median "
              f"{sorted(times)[1] / REBUILD:.2f}  bar 1", flush=True)  # fmt: skip
        apart = Index(registry.layout, registry.log, registry.id, Place(None))  # folds for itself, nobody helps it
        folds = []
        for number in range(51):
            tag_versions(registry, ["bench/m0:1"], add=[parse_tag(f"t{number}")])
            folds.append(seconds(apart.sync))
        print(f"folding one new entry : its bar of 1 ms                 min {min(folds) / FOLD:.2f} median "
              f"{sorted(folds)[25] / FOLD:.2f}  bar 1")  # fmt: skip


def _fill(registry: Registry) -> None:
    """Write records and entries as the program would, without its flushes."""
    previous = ""
    for seq, start in enumerate(range(0, VERSIONS, ENTRY), 1):
        wanted = [_version(registry, number) for number in range(start, start + ENTRY)]
        entry = Entry(seq, previous, new_ulid(), datetime.now(UTC), "bench", "bench", 1, None, tuple(wanted))
        data = dump_entry(entry)
        registry.layout.slot(seq).parent.mkdir(exist_ok=True)
        registry.layout.slot(seq).write_bytes(data)
        previous = digest_entry(data)


def _version(registry: Registry, number: int) -> changes.Change:
    blob = digest_bytes(str(number).encode())
    registry.layout.blob(blob.sha256).touch()
    record = dump_version(
        VersionRecord(
            model=parse_model_name(f"bench/m{number % 1000}"),
            nonce=new_ulid(),
            created=datetime.now(UTC),
            author="bench",
            files=(FileEntry("model.safetensors", 1000, BlobHash(blob.sha256), Xxh3(blob.xxh3), "application/x"),),
            framework="PyTorch",
            params={"lr": 0.1, "epochs": 10},
            metrics={"acc": number / VERSIONS, "loss": 1 - number / VERSIONS},
            metadata={"owner": "risk"},
            labels={"a": 0, "b": 1},
        )
    )
    version = VersionId(digest_bytes(record).sha256)
    registry.layout.record(version).write_bytes(record)
    return changes.add_version(version, parse_model_name(f"bench/m{number % 1000}"))
