"""Random small catalogs of tasks and random queries about them; `naive` judges these too."""

from __future__ import annotations

import math
import sqlite3

from hypothesis import strategies as st

from registry_cli.catalog.query.ast import Compare, Expr, Has, In, Kin, Label, Not, Time, Word, all_of, any_of
from registry_cli.catalog.query.run import Query
from registry_cli.catalog.query.sort import SortKey
from registry_cli.catalog.query.subject import TASKS
from registry_cli.catalog.query.tasks import TaskQuery
from registry_cli.catalog.schema import INDEXES, TABLES
from registry_cli.dataclass import replace
from registry_cli.ids import TaskId
from registry_cli.records.status import STATUSES
from tests.catalog.query.naive import Row, answer
from tests.catalog.query.strategies import COMPARISONS, DAY, NUMBERS, START, TEXTS, identity, optional

KEYED = ["metrics.loss", "metrics.loss.min", "params.lr", "env.SEED", "host.cpus", "python.version", "seeds.torch"]
COMMITS = ["ab12" + "0" * 36, "ab13" + "f" * 36]
VALUES = {
    "name": ["Train", "train", "Straße", "t*", "STRASSE"], "project": ["iris", "IRIS/deep", "", "i*"],
    "id": ["01J", "01j0a", "02"], "status": [*STATUSES], "author": ["ada", "b*"], "attempt": [0, 1, 2.5],
    "created": [Time("2026-01-01"), Time("now-1d")], "started": [Time("2026-01-01"), Time("2026-01-02T00:00Z")],
    "ended": [Time("2026-01-01T12:00")], "duration": [0, 43200, 5400.5], "exit_code": [0, 1, 137],
    "source": ["01J", "01J0A"], "commit": ["ab12", "AB13", COMMITS[0]], "command": ["python a.py", "python*"],
    "comment": ["fine", "a[b-d]c"], "archived": [True, False],
}  # fmt: skip


def task_id(at: int) -> str:
    """Return the id of task `at`: some share five letters, some three."""
    return f"01J0{'AB'[at % 2]}{at:021d}"


@st.composite
def task_catalogs(draw: st.DrawFn) -> tuple[list[Row], frozenset[TaskId]]:
    """Return tasks as the index has them, and the ids of those whose processes are gone."""
    rows = []
    for at in range(1, draw(st.integers(0, 8)) + 1):
        moments = st.integers(-1, 2).map(lambda step: START + step * DAY // 2)
        started, ended = draw(st.none() | moments), draw(st.none() | moments)
        plain = {
            "name": draw(st.sampled_from(["Train", "train", "Straße", "tune"])),
            "project": draw(st.sampled_from(["Iris", "iris/deep", "irises", ""])), "id": task_id(at),
            "status": draw(st.sampled_from(STATUSES)), "author": draw(st.sampled_from(["ada", "bob"])),
            "attempt": draw(st.integers(0, 2)), "created": draw(moments), "started": started, "ended": ended,
            "duration": (ended - started) / 1e6 if started and ended else None, "exit_code": draw(optional([0, 1])),
            "source": draw(optional([task_id(1), task_id(2)])), "commit": draw(optional(COMMITS)),
            "command": draw(st.sampled_from(["python a.py", "bash run.sh"])),
            "comment": draw(optional(["fine", "abc"])), "archived": draw(st.booleans()),
        }  # fmt: skip
        keyed = draw(st.dictionaries(st.sampled_from(KEYED), st.sampled_from([*NUMBERS, *TEXTS, float("nan")])))
        tags = frozenset(draw(st.sets(st.sampled_from(["prod", "TF"]))))
        inputs = tuple(identity(version) for version in draw(st.lists(st.integers(1, 3), max_size=2)))
        rows.append(Row(at, plain, keyed, tags, parents=inputs, removed=draw(st.integers(0, 5)) == 0))
    gone = st.sets(st.integers(1, 9).map(lambda at: TaskId(task_id(at))))
    return rows, frozenset(draw(gone))


def write_tasks(rows: list[Row]) -> sqlite3.Connection:
    """Return an index in memory that holds tasks."""
    db = sqlite3.connect(":memory:")
    db.executescript(TABLES + INDEXES)
    for row in rows:
        p = row.plain
        columns = {
            "row": row.row, **{name: p[name] for name in p if name not in {"duration", "commit"}},
            "key": p["name"].casefold(), "project_key": p["project"].casefold(), "commit_id": p["commit"],
            "record": identity(row.row), "removed": row.removed,
        }  # fmt: skip
        marks = ", ".join("?" * len(columns))
        db.execute(f"INSERT INTO attempts ({', '.join(columns)}) VALUES ({marks})", tuple(columns.values()))
        for name, value in row.keyed.items():
            text = "nan" if value != value else value if isinstance(value, str) else None
            number = None if isinstance(value, str) or math.isnan(value) else value
            db.execute("INSERT INTO task_fields VALUES (?, ?, ?, ?)", (row.row, name, number, text))
        db.executemany("INSERT INTO task_tags VALUES (?, ?)", [(row.row, tag) for tag in row.tags])
        inputs = [(row.row, at, f"input{at}", version) for at, version in enumerate(row.parents)]
        db.executemany("INSERT INTO task_inputs VALUES (?, ?, ?, ?)", inputs)
    return db


def answer_tasks(rows: list[Row], query: TaskQuery, crashed: frozenset[TaskId]) -> list[int]:
    """Return what `find_task_rows` must return."""
    shown = [
        replace(row, plain={**row.plain, "status": "crashed"})
        if row.plain["status"] == "running" and row.plain["id"] in crashed
        else row
        for row in rows
    ]
    return answer(shown, Query(query.expr, query.sort, query.limit, None, query.include_archived))


def _operators(name: str) -> list[str]:
    if TASKS.plain[name].kind == "truth":
        return ["=", "!="]
    return [*COMPARISONS, "~", "!~"] if TASKS.plain[name].kind in {"text", "name", "project"} else COMPARISONS


def _plain(name: str) -> st.SearchStrategy[Expr]:
    upper = {"id", "source"}  # an order, unlike `=`, is compared in capitals
    operators = _operators(name)[:2] if name in {*upper, "commit"} else _operators(name)
    return st.builds(Compare, st.just(name), st.sampled_from(operators), st.sampled_from(VALUES[name]))


def _among(name: str) -> st.SearchStrategy[Expr]:
    values = st.lists(st.sampled_from(VALUES.get(name, [*NUMBERS, *TEXTS])), min_size=1, max_size=3)
    return st.builds(In, st.just(name), values.map(tuple), st.booleans())


def task_expressions() -> st.SearchStrategy[Expr]:
    keyed = st.sampled_from(KEYED)
    leaves: st.SearchStrategy[Expr] = st.one_of(
        st.sampled_from(sorted(VALUES)).flatmap(_plain),
        st.sampled_from([*sorted(VALUES), *KEYED]).flatmap(_among),
        st.builds(Compare, keyed, st.sampled_from(COMPARISONS), st.sampled_from([*NUMBERS, True, *TEXTS, "nan"])),
        st.builds(Compare, keyed, st.sampled_from(["~", "!~"]), st.sampled_from(["*", "r?sk", "[a-c]*"])),
        st.builds(Has, st.sampled_from([*KEYED, *VALUES])),
        st.builds(Label, st.just("tag"), st.sampled_from(["prod", "TF", "old"])),
        st.builds(Label, st.just("status"), st.sampled_from(STATUSES)),
        st.builds(Label, st.just("task"), st.sampled_from(["01j0a", "01J0B", "02"])),
        st.builds(Word, st.sampled_from(["TRAIN", "STRAße", "prod", "tf", "BC", "nowhere"])),
        st.builds(Kin, st.just("uses"), st.integers(1, 4).map(identity)),
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=3).map(all_of),
            st.lists(inner, min_size=2, max_size=3).map(any_of),
            inner.map(Not),
        ),
        max_leaves=6,
    )


def task_queries() -> st.SearchStrategy[TaskQuery]:
    key = st.builds(SortKey, st.sampled_from([*KEYED[:3], *VALUES]), st.booleans())
    return st.builds(
        TaskQuery, st.none() | task_expressions(), st.lists(key, max_size=3).map(tuple),
        st.none() | st.integers(0, 5), st.booleans(),
    )  # fmt: skip
