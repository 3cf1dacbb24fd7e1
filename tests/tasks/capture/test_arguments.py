from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from registry_cli.errors import UsageError
from registry_cli.records.values import Value, parse_scalar
from registry_cli.tasks.capture.arguments import parse_arguments, set_argument


def parse(words: str) -> dict[str, Value]:
    return parse_arguments(["python", "train.py", *words.split()])


@pytest.mark.parametrize(
    ("words", "params"),
    [
        ("", {}),
        ("--lr 0.1", {"lr": 0.1}),
        ("--lr=0.1", {"lr": 0.1}),
        ("--batch-size 32 --n_epochs=5", {"batch_size": 32, "n_epochs": 5}),
        ("--flag --no-x --last", {"flag": True, "no_x": True, "last": True}),
        ("-n 5 -lr 0.1 -v", {"n": 5, "lr": 0.1, "v": True}),
        ("-n5 -O2", {"n": 5, "O": 2}),
        ("--lr 1e-3 --eps=1E-08 --p .5", {"lr": 0.001, "eps": 1e-8, "p": 0.5}),
        ("--shift -0.5 --to -1 --by -1e-3", {"shift": -0.5, "to": -1, "by": -0.001}),
        ("--layers 64 64 32 --name a b", {"layers": [64, 64, 32], "name": "a"}),
        ("--version 1.10 --zip 007", {"version": "1.10", "zip": "007"}),
        ("--on true --off=false --mode True", {"on": True, "off": False, "mode": "True"}),
        ("--seed 1 --seed 2", {"seed": 2}),
        ("--empty= --eq=a=b", {"empty": "", "eq": "a=b"}),
        ("data.csv --lr 1 out", {"lr": 1}),
        ("--lr 1 -- --x 2", {"lr": 1}),
        ("model.lr=0.1 +a=1 ++b.c=x db/kind=pg", {"model.lr": 0.1, "a": 1, "b.c": "x", "db/kind": "pg"}),
        ("--multirun a=1", {"multirun": True, "a": 1}),
        ("--model.lr 3", {"model.lr": 3}),
        ("- --in -", {"in": "-"}),
        ("https://host/?a=1 ./a=b", {}),
    ],
)
def test_parameters_of_a_command(words: str, params: dict[str, Value]) -> None:
    assert parse(words) == params


def test_words_of_the_launcher_are_none() -> None:
    assert parse_arguments(["env", "A=1", "python", "-W", "x", "torch"]) == {}
    assert parse_arguments(["torchrun", "--nproc_per_node", "4", "train.py", "--lr", "1"]) == {"lr": 1}
    assert parse_arguments([]) == {}


def test_bytes_that_are_no_text_are_escaped_as_in_the_command_on_record() -> None:
    assert (
        parse_arguments(["./x", "--name", "a\udcff"]) == {"name": "a\\xff"} == parse_arguments(["./x", "--name=a\\xff"])
    )


@pytest.mark.parametrize(
    ("before", "name", "value", "after"),
    [
        ("--lr 0.1 --n 5", "lr", 0.05, "--lr 0.05 --n 5"),
        ("--lr=0.1 x", "lr", 0.05, "--lr=0.05 x"),
        ("--batch-size 3", "batch_size", 4, "--batch-size 4"),
        ("--batch_size 3", "batch-size", 4, "--batch_size 4"),
        ("--lr 1 --lr 2", "lr", 3, "--lr 1 --lr 3"),
        ("-n5 a", "n", 6, "-n6 a"),
        ("-n5 a", "n", "x", "-n x a"),
        ("--a 1 2 3 --b", "a", [4, 5], "--a 4 5 --b"),
        ("--a 1 2 3", "a", 4, "--a 4"),
        ("--a x 5", "a", 3, "--a=3 5"),
        ("a.b=3 c=1", "a.b", 4, "a.b=4 c=1"),
        ("+a=3", "a", 4, "+a=4"),
        ("a=3", "b", 4, "a=3 b=4"),
        ("a=3", "b", False, "a=3 b=false"),
        ("a=3", "a", [1, 2], "a=[1,2]"),
        ("", "lr", 1, "--lr 1"),
        ("data.csv", "n", 1, "data.csv -n 1"),
        ("x -- --y 1", "lr", 1, "x --lr 1 -- --y 1"),
        ("--x 1", "name", "-dash", "--x 1 --name=-dash"),
        ("--x 1", "name", "k=v", "--x 1 --name=k=v"),
        ("--flag a=1", "flag", False, "a=1"),
        ("--flag", "flag", True, "--flag"),
        ("", "flag", True, "--flag"),
        ("", "flag", False, ""),
        ("--no-big-x", "big_x", True, "--big-x"),
        ("--no-x", "x", False, "--no-x"),
        ("--no-x", "no_x", False, ""),
        ("--x true", "x", False, "--x false"),
        ("--x=True", "x", False, "--x=False"),
        ("--x", "x", 3, "--x 3"),
        ("--lr 1 --n 2 --lr 3", "lr", None, "--n 2"),
        ("a=1 b=2", "a", None, "b=2"),
        ("--n 2", "lr", None, "--n 2"),
    ],
)
def test_set_one(before: str, name: str, value: Value | None, after: str) -> None:
    assert set_argument(("./train", *before.split()), name, value) == ("./train", *after.split())


@pytest.mark.parametrize("name", ["", "-", "a b", "1x", "a\nb"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(UsageError):
        set_argument(["./x"], name, 1)


def test_a_table_is_no_argument() -> None:
    with pytest.raises(UsageError, match="table"):
        set_argument(["./x"], "a", {"b": 1})


names = st.from_regex(r"[a-z][a-z_]{0,5}(\.[a-z]{1,3})?", fullmatch=True).filter(
    lambda name: not name.startswith("no_")
)
texts = st.one_of(st.text(max_size=8), st.sampled_from(["-x", "--", "--y", "a=1", "-", "-5", "", "1.10", " "])).map(
    lambda text: parse_scalar(text.encode(errors="replace").decode())
)
numbers = st.one_of(st.integers(-(1 << 63), (1 << 63) - 1), st.floats(allow_nan=False))
values = st.one_of(texts, numbers, st.booleans())
words = st.one_of(
    st.builds("--{}".format, names),
    st.builds("--{}={}".format, names, values),
    st.builds("{}={}".format, names, values),
    st.builds(str, values),
    st.sampled_from(["--", "-n", "-n5", "file.csv", "3"]),
)
commands = st.lists(words, max_size=8).map(lambda words: ("python", "train.py", *words))


@given(commands, names, values)
def test_what_is_set_is_read_back(argv: tuple[str, ...], name: str, value: Value) -> None:
    assume(not (isinstance(value, str) and "\0" in value))
    after = set_argument(argv, name, value)
    told = parse_arguments(after).get(name.replace("-", "_"), False)
    assert told == value or (isinstance(value, bool) and told == str(value))  # spelt as before, `True`
    assert after[:2] == argv[:2]


@given(commands, names)
def test_what_is_taken_away_is_gone(argv: tuple[str, ...], name: str) -> None:
    if name in parse_arguments(argv):
        assert len(set_argument(argv, name, None)) < len(argv)
    else:
        assert set_argument(argv, name, None) == argv


@given(commands, names, values)
def test_setting_twice_is_setting_once(argv: tuple[str, ...], name: str, value: Value) -> None:
    once = set_argument(argv, name, value)
    # without its only flag a command of flags and overrides is one of overrides, where off is written: `name=false`
    assume(value is not False or not any(word.startswith("-") for word in argv) or any(w.startswith("-") for w in once))
    assert set_argument(once, name, value) == once


def test_a_flag_among_overrides_is_taken_away() -> None:
    argv = ("python", "train.py", "--verbose", "a=1")
    assert set_argument(argv, "verbose", False) == ("python", "train.py", "a=1")


@given(st.lists(st.text(max_size=9), max_size=8))
def test_any_words_can_be_read(argv: list[str]) -> None:
    for key in parse_arguments(argv):
        assert key
        assert key.isprintable()


def test_secrets_are_no_parameters() -> None:
    words = (
        "--api-key sk-abcdefghijklmnop --password 1234 --token=x --lr 1 --max-tokens 5 db.pass=x --url https://a:b@c"
    )
    assert parse(words) == {"lr": 1, "max_tokens": 5}
    assert parse_arguments(["./x", "--token=x"], secrets=True) == {"token": "x"}
