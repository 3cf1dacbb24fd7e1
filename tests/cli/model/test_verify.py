"""`reg model verify`: bit rot and forgery are found and named."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Reg


def rot(iris: Reg, ref: str) -> None:
    sha256 = iris("model", "show", ref, "--json").json["files"][0]["sha256"]
    blob = Path(".registry/blobs", sha256[:2], sha256[2:])
    data = bytearray(blob.read_bytes())
    data[-1] ^= 1
    blob.chmod(0o600)
    blob.write_bytes(data)


def test_all_is_well(iris: Reg) -> None:
    assert [
        line.split("\t")[:2] for line in iris("model", "verify", "iris/softmax:2", "iris/tuned", "--strong").lines
    ] == [
        ["iris/softmax:2", "ok"],
        ["iris/tuned:1", "ok"],
    ]
    assert iris("model", "verify", "-", stdin="").out == ""


def test_an_unread_address_is_not_reported_as_ok(iris: Reg) -> None:
    iris("model", "add", "a/far", "--url", "https://example.org/model.pth")
    assert iris("model", "verify", "a/far").lines == ["a/far:1\tunread\t0"]


def test_a_rotten_byte_is_named(iris: Reg) -> None:
    rot(iris, "iris/softmax:2")
    result = iris("model", "verify", "iris/softmax:2", "iris/tuned", code=14)
    assert "iris/softmax:2: 2.safetensors: " in result.err
    assert "iris/tuned:1\tok\t" in result.out
    shown = iris("model", "verify", "iris/softmax:2", "--json", code=14).json[0]
    assert (shown["result"], shown["faults"][0]["what"]) == ("corrupt", "2.safetensors")
