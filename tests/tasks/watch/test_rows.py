from __future__ import annotations

import math

import pytest

from registry_cli.errors import RegError
from registry_cli.tasks.watch.rows import LineReader, Row, parse_whole


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        ('{"loss": 0.5, "val": {"acc": 1, "by": {"cat": NaN}}, "name": "x", "ok": true, "no": null, "l": [1]}',
         [(None, {"loss": 0.5, "val.acc": 1.0, "val.by.cat": math.nan})]),
        ('{"step": 3, "epoch": 1, "loss": 0.5}', [(3, {"epoch": 1.0, "loss": 0.5})]),
        ('{"Epoch": 2.0, "loss": 0.5}', [(2, {"loss": 0.5})]),
        ('{"epoch": 0.5, "loss": 0.5}', [(None, {"epoch": 0.5, "loss": 0.5})]),
        ('{"step": true, "a": 1}', [(None, {"a": 1.0})]),
        ('{"step": 1e400, "a": 1}', [(None, {"step": math.inf, "a": 1.0})]),
        ('[{"a": 1}, 3, {"iteration": 7, "a": 2}]', [(0, {"a": 1.0}), (7, {"a": 2.0})]),
        ("[]", []),
        ('{"a": 1}\n{"a": 2}\n{"a":', [(0, {"a": 1.0}), (1, {"a": 2.0})]),
        ('{"a": %s}' % ("9" * 400), [(None, {})]),
        ('{"": 1, "a\\u0000": 1, "timestamp": 5}', [(None, {})]),
    ],
)  # fmt: skip
def test_json(data: str, rows: list[Row]) -> None:
    assert repr(parse_whole(data.encode(), ".json", "f")) == repr(rows)


def test_toml() -> None:
    assert parse_whole(b"step = 4\n[val]\nacc = 0.5\n", ".toml", "f") == [(4, {"val.acc": 0.5})]


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
        parse_whole(data, suffix, "f")


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
    reader = LineReader(suffix)
    found = [row for line in text.encode().splitlines(keepends=True) if (row := reader.read(line)) is not None]
    assert repr([row for row in found if row[1]]) == repr(rows)
