from __future__ import annotations

import math

import pytest

from registry_cli.errors import RegError
from registry_cli.tasks.watch.doubts import BEYOND, COMMA, REPEATED, Doubts
from registry_cli.tasks.watch.rows import WHOLE, LineReader, Row, parse_whole


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        ('{"loss": 0.5, "val": {"acc": 1, "by": {"cat": NaN}}, "name": "x", "ok": true, "no": null, "l": [1]}',
         [(None, {"loss": 0.5, "val.acc": 1.0, "val.by.cat": math.nan})]),
        ('{"step": 3, "epoch": 1, "loss": 0.5}', [(3, {"epoch": 1.0, "loss": 0.5})]),
        ('{"Epoch": 2.0, "loss": 0.5}', [(2, {"loss": 0.5})]),
        ('{"epoch": 0.5, "loss": 0.5}', [(None, {"epoch": 0.5, "loss": 0.5})]),
        ('{"step": true, "a": 1}', [(None, {"a": 1.0})]),
        ('{"step": 1e400, "a": 1}', [(None, {"a": 1.0})]),
        ('{"step": Infinity, "a": 1e308}', [(None, {"step": math.inf, "a": 1e308})]),
        ('[{"a": 1}, 3, {"iteration": 7, "a": 2}]', [(0, {"a": 1.0}), (7, {"a": 2.0})]),
        ("[]", []),
        ('{"a": 1}\n{"a": 2}\n{"a":', [(0, {"a": 1.0}), (1, {"a": 2.0})]),
        ('{"a": %s}' % ("9" * 400), [(None, {})]),
        ('{"": 1, "a\\u0000": 1, "timestamp": 5}', [(None, {})]),
    ],
)  # fmt: skip
def test_json(data: str, rows: list[Row]) -> None:
    assert repr(parse_whole(data.encode(), ".json", "f", Doubts())) == repr(rows)


def test_toml() -> None:
    assert parse_whole(b"step = 4\n[val]\nacc = 0.5\n", ".toml", "f", Doubts()) == [(4, {"val.acc": 0.5})]


@pytest.mark.parametrize(
    ("data", "suffix"),
    [
        (b"", ".json"),
        (b'{"a": 1', ".json"),
        (b'{\n"a": 1', ".json"),
        (b'{"a": 1}\xff', ".json"),
        (b"3", ".json"),
        (b"\xff", ".json"),
        (b"[" * 99999, ".json"),
        (b"a =", ".toml"),
        (b"\xff", ".toml"),
    ],
)
def test_what_cannot_be_read(data: bytes, suffix: str) -> None:
    with pytest.raises((RegError, ValueError, RecursionError)):
        parse_whole(data, suffix, "f", Doubts())


@pytest.mark.parametrize(
    ("text", "suffix", "rows"),
    [
        ("epoch,loss\n0,0.5\n1,0.4\n", ".csv", [(0, {"loss": 0.5}), (1, {"loss": 0.4})]),
        ("step\tloss\n5\t0.5\n", ".tsv", [(5, {"loss": 0.5})]),
        ("loss;Step\n0.5;3\n", ".csv", [(3, {"loss": 0.5})]),
        ("Step;loss;lr\n1,0;-0,5;1e-3\n2;1.234,5;1,5E-4\n3;0.25;,5\n", ".csv",
         [(1, {"loss": -0.5, "lr": 0.001}), (2, {"loss": 1234.5, "lr": 0.00015}), (3, {"loss": 0.25, "lr": 0.5})]),
        ("step\tloss\n5\t0,5\n", ".tsv", [(5, {"loss": 0.5})]),
        ("loss\n0,5\n", ".csv", [(0, {"loss": 0.5})]),
        ('epoch,loss,acc\n1,"0,5","1.234,5"\n2,"-0,500",0.25\n', ".csv",
         [(1, {"loss": 0.5, "acc": 1234.5}), (2, {"loss": -0.5, "acc": 0.25})]),
        ("epoch|loss|note\n1|0,5|a,b\n", ".csv", [(1, {"loss": 0.5})]),
        ("epoch | loss\n 1 | 0.5\n", ".csv", [(1, {"loss": 0.5})]),
        ("train|loss|a,val|loss|a\n1,2\n", ".csv", [(0, {"train|loss|a": 1.0, "val|loss|a": 2.0})]),
        ('"a; b",c\n1,2\n', ".csv", [(0, {"a; b": 1.0, "c": 2.0})]),
        ('"a, b";c\n1,5;2\n', ".csv", [(0, {"a, b": 1.5, "c": 2.0})]),
        ("loss,acc\n0.5,\n,0.9\n", ".csv", [(0, {"loss": 0.5}), (1, {"acc": 0.9})]),
        ("epoch,step,train_loss,val_loss\n0,9,0.5,\n0,9,,0.6\n", ".csv",
         [(9, {"epoch": 0.0, "train_loss": 0.5}), (9, {"epoch": 0.0, "val_loss": 0.6})]),
        ('"a, b",c\r\n1,x\r\n', ".csv", [(0, {"a, b": 1.0})]),
        ("\ufeffloss\n\nnan\n-inf\n", ".csv", [(0, {"loss": math.nan}), (1, {"loss": -math.inf})]),
        ("loss,step\n0.5\n0.4,x\n0.3,1.0,9\n", ".csv",
         [(None, {"loss": 0.5}), (None, {"loss": 0.4}), (1, {"loss": 0.3})]),
        ("timestamp\tstep\tloss\n99\t1\t2\n", ".tsv", [(1, {"loss": 2.0})]),
        ('{"loss": 1}\nrot\n[1]\n{"step": 9, "loss": 2}\n', ".jsonl", [(0, {"loss": 1.0}), (9, {"loss": 2.0})]),
        ('{"loss": 1}\n' + "[" * 9999 + "\n", ".ndjson", [(0, {"loss": 1.0})]),
        ("a\n" + "1" * 200_000 + "\n\x00\n2\n", ".csv", [(2, {"a": 2.0})]),
    ],
)  # fmt: skip
def test_line_by_line(text: str, suffix: str, rows: list[Row]) -> None:
    reader = LineReader(suffix, Doubts())
    found = [row for line in text.encode().splitlines(keepends=True) if (row := reader.read(line)) is not None]
    assert repr([row for row in found if row[1]]) == repr(rows)


@pytest.mark.parametrize(
    ("text", "suffix", "rows", "doubts"),
    [
        ('{"loss": 1e400, "val": {"acc": -1e999}, "a": Infinity, "name": "x"}', ".json",
         [(None, {"a": math.inf})], [f"'loss' and 'val.acc': {BEYOND}"]),
        ('{"n": %s}' % ("9" * 400), ".json", [(None, {})], [f"'n': {BEYOND}"]),
        ("a = 1e400\nb = inf\n", ".toml", [(None, {"b": math.inf})], [f"'a': {BEYOND}"]),
        ("step,loss\n1,1e400\n2,inf\n", ".csv", [(1, {}), (2, {"loss": math.inf})], [f"'loss': {BEYOND}"]),
        ('{"loss": 1, "loss": 2, "val": {"a": 1, "a": 3}}', ".json", [(None, {"loss": 2.0, "val.a": 3.0})],
         [f"'loss' and 'val.a': {REPEATED}"]),
        ('{"val": {"a": 1}, "val.a": 2}', ".json", [(None, {"val.a": 2.0})], [f"'val.a': {REPEATED}"]),
        ('{"step": 1, "step": 2, "a": 1}', ".json", [(2, {"a": 1.0})], [f"'step': {REPEATED}"]),
        ('{"a": 1, "a": 2}\n{"a": 3, "a": 4}\n', ".jsonl", [(0, {"a": 2.0}), (1, {"a": 4.0})], [f"'a': {REPEATED}"]),
        ("step,a,a\n1,2,3\n", ".csv", [(1, {"a": 3.0})], [f"'a': {REPEATED}"]),
        ("step,b,b\n1,x,\n", ".csv", [(1, {})], []),
        ('step,loss\n1,"1,234"\n2,"5,678"\n3,0.5\n', ".csv", [(1, {}), (2, {}), (3, {"loss": 0.5})],
         [f"'loss': {COMMA}"]),
        ('step;loss\n1;"1,234"\n', ".csv", [(1, {"loss": 1.234})], []),
        ('{"a": [{"x": 1e400, "x": 1}], "b": 1}', ".json", [(None, {"b": 1.0})], []),
        ("a,b,c,d,e\n" + ",".join(["1e400"] * 5), ".csv", [(0, {})], [f"'a', 'b', 'c' and 2 more: {BEYOND}"]),
    ],
)  # fmt: skip
def test_what_is_doubtful_is_said_once(text: str, suffix: str, rows: list[Row], doubts: list[str]) -> None:
    found = Doubts()
    if suffix in WHOLE:
        read = parse_whole(text.encode(), suffix, "f", found)
    else:
        reader = LineReader(suffix, found)
        read = [row for line in text.encode().splitlines(keepends=True) if (row := reader.read(line)) is not None]
    assert (read, found.list_sentences()) == (rows, doubts)
