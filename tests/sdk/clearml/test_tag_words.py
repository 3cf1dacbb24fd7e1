"""ClearML's list of tags: its examples as documented, and any list against a plain reading of it."""

from __future__ import annotations

from itertools import chain, combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import registry_cli as reg
from registry_cli.catalog.query.ast import And, Expr, Label, Not, Or, format_query
from registry_cli.errors import UsageError
from registry_cli.sdk.clearml.lookup import find_models
from registry_cli.sdk.clearml.tag_words import parse_tags

ALL, ANY = ("__$all", "__$and"), ("__$any", "__$or")


def holds(expr: Expr | None, tags: frozenset[str]) -> bool:
    match expr:
        case None:
            return True
        case Or(terms):
            return any(holds(term, tags) for term in terms)
        case And(terms):
            return all(holds(term, tags) for term in terms)
        case Not(term):
            return not holds(term, tags)
        case Label("tag", value):
            return value in tags
    raise AssertionError(expr)


def plainly(words: list[str], tags: frozenset[str]) -> bool:
    """Read a list as its documentation says, without a tree."""
    groups: list[tuple[bool, list[bool]]] = [(False, [])]
    negated = False
    for word in words:
        if word in (*ALL, *ANY, "__$nop"):
            groups.append((word in ALL, []))
        elif word == "__$not":
            negated = True
        else:
            truth = (word.removeprefix("-") in tags) != word.startswith("-")
            groups[-1][1].append(truth != negated)
            negated = False
    told = [all(truths) if every else any(truths) for every, truths in groups if truths]
    joined = all if words and words[0] in ALL else any
    return joined(told) if told else True


@pytest.mark.parametrize(("words", "query"), [
    (["demo", "-TF"], "tag:demo or not tag:TF"),
    (["a", "b", "__$and", "c", "d"], "tag:a or tag:b or tag:c and tag:d"),
    (["__$any", "a", "__$all", "b", "c"], "tag:a or tag:b and tag:c"),
    (["__$any", "a", "__$not", "b"], "tag:a or not tag:b"),
    (["__$all", "a", "-x"], "tag:a and not tag:x"),
    (["__$all", "a", "b", "__$any", "c", "d"], "tag:a and tag:b and (tag:c or tag:d)"),
    (["__$and", "__$or", "a", "b", "__$or", "c", "d"], "(tag:a or tag:b) and (tag:c or tag:d)"),
    (["__$all", "a", "b", "__$nop", "c", "d"], "tag:a and tag:b and (tag:c or tag:d)"),
    (["__$not", "-x"], "tag:x"),
    (["a"], "tag:a"),
])  # fmt: skip
def test_what_is_documented(words: list[str], query: str) -> None:
    expr = parse_tags(words)
    assert expr is not None
    assert format_query(expr) == query


def test_nothing_is_asked_for() -> None:
    assert parse_tags([]) is None
    assert parse_tags(["__$all"]) is None


@pytest.mark.parametrize("words", [["a", "__$not"], ["__$not", "__$all", "a"], ["__$xor", "a"], ["a", None], "demo"])
def test_what_is_no_list_of_tags(words: list[str]) -> None:
    with pytest.raises(UsageError):
        parse_tags(words)


tag = st.sampled_from("abc").flatmap(lambda name: st.sampled_from([[name], [f"-{name}"], ["__$not", name]]))
word = st.one_of(tag, st.sampled_from([*ALL, *ANY, "__$nop"]).map(lambda operator: [operator]))
SUBSETS = [frozenset(some) for some in chain.from_iterable(combinations("abc", size) for size in range(4))]


@given(st.lists(word, max_size=10).map(lambda parts: list(chain.from_iterable(parts))))
def test_any_list_means_what_it_says(words: list[str]) -> None:
    expr = parse_tags(words)
    assert [holds(expr, tags) for tags in SUBSETS] == [plainly(words, tags) for tags in SUBSETS]


def test_versions_are_found_by_it(registry: reg.Registry, weights: Path) -> None:
    made = {tags: reg.commit(weights, f"p/m{number}", tags=sorted(tags)) for number, tags in enumerate(SUBSETS)}
    for words in (["a", "-b"], ["__$all", "a", "__$not", "b", "__$any", "b", "c"], ["__$all", "-a", "-b", "-c"]):
        found = {row.id for row in find_models(registry, tags=words)}
        assert found == {version.id for tags, version in made.items() if plainly(words, tags)}
