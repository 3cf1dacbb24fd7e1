"""`reg model query`: expressions, flags, saved views, and the columns that are shown."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Reg


def refs(reg: Reg, *words: str) -> list[str]:
    return [line.partition("\t")[0] for line in reg("model", "query", *words).lines]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["metrics.acc > 0.9", "--sort", "metrics.acc"], ["iris/softmax:1", "iris/softmax:2"]),
        (["metrics.acc > 0.9 and tag:baseline"], ["iris/softmax:1"]),
        (["--metric", "acc>0.93"], ["iris/softmax:2"]),
        (["--tag", "baseline"], ["iris/softmax:1"]),
        (["--tag=-baseline", "--sort", "name"], ["iris/softmax:2", "iris/tuned:1"]),
        (["--meta", "owner=risk"], ["iris/softmax:1"]),
        (["--name", "iris/t*"], ["iris/tuned:1"]),
        (["--project", "iris", "--limit", "1", "--sort", "-number,name"], ["iris/softmax:2"]),
        (["--per", "name", "--sort", "name,-number"], ["iris/softmax:2", "iris/tuned:1"]),
        (["parents(iris/softmax:1)"], ["iris/tuned:1"]),
        (["descends(iris/softmax:1)"], ["iris/tuned:1"]),
        (["--published"], []),
    ],
)
def test_what_is_found(iris: Reg, words: list[str], found: list[str]) -> None:
    assert refs(iris, *words) == found


def test_versions_since_a_time(iris: Reg) -> None:
    rows = iris("model", "query", "--sort", "created", "--json").json
    times = [row["created"] for row in rows]
    assert len(set(times)) > 1
    for at in times:
        assert len(refs(iris, "--since", at)) == sum(time >= at for time in times)
    assert refs(iris, "--since", "2999-01-01") == []
    iris("model", "query", "--since", times[-1], "--save-view", "new", "-q")
    assert refs(iris, "--view", "new") == refs(iris, "--since", times[-1])
    assert "is no time" in iris("model", "query", "--since", "2x", code=2).err


def test_archived_versions_are_hidden_unless_asked_for(iris: Reg) -> None:
    iris("model", "archive", "iris/softmax:1")
    assert refs(iris, "--name", "iris/softmax") == ["iris/softmax:2"]
    assert refs(iris, "--name", "iris/softmax", "--all", "--sort", "number") == ["iris/softmax:1", "iris/softmax:2"]
    assert refs(iris, "--archived") == ["iris/softmax:1"]


def test_removed_versions_are_listed_alone(iris: Reg) -> None:
    iris("model", "archive", "iris/softmax:2")
    iris("model", "remove", "iris/tuned:1")
    iris("model", "remove", "iris/softmax:2")
    assert refs(iris, "--removed", "--sort", "name") == ["iris/softmax:2", "iris/tuned:1"]
    assert refs(iris, "--removed", "--name", "iris/tuned") == ["iris/tuned:1"]
    assert refs(iris, "metrics.acc > 0", "--removed", "--sort", "-metrics.acc", "--limit", "1") == ["iris/softmax:2"]
    assert refs(iris) == ["iris/softmax:1"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("softmax", ["iris/softmax:1", "iris/softmax:2"]),
        ("SOFT baseline", ["iris/softmax:1"]),
        ("not softmax", ["iris/tuned:1"]),
        ("tuned or basel", ["iris/softmax:1", "iris/tuned:1"]),
        ("pilot", ["iris/tuned:1"]),
        ("'first pilot' and has(metrics.acc)", []),
    ],
)
def test_plain_words_search_names_tags_and_comments(iris: Reg, words: str, found: list[str]) -> None:
    iris("model", "edit", "iris/tuned:1", "--comment", "the first Pilot")
    assert refs(iris, words, "--sort", "name,number") == found


@pytest.mark.sweep(5)
@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (["--name", "softmax"], "no model is named softmax: did you mean iris/softmax?"),
        (["name = softmax"], "no model is named softmax: did you mean iris/softmax?"),
        (["metrics.ac > 0.5"], "no version has metrics.ac: did you mean `metrics.acc`?"),
        (["--metric", "ac>0.5"], "no version has metrics.ac: did you mean `metrics.acc`?"),
        (["has(metadata.ownr)"], "no version has metadata.ownr: did you mean `metadata.owner`?"),
        (["acc"], "no version has `acc` in its name, tags or comment; `metrics.acc` is a field"),
        (["--tag", "basline"], "no version has the tag basline: did you mean baseline?"),
        (["tag:basline", "--tag=-x"], "no version has the tag basline: did you mean baseline?"),
        (["--name", "sofmax"], "no model is named sofmax: did you mean iris/softmax?"),
        (["publishd"], "no version has `publishd` in its name, tags or comment; `published` is a field"),
        (["removed"], "no version has `removed` in its name, tags or comment; `--removed` finds removed versions"),
        (["--name", "softm*"], "no model is named softm*: did you mean iris/softmax?"),
        (["--name", "sfotmax*"], "no model is named sfotmax*: did you mean iris/softmax?"),
        (['name ~ "zz*"'], "no model is named zz*"),
        (["--project", "irs"], "no model is in project irs: did you mean iris?"),
        (["project in (zzz, iris) and tag:none"], "no model is in project zzz\nno version has the tag none"),
        (["framework = safetensor"], "no version has the framework safetensor: did you mean Safetensors?"),
        (["framework = nosuch"], "no version has the framework nosuch"),
        (["--framework", "Safetensor"], "no version has the framework Safetensor: did you mean Safetensors?"),
        (["author = testr"], "no version has the author testr: did you mean tester?"),
        (["task = NAME"], "no version has the task NAME"),
        (["task = basline"], "no version has the task basline: did you mean `task:baseline`?"),
        (["alias:bst"], "no version has the alias bst: did you mean best?"),
        (["has(@bst)"], "no version has the alias bst: did you mean best?"),
        (["--meta", "ownr=risk"], "no version has metadata.ownr: did you mean `metadata.owner`?"),
    ],
)
def test_what_finds_nothing_is_told_what_is_near(iris: Reg, words: list[str], advice: str) -> None:
    if "basline" in words[0]:
        iris("log", "--name", "baseline", "-q", "--", "true")
    for form in ([], ["--json"], ["--csv"], ["--columns", "id"]):
        assert iris("model", "query", *words, *form).err == f"{advice}\n"
    assert iris("model", "query", *words, terminal=True).err == f"{advice}\n"
    assert iris("model", "query", *words, "-q").err == ""


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (["--columns", "ref,metrics.ac"], "no version has metrics.ac: did you mean `metrics.acc`?"),
        (["--sort", "-metrics.ac,metadata.ownr", "--columns", "ref,metrics.acc"],
         "no version has metrics.ac: did you mean `metrics.acc`?\n"
         "no version has metadata.ownr: did you mean `metadata.owner`?"),
        (["--sort", "-metrics.acc", "--columns", "ref,metrics.acc,metadata.owner,files.path,design.media"], ""),
    ],
)  # fmt: skip
def test_a_column_or_sort_key_that_no_version_has_is_told(iris: Reg, words: list[str], advice: str) -> None:
    asked = iris("model", "query", *words)
    assert len(asked.lines) > 1
    assert asked.err == (f"{advice}\n" if advice else "")


def test_a_column_that_does_not_exist_is_told_what_is_near(iris: Reg) -> None:
    for words in (["model", "query", "--sort", "-metrics.acc"], ["model", "show", "iris/softmax"]):
        assert "no column `acc`: did you mean `metrics.acc`?" in iris(*words, "--columns", "acc", code=2).err
        assert "no column `file.path`: did you mean `files.path`" in iris(*words, "--columns", "file.path", code=2).err
        assert "no column `xyzzy`: columns are id" in iris(*words, "--columns", "xyzzy", code=2).err
    asked = iris("model", "query", "--sort", "metadata.owner", "--columns", "acc", code=2)  # the first row has none
    assert "no column `acc`: did you mean `metrics.acc`?" in asked.err
    assert "no field `nme` to sort by: did you mean name?" in iris("model", "list", "--sort", "nme", code=2).err


@pytest.mark.parametrize(
    "words",
    [
        ["metrics.acc > 9", "--name", "iris/softmax", "--name", "iris/t*"],
        ["not tag:none and not framework = nosuch and archived"],
        ["framework = SAFETENSORS and project = Iris and alias:BEST and number > 9"],
        ["--project", "ir*", "--framework", "[Ss]afe*", "--since", "2999-01-01"],
        ["--published"],
    ],
)
def test_what_is_there_but_does_not_match_gets_no_advice(iris: Reg, words: list[str]) -> None:
    for form in ([], ["--json"], ["--tsv"]):
        assert iris("model", "query", *words, *form).err == "no versions match\n"
    silent = iris("model", "query", *words, "-q")
    assert (silent.out, silent.err) == ("", "")
    assert iris("model", "query", *words, "--limit", "0").err == ""


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("tags:x", "tag:x"), ("tags ~ x", "tag:x"), ("tag = x", "tag:x"), ("aliases:prod", "alias:prod"),
        ("alais:prod", "alias:prod"), ("scans = ok", "scan:x"), ("name:iris", "name = iris"),
        ("published:true", "published = true"), ("removed = true", "--removed"),
    ],
)  # fmt: skip
def test_a_term_in_a_wrong_form_is_told_the_right_one(iris: Reg, query: str, meant: str) -> None:
    assert f"did you mean `{meant}`?" in iris("model", "query", query, code=2).err
    assert iris("model", "query", "--sort", query, code=2).err.count(f"`{meant}`") == 0


def test_a_bare_metric_is_told_its_field(iris: Reg) -> None:
    for words in (["acc > 0.9"], ["--sort", "-acc"], ["has(acc)"]):
        assert "there is no field 'acc': did you mean `metrics.acc`?" in iris("model", "query", *words, code=2).err


def test_chosen_columns(iris: Reg) -> None:
    lines = iris(
        "model", "query", "has(metrics.acc)", "--sort", "-metrics.acc", "--columns", "name,number,metrics.acc"
    ).lines
    assert lines == ["iris/softmax\t2\t0.95", "iris/softmax\t1\t0.91"]
    assert "no column `nope`" in iris("model", "query", "--columns", "nope", code=2).err


def test_a_saved_view_is_asked_again_and_narrowed(iris: Reg) -> None:
    words = ("metrics.acc > 0.9", "--sort", "-metrics.acc", "--limit", "5", "--columns", "ref,metrics.acc")
    saved = iris("model", "query", *words, "--save-view", "top")
    assert saved.lines == ["iris/softmax:2\t0.95", "iris/softmax:1\t0.91"]
    assert "reg model query --view top" in saved.err
    assert iris("model", "query", "--view", "top").lines == saved.lines
    assert iris("model", "query", "tag:baseline", "--view", "top").lines == saved.lines[1:]
    assert iris("model", "query", "--view", "top", "--limit", "1", "--columns", "id,number").out.endswith("\t2\n")
    assert "did you mean top?" in iris("model", "query", "--view", "tpo", code=11).err


def test_a_person_sees_metrics_the_sorted_ones_first(iris: Reg) -> None:
    heading = iris("model", "query", "--sort", "-metrics.loss", terminal=True).shown[0]
    assert [word for word in heading.split() if word in {"ref", "loss", "acc"}] == ["ref", "loss", "acc"]


def test_json_is_an_array_of_versions(iris: Reg) -> None:
    found = iris("model", "query", "--json", "--sort", "metrics.acc").json
    assert [version["ref"] for version in found] == ["iris/softmax:1", "iris/softmax:2", "iris/tuned:1"]
    assert found[1]["metrics"] == {"acc": 0.95, "loss": None}


def test_ids_can_be_piped_into_another_verb(iris: Reg) -> None:
    weak = iris("model", "query", "metrics.acc < 0.93", "-q").out
    assert iris("model", "tag", "-", "--add", "weak", stdin=weak).out.startswith("iris/softmax:1\t")
    listed = iris("model", "query", "tag:weak").out
    assert iris("model", "tag", "-", "--remove", "weak", stdin=listed).out.startswith("iris/softmax:1\t")


def test_a_mistake_is_pointed_at(iris: Reg) -> None:
    assert "^" in iris("model", "query", "metrics.acc >", code=2).err
    assert "quote it" in iris("model", "query", "--metric", "acc", code=2).err
    assert iris("model", "query", "--sort", "nope", code=2).err
