"""Random small catalogs and random queries about them."""

from __future__ import annotations

from hypothesis import strategies as st

from registry_cli.catalog.query.ast import (
    Compare,
    Expr,
    Has,
    Held,
    In,
    Kin,
    Label,
    Not,
    Other,
    Time,
    Word,
    all_of,
    any_of,
)
from registry_cli.catalog.query.run import Query
from registry_cli.catalog.query.sort import SortKey
from tests.catalog.query.naive import Row

NAMES = ["fraud/xgb", "fraud/deep/net", "Iris", "Fraudulent/a", "Straße"]
TASKS = ["01TASKA", "01TASKB"]
TAGS = ["prod", "TF", "Größe"]
COMMENTS = ["fine", "abc", "Größer als PROD"]
WORDS = ["fraud", "XGB", "STRAße", "/", "prod", "tf", "größe", "GRÖSSE", "Fine", "bc", "r a", "%", "nowhere"]
"""Words in names, tags and comments, in the same case or in another."""
PATHS = ["model.pt", "out/model.pt", "Größe.bin"]
DIGESTS = ["ab12" + "0" * 60, "ab13" + "f" * 60, None]
OF_FILES = {
    "file.path": ["model.pt", "MODEL.pt", "out/*", "*.pt", "Größe.bin"],
    "file.sha256": ["ab12", "AB13", "ab1", "ab12" + "0" * 60, "ab13*"],
}
DAY = 86_400_000_000
START = 20_454 * DAY  # 2026-01-01
KEYED = ["metrics.acc", "metrics.loss", "metadata.owner", "metadata.scan", "metadata.my key"]
TEXTS = ["risk", "ads", "1", "true"]
NUMBERS = [0, 1, 2, -3, 0.5, float("inf")]
PLAIN_VALUES = {
    "name": [*NAMES, "fraud/*", "iris"], "project": ["fraud", "FRAUD/deep", "", "f*"], "id": ["aaaa", "aaab", "aaaa0"],
    "framework": ["xgboost", "Torch", "t*"], "author": ["ada", "bob"], "task": TASKS, "comment": ["fine", "a[b-d]c"],
    "number": [1, 2, 3], "step": [1, 2.5], "attempt": [1, 2], "size": [0, 1000, 10**6], "published": [True, False],
    "archived": [True, False], "created": [Time(t) for t in ("2026-01-01", "2026-01-02T00:00Z", "now-1d", "now")],
}  # fmt: skip
TEXT_FIELDS = ["name", "project", "framework", "author", "task", "comment", "id"]
COMPARISONS = ["=", "!=", "<", "<=", ">", ">="]


def identity(at: int) -> str:
    """Return the id of version `at`: some share four digits, some five."""
    return f"aaa{'ab'[at % 2]}{at % 3}{at:059d}"


def optional(values: list) -> st.SearchStrategy:
    return st.none() | st.sampled_from(values)


@st.composite
def catalogs(draw: st.DrawFn) -> list[Row]:
    rows: list[Row] = []
    counts: dict[str, int] = {}
    taken: set[tuple[str, str]] = set()
    for at in range(1, draw(st.integers(0, 8)) + 1):
        name = draw(st.sampled_from(NAMES))
        counts[name] = counts.get(name, 0) + 1
        keyed = draw(st.dictionaries(st.sampled_from(KEYED), st.sampled_from([*NUMBERS, *TEXTS, float("nan")])))
        aliases = {alias for alias in draw(st.sets(st.sampled_from(["prod", "old"]))) if (name, alias) not in taken}
        taken |= {(name, alias) for alias in aliases}
        plain = {
            "id": identity(at), "name": name, "project": name.rpartition("/")[0], "number": counts[name],
            "framework": draw(optional(["XGBoost", "torch"])), "author": draw(st.sampled_from(["ada", "bob"])),
            "created": START + draw(st.integers(-1, 2)) * DAY // 2, "step": draw(optional([1, 2])),
            "task": draw(optional(TASKS)), "attempt": draw(optional([1, 2, 3])),
            "size": draw(st.sampled_from([0, 1000, 10**6])),
            "comment": draw(optional(COMMENTS)), "published": draw(st.booleans()),
            "archived": draw(st.booleans()),
        }  # fmt: skip
        parents = draw(st.lists(st.integers(1, at), max_size=2, unique=True))
        rows.append(
            Row(
                at,
                plain,
                keyed,
                frozenset(draw(st.sets(st.sampled_from(TAGS)))),
                frozenset(aliases),
                tuple(identity(parent) for parent in parents if parent != at),
                draw(st.integers(0, 5)) == 0,
                tuple(draw(st.dictionaries(st.sampled_from(PATHS), st.sampled_from(DIGESTS), max_size=2)).items()),
            )
        )
    return rows


def _plain() -> st.SearchStrategy[Expr]:
    def compare(name: str) -> st.SearchStrategy[Expr]:
        ops = COMPARISONS[:2] if name in {"published", "archived"} else COMPARISONS
        ops = [*ops, "~", "!~"] if name in TEXT_FIELDS[:-1] else ops
        return st.builds(Compare, st.just(name), st.sampled_from(ops), st.sampled_from(PLAIN_VALUES[name]))

    return st.sampled_from(sorted(PLAIN_VALUES)).flatmap(compare)


def _membership() -> st.SearchStrategy[Expr]:
    def among(name: str) -> st.SearchStrategy[Expr]:
        values = st.lists(st.sampled_from(PLAIN_VALUES.get(name, [*NUMBERS, *TEXTS])), min_size=1, max_size=3)
        return st.builds(In, st.just(name), values.map(tuple), st.booleans())

    return st.sampled_from([*sorted(PLAIN_VALUES), *KEYED]).flatmap(among)


def _files() -> st.SearchStrategy[Expr]:
    def of(name: str) -> st.SearchStrategy[Expr]:
        value = st.sampled_from(OF_FILES[name])
        return st.one_of(
            st.builds(Compare, st.just(name), st.sampled_from(["=", "!=", "~", "!~"]), value),
            st.builds(In, st.just(name), st.lists(value, min_size=1, max_size=3).map(tuple), st.booleans()),
        )

    return st.sampled_from(sorted(OF_FILES)).flatmap(of)


def _others() -> st.SearchStrategy[Expr]:
    numeric, text = ["size", "number", "step", "attempt", "created"], ["framework", "comment"]
    pairs = st.tuples(st.sampled_from(numeric + KEYED), st.sampled_from(numeric + KEYED)) | st.tuples(
        st.sampled_from(text + KEYED), st.sampled_from(text + KEYED)
    )
    return st.builds(
        lambda pair, op, alias: Compare(pair[0], op, Other(alias, pair[1])),
        pairs, st.sampled_from(COMPARISONS), st.sampled_from(["prod", "old"]),
    )  # fmt: skip


def leaves() -> st.SearchStrategy[Expr]:
    keyed = st.sampled_from(KEYED)
    return st.one_of(
        _plain(),
        _membership(),
        _others(),
        _files(),
        st.builds(Word, st.sampled_from(WORDS)),
        st.builds(Compare, keyed, st.sampled_from(COMPARISONS), st.sampled_from([*NUMBERS, True, *TEXTS, "nan"])),
        st.builds(Compare, keyed, st.sampled_from(["~", "!~"]), st.sampled_from(["*", "r?sk", "[a-c]*"])),
        st.builds(Has, st.sampled_from([*KEYED, *PLAIN_VALUES])),
        st.builds(Held, st.sampled_from(["prod", "old", "PROD"])),
        st.builds(
            Label, st.sampled_from(["tag", "alias", "scan"]), st.sampled_from(["prod", "TF", "old", "risk", "Old"])
        ),
        st.builds(Label, st.just("task"), st.sampled_from(["01ta", "01TASKB", "02"])),
        st.builds(Kin, st.sampled_from(["descends", "parents"]), st.integers(1, 4).map(identity)),
    )


def expressions() -> st.SearchStrategy[Expr]:
    return st.recursive(
        leaves(),
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=3).map(all_of),
            st.lists(inner, min_size=2, max_size=3).map(any_of),
            inner.map(Not),
        ),
        max_leaves=6,
    )


def queries() -> st.SearchStrategy[Query]:
    key = st.builds(SortKey, st.sampled_from([*KEYED[:3], *PLAIN_VALUES]), st.booleans())
    return st.builds(
        Query, optional_expr(), st.lists(key, max_size=3).map(tuple), st.none() | st.integers(0, 5),
        st.sampled_from([None, None, "task", "name"]), st.booleans(),
    )  # fmt: skip


def optional_expr() -> st.SearchStrategy[Expr | None]:
    return st.none() | expressions()
