"""Queries over 1,000 and 100,000 versions: bars of 20 ms with a limit on an indexed sort, else 150 ms.

python -m tests.bench query
"""

from __future__ import annotations

import json
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from registry_cli.catalog.query.parse import parse_query
from registry_cli.catalog.query.run import Query, find_rows
from registry_cli.catalog.query.sort import parse_sort
from registry_cli.catalog.schema import INDEXES, TABLES
from registry_cli.ids import VersionId

SIZES = (1_000, 100_000)
LINES = 2_000
REPEATS = 7

LIMITED = [
    ("metrics.acc > 0.9 and (tag:prod or not tag:TF)", "-metrics.acc", 5),
    ("metrics.acc > 0.9 and (tag:prod or not tag:TF)", "metrics.acc", 100),
    ("framework = xgboost", "-metrics.acc", 100),
    ("framework = xgboost and metadata.owner = risk", "", 100),
    ("project = team3 and metrics.loss < 0.5", "-created", 100),
    ("tag:rare", "-metrics.acc", 5),
    ('name ~ "team7/*" and not tag:prod', "size", 50),
    ("metrics.acc > @prod.metrics.acc", "-metrics.acc", 20),
    ("has(metrics.late)", "-metrics.late", 10),
    ("", "-metrics.late", 100),
    ("", "name", 100),
    ("published", "id", 100),
    ("", "-params.epochs", 20),
]
UNLIMITED = [
    ("", "", None),
    ("metrics.acc > 0.9 and (tag:prod or not tag:TF)", "-metrics.acc", None),
    ("metrics.acc > 0.1", "-metrics.acc", None),
    ("metrics.acc > 0.1", "framework,-step", 100),
    ('author ~ "*7" and not metadata.owner = risk', "", None),
    ("metrics.acc < 0.5 and metrics.loss < 0.1 and tag:TF", "-metrics.acc", 5),
    ("metadata.owner = risk and comment = none", "-metrics.acc", 5),
    ("", "-metrics.acc", None),
    ("step >= 0", "step", 100),
    ("created > 2026-01-01 and size > 1MB", "name", None),
    ("model77", "", None),
    ("rare", "", None),
    ("sweep", "", 100),
    ("model77 prod", "-metrics.acc", None),
    ("nowhere", "", None),
]


def make_index(path: Path, versions: int) -> sqlite3.Connection:
    """Return an index of versions as the fold would leave it, by plain inserts."""
    draw = random.Random(7)
    db = sqlite3.connect(path)
    db.executescript(TABLES)
    names = [(at, f"team{at % 20}/model{at}", f"team{at % 20}", 0) for at in range(1, LINES + 1)]
    db.executemany("INSERT INTO lines (id, key, name, project, last_number) VALUES (?1, ?2, ?2, ?3, ?4)", names)
    numbers = [0] * (LINES + 1)
    start = 1_735_689_600_000_000
    for row in range(1, versions + 1):
        line = draw.randint(1, LINES)
        numbers[line] += 1
        identity = sha256(str(row).encode()).hexdigest()
        doc = json.dumps(
            {"files": [{"path": "model.bin", "sha256": identity, "xxh3": identity[:32]}], "note": "x" * 300}
        )
        values = (
            row, identity, line, numbers[line], draw.choice(["xgboost", "lightgbm", "torch", None]), f"user{row % 30}",
            start + row * 400_000_000 + draw.randint(-999, 999), draw.choice([None, row % 1000]), f"01T{row // 4:023d}",
            draw.randint(1000, 10**9), f"run {row} of the sweep" if row % 3 == 0 else None,
            identity if row % 50 == 0 else None, row % 40 == 0, row % 90 == 0, doc, None, None, None, None,
        )  # fmt: skip
        db.execute(f"INSERT INTO versions VALUES ({', '.join('?' * len(values))})", values)
        fields: list[tuple[int, str, float | None, str | None]] = [
            (row, "metrics.acc", draw.random(), None), (row, "metrics.loss", draw.random(), None),
            (row, "metrics.auc", draw.random(), None), (row, "params.lr", 10 ** -draw.randint(1, 5), None),
            (row, "params.epochs", draw.randint(1, 5), None), (row, "params.booster", None, "gbtree"),
            (row, "metadata.owner", None, draw.choice(["risk", "growth", "ads", "search"])),
            (row, "metadata.threshold", draw.random(), None),
        ]  # fmt: skip
        if row % 1001 == 0:
            fields.append((row, "metrics.late", draw.random(), None))
        if row % 700 == 0:
            fields[0] = (row, "metrics.acc", None, "nan")
        db.executemany("INSERT INTO fields VALUES (?, ?, ?, ?)", fields)
        tags = [tag for tag, share in (("prod", 0.05), ("TF", 0.4), ("candidate", 0.2)) if draw.random() < share]
        db.executemany("INSERT INTO tags VALUES (?, ?)", [(row, tag) for tag in tags + ["rare"] * (row % 9973 == 0)])
    db.execute("INSERT INTO aliases SELECT line, 'prod', min(row) FROM versions GROUP BY line")
    db.executescript(INDEXES)
    db.commit()
    return db


def measure(call: Callable[[], object]) -> tuple[float, float]:
    """Return the shortest and the median time of some calls, in milliseconds."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1000)
    return min(times), statistics.median(times)


def main() -> None:
    """Print each query's time as a share of its bar, and beside a bare count and Python's own start."""
    python = measure(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True))[0]
    for versions in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            _measure_all(make_index(Path(folder) / "index.sqlite", versions), versions, python)


def _measure_all(db: sqlite3.Connection, versions: int, python: float) -> None:
    count = measure(lambda: db.execute("SELECT count(*) FROM versions NOT INDEXED WHERE removed = 0").fetchone())[0]
    print(f"\n{versions} versions; a bare count of them : python -c pass {count / python:.2f}")
    for title, bar, queries in (("limit, indexed sort", 20, LIMITED), ("anything else", 150, UNLIMITED)):
        print(f"\n{title}: shares of the bar of {bar} ms\n   min  median   ×count  ×python    rows  query")
        for text, sort, limit in queries:
            print_one(db, text, sort, limit, count, python, bar)


def print_one(
    db: sqlite3.Connection, text: str, sort: str, limit: int | None, count: float, python: float, bar: float
) -> None:
    """Print one line of the table; `!` marks what is above its bar."""

    def ask() -> list[int]:
        query = Query(parse_query(text) if text else None, parse_sort(sort) if sort else (), limit)
        return find_rows(db, query, VersionId)

    least, median = measure(ask)
    mark = "!" if median > bar else " "
    print(
        f"{least / bar:6.3f} {median / bar:7.3f}{mark} {least / count:7.2f} {least / python:8.2f} {len(ask()):7}  "
        f"{text or '(all)'}  --sort {sort or '-created'}  --limit {limit}"
    )


if __name__ == "__main__":
    main()
