"""Addresses: each form, what is near a miss, what is ambiguous, and names that are never given away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_cli.catalog.fold import changes
from registry_cli.catalog.read.address import get_line, resolve, resolve_exact
from registry_cli.catalog.read.address_form import Address, parse_address
from registry_cli.errors import AmbiguousError, NotFoundError, RegError, UsageError
from registry_cli.ids import AliasName, ModelName, RecordId, TaskId, VersionId
from registry_cli.records.parts import FileEntry
from tests.catalog.builders import Catalog, make_record

PROD = AliasName("prod")


@pytest.fixture
def catalog() -> Catalog:
    """fraud/xgb with four versions, the third archived, and iris/softmax with one."""
    catalog = Catalog()
    for _ in range(4):
        catalog.add("fraud/xgb")
    catalog.add("iris/softmax")
    assert catalog.apply(changes.archive(_id(catalog, "fraud/xgb:3"))) is None
    return catalog


def _id(catalog: Catalog, ref: str) -> VersionId:
    (found,) = catalog.db.execute("SELECT id FROM versions WHERE row = ?", (resolve(catalog.db, ref),)).fetchone()
    return VersionId(RecordId(found))


def _ref(catalog: Catalog, ref: str) -> str:
    row = resolve(catalog.db, ref)
    query = "SELECT l.name || ':' || v.number FROM versions v JOIN lines l ON l.id = v.line WHERE v.row = ?"
    return str(catalog.db.execute(query, (row,)).fetchone()[0])


def _point(catalog: Catalog, alias: AliasName, *refs: str | None) -> None:
    """Let an alias stand on one version after the other; None takes it away."""
    old: VersionId | None = None
    for ref in refs:
        new = _id(catalog, ref) if ref else None
        assert catalog.apply(changes.alias(alias, version=new, old=old)) is None
        old = new


@pytest.mark.parametrize(("text", "address"), [
    ("fraud/xgb", {"name": "fraud/xgb"}),
    ("fraud/xgb:3", {"name": "fraud/xgb", "number": 3}),
    ("fraud/xgb@prod", {"name": "fraud/xgb", "alias": "prod"}),
    ("fraud/xgb@prod@{1}", {"name": "fraud/xgb", "alias": "prod", "ago": 1}),
    ("fraud/xgb~", {"name": "fraud/xgb", "back": 1}),
    ("fraud/xgb~2", {"name": "fraud/xgb", "back": 2}),
    ("fraud/xgb:7~2", {"name": "fraud/xgb", "number": 7, "back": 2}),
    ("fraud/xgb@prod~2", {"name": "fraud/xgb", "alias": "prod", "back": 2}),
    ("My Project/Input Model with Network Design:1",
     {"name": "My Project/Input Model with Network Design", "number": 1}),
    ("cafe\u0301/m", {"name": "café/m"}),
    ("3F9C2A1B", {"prefix": "3f9c2a1b"}),
    ("dead", {"prefix": "dead"}),
    ("dead/beef", {"name": "dead/beef"}),
    ("task:01JD/out/best.pt", {"task": "01JD/out/best.pt"}),
    ("task:01JD", {"task": "01JD"}),
])  # fmt: skip
def test_each_form_is_parsed(text: str, address: dict[str, object]) -> None:
    assert parse_address(text) == Address(text, **address)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", ":3", "a/m:", "a/m:x", "a/m@", "a/m:1:2", "a/m@p@q", "a/m@p@{x}", "a/../m", "@p",
                                  "a//b", "a\nb", "~1", "f" * 65])  # fmt: skip
def test_what_is_no_address_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse_address(text)


@given(st.text(alphabet="ab/:@~{}1.f \u0301İ", max_size=12))
def test_parsing_never_fails_otherwise(text: str) -> None:
    try:
        parse_address(text)
    except UsageError:
        pass


def test_a_bare_name_is_the_latest_live_version(catalog: Catalog) -> None:
    assert _ref(catalog, "fraud/xgb") == "fraud/xgb:4"
    assert _ref(catalog, "FRAUD/Xgb") == "fraud/xgb:4"
    assert catalog.apply(changes.remove(_id(catalog, "fraud/xgb:4"))) is None
    assert _ref(catalog, "fraud/xgb") == "fraud/xgb:2"
    assert _ref(catalog, "fraud/xgb:4") == "fraud/xgb:4"


def test_counting_back_skips_the_archived(catalog: Catalog) -> None:
    assert _ref(catalog, "fraud/xgb~") == "fraud/xgb:2"
    assert _ref(catalog, "fraud/xgb~2") == "fraud/xgb:1"
    assert _ref(catalog, "fraud/xgb:3~1") == "fraud/xgb:2"
    assert _ref(catalog, "fraud/xgb~0") == "fraud/xgb:4"
    with pytest.raises(NotFoundError, match="no 3 live versions before"):
        resolve(catalog.db, "fraud/xgb~3")


def test_nothing_live(catalog: Catalog) -> None:
    assert catalog.apply(changes.archive(_id(catalog, "iris/softmax:1"))) is None
    with pytest.raises(NotFoundError, match="archived or removed") as missed:
        resolve(catalog.db, "iris/softmax")
    assert missed.value.hint == "reg model history iris/softmax"
    assert _ref(catalog, "iris/softmax:1") == "iris/softmax:1"


def test_an_alias_and_who_held_it_before(catalog: Catalog) -> None:
    _point(catalog, PROD, "fraud/xgb:1", "fraud/xgb:2", "fraud/xgb:4")
    assert _ref(catalog, "fraud/xgb@prod") == "fraud/xgb:4"
    assert _ref(catalog, "fraud/xgb@prod@{0}") == "fraud/xgb:4"
    assert _ref(catalog, "fraud/xgb@prod@{1}") == "fraud/xgb:2"
    assert _ref(catalog, "fraud/xgb@prod@{2}") == "fraud/xgb:1"
    assert _ref(catalog, "fraud/xgb@prod~1") == "fraud/xgb:2"
    with pytest.raises(NotFoundError, match="3 back"):
        resolve(catalog.db, "fraud/xgb@prod@{3}")


def test_an_alias_that_was_taken_away_was_held_before(catalog: Catalog) -> None:
    _point(catalog, PROD, "fraud/xgb:1", "fraud/xgb:2", None)
    assert _ref(catalog, "fraud/xgb@prod@{1}") == "fraud/xgb:2"
    assert _ref(catalog, "fraud/xgb@prod@{2}") == "fraud/xgb:1"
    with pytest.raises(NotFoundError):
        resolve(catalog.db, "fraud/xgb@prod")


def test_an_unknown_alias_names_those_there_are(catalog: Catalog) -> None:
    with pytest.raises(NotFoundError, match="no alias `best`") as missed:
        resolve(catalog.db, "fraud/xgb@best")
    assert missed.value.hint == "reg model alias --list fraud/xgb"
    _point(catalog, PROD, "fraud/xgb:1")
    with pytest.raises(NotFoundError, match="no alias `best`: it has prod") as missed:
        resolve(catalog.db, "fraud/xgb@best")
    assert missed.value.hint == "reg model alias --list fraud/xgb"


def test_an_id_prefix(catalog: Catalog) -> None:
    whole = _id(catalog, "iris/softmax:1")
    for text in (whole, whole[:12], whole[:12].upper()):
        assert _ref(catalog, text) == "iris/softmax:1"
    with pytest.raises(NotFoundError, match="too short for an id of 4 hex digits or more") as missed:
        resolve(catalog.db, "abc")
    assert missed.value.hint == "reg help addresses"
    with pytest.raises(NotFoundError, match="no version with an id"):
        resolve(catalog.db, "0" * 64)


def test_an_ambiguous_prefix_lists_its_versions() -> None:
    seen: dict[str, str] = {}
    for at in range(5000):  # two of 65,536 prefixes meet after a few hundred
        nonce = f"{at}"
        prefix = make_record("a/m", nonce=nonce)[0][:4]
        if prefix in seen:
            break
        seen[prefix] = nonce
    catalog = Catalog()
    first, second = catalog.add("a/m", nonce=seen[prefix]), catalog.add("a/m", nonce=nonce)
    with pytest.raises(AmbiguousError) as ambiguous:
        resolve(catalog.db, prefix)
    for part in (f"{first[:12]} (a/m:1)", f"{second[:12]} (a/m:2)"):
        assert part in ambiguous.value.message
    length = next(at for at in range(64) if first[at] != second[at])
    assert _ref(catalog, first[: length + 1]) == "a/m:1"
    assert _ref(catalog, second[: length + 1]) == "a/m:2"


def test_a_missing_number_and_name(catalog: Catalog) -> None:
    with pytest.raises(NotFoundError, match="no version 9, its last is 4") as missed:
        resolve(catalog.db, "fraud/xgb:9")
    assert missed.value.hint == "reg model history fraud/xgb"
    with pytest.raises(NotFoundError) as missed:
        resolve(catalog.db, "other/softmax")
    assert missed.value.message.endswith("`: did you mean iris/softmax?")
    with pytest.raises(NotFoundError) as missed:
        resolve(catalog.db, "fraud/xbg")
    assert missed.value.message.endswith("`: did you mean fraud/xgb?")
    with pytest.raises(NotFoundError) as missed:
        resolve(catalog.db, "zzzzzz/qqqqqq")
    assert missed.value.hint == "reg model list"


def test_a_huge_number_is_a_miss_or_no_address(catalog: Catalog) -> None:
    for form in ("fraud/xgb:%d", "fraud/xgb~%d", "fraud/xgb@prod@{%d}"):
        with pytest.raises(NotFoundError):
            resolve(catalog.db, form % (10**18 - 1))
        with pytest.raises(UsageError):
            resolve(catalog.db, form % 10**18)


def test_a_renamed_name_leads_on_and_is_never_given_away(catalog: Catalog) -> None:
    def rename(old: str, new: str) -> str | None:
        return catalog.apply(changes.rename(ModelName(old), ModelName(new)))

    assert rename("iris/softmax", "iris/linear") is None
    assert rename("iris/linear", "plants/linear") is None
    for ref in ("iris/softmax:1", "IRIS/linear", "plants/linear"):
        assert _ref(catalog, ref) == "plants/linear:1"
    assert get_line(catalog.db, "iris/softmax") == get_line(catalog.db, "plants/linear")
    assert "names another model, or once did" in str(rename("fraud/xgb", "iris/softmax"))
    catalog.add("iris/softmax")
    assert _ref(catalog, "plants/linear") == "plants/linear:2"
    assert rename("plants/linear", "iris/softmax") is None  # its own old name it may have again
    assert _ref(catalog, "plants/linear") == "iris/softmax:2"


def test_names_differ_neither_by_case_nor_by_composition(catalog: Catalog) -> None:
    catalog.add("Ünï/Straße")
    assert _ref(catalog, "ünï/STRASSE") == "Ünï/Straße:1"
    assert _ref(catalog, "U\u0308ni\u0308/Straße") == "Ünï/Straße:1"


def test_a_task_names_its_output() -> None:
    catalog = Catalog()
    for task, path in (("01JA0000000000000000000000", "best.pt"), ("01JB0000000000000000000000", "best.pt"),
                       ("01JB0000000000000000000000", "last.pt")):  # fmt: skip
        catalog.add(task=TaskId(task), files=(FileEntry(path, url=f"https://x/{path}"),))
    assert _ref(catalog, "task:01JA") == "a/m:1"
    assert _ref(catalog, "task:01JB/last.pt") == "a/m:3"
    with pytest.raises(AmbiguousError, match="a/m:2, a/m:3"):
        resolve(catalog.db, "task:01JB")
    with pytest.raises(NotFoundError, match="no task"):
        resolve(catalog.db, "task:01JA/other.pt")


def test_what_a_task_put_out_is_named_exactly() -> None:
    catalog = Catalog()
    task = TaskId("01JA0000000000000000000000")
    for name, path in (("p/fit/my_model", "my_model.pt"), ("p/fit/my-model", "my-model.pt"), ("p/fit/r1/m", "m.pt")):
        catalog.add(name, task=task, files=(FileEntry(path, url=f"https://x/{path}"),))
    assert _ref(catalog, "task:01JA/my_model") == "p/fit/my_model:1"
    assert _ref(catalog, "task:01JA/MY-model") == "p/fit/my-model:1"
    assert _ref(catalog, "task:01JA/my_model.pt") == "p/fit/my_model:1"
    assert _ref(catalog, "task:01JA/r1/m") == "p/fit/r1/m:1"


@pytest.mark.parametrize("verb", ["publish", "archive", "remove", "alias", "sign"])
@pytest.mark.parametrize(("text", "exact"), [("fraud/xgb", "fraud/xgb:4"), ("fraud/xgb~1", "fraud/xgb:2")])
def test_verbs_that_seal_want_an_exact_address(catalog: Catalog, verb: str, text: str, exact: str) -> None:
    with pytest.raises(UsageError, match="wants one exact version") as refused:
        resolve_exact(catalog.db, text, verb)
    assert refused.value.hint == f"reg model {verb} {exact}"


def test_exact_addresses_pass(catalog: Catalog) -> None:
    _point(catalog, PROD, "fraud/xgb:2")
    for text in ("fraud/xgb:2", "fraud/xgb@prod", _id(catalog, "fraud/xgb:2"), _id(catalog, "fraud/xgb:2")[:10]):
        assert resolve_exact(catalog.db, text, "publish") == resolve(catalog.db, "fraud/xgb:2")


def test_the_hint_is_quoted_for_a_shell(catalog: Catalog) -> None:
    catalog.add("My Project/The Model")
    with pytest.raises(UsageError) as refused:
        resolve_exact(catalog.db, "My Project/The Model", "publish")
    assert refused.value.hint == "reg model publish 'My Project/The Model:1'"


def test_a_bare_name_that_is_nothing_is_a_miss_first(catalog: Catalog) -> None:
    with pytest.raises(NotFoundError):
        resolve_exact(catalog.db, "no/body", "publish")
    with pytest.raises(RegError):
        get_line(catalog.db, "no/body")
