"""The version object of scripts: its fields, its verbs, and its pictures in a notebook."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import registry_cli as reg
from registry_cli.errors import RefusedError, UsageError


@pytest.fixture
def registry(tmp_path: Path) -> reg.Registry:
    return reg.Registry.init(tmp_path)


@pytest.fixture
def version(tmp_path: Path, registry: reg.Registry) -> reg.Version:
    path = tmp_path / "a<b.pt"
    path.write_bytes(b"weights")
    return reg.commit(
        path, "vision/net", metrics={"acc": 0.9, "val.f1": 0.5}, params={"lr": 0.1}, framework="PyTorch",
        message="<script>", registry=registry,
    )  # fmt: skip


class Tags(HTMLParser):
    """Checks that elements are nested well, and gathers their text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)
        self.names.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(shown: object) -> list[str]:
    """Return the texts of what a notebook shows; every colour is the page's own."""
    html = shown._repr_html_()  # type: ignore[attr-defined]
    assert not re.search(r"#[0-9a-f]{3}|rgb|color:(?!inherit)|background:(?!transparent)", html)
    tags = Tags(html)
    assert "script" not in tags.names
    return tags.words


def test_its_fields(version: reg.Version) -> None:
    assert (version.params, version.framework, version.published) == ({"lr": 0.1}, "PyTorch", False)
    assert [(file.path, file.size) for file in version.files] == [("a<b.pt", 7)]


def test_its_verbs_change_it_and_return_it(version: reg.Version, registry: reg.Registry) -> None:
    assert version.tag("good", "old") is version
    assert version.tag(remove=["old"]).tags == ("good",)
    assert version.alias("prod").aliases == ("prod",)
    edited = version.edit(comment="why", labels={"cat": 1}, metrics={"auc": 0.8}, metadata={"owner": "me"})
    assert (edited.row.comment, edited.labels, edited.metrics["auc"], edited.metadata["owner"]) == (
        "why", {"cat": 1}, 0.8, "me")  # fmt: skip
    assert version.edit(unset=["metadata.owner"]).metadata.get("owner") is None
    assert version.publish(message="done").published
    assert registry.get_row(version.id) == version.row
    with pytest.raises(RefusedError, match="published"):
        version.edit(framework="Other")
    for call in (lambda: version.tag(remove="old"), lambda: version.edit(unset="comment")):
        with pytest.raises(UsageError, match="must be a list"):
            call()
    assert len({version, version.alias("other")}) == 1


def test_a_notebook_shows_a_version(version: reg.Version) -> None:
    words = read(version.edit(comment="<b>bold</b>", metadata={"owner": {"name": "me"}}))
    for text in ("vision/net:1", "PyTorch", "<b>bold</b>", "metrics.acc", "0.9", "params.lr", "file a<b.pt", "7 bytes",
                 "metadata.owner.name"):  # fmt: skip
        assert text in words


def test_a_notebook_shows_the_answer_to_a_query(version: reg.Version, registry: reg.Registry) -> None:
    version.tag("a", "b")
    found = registry.query("metrics.acc > 0.5")
    assert isinstance(found, list)
    words = read(found)
    assert words[:6] == ["version", "aliases", "tags", "framework", "state", "created"]
    assert {"vision/net:1", "a, b", "draft", "val.f1", "0.5"} <= set(words)
    assert read(registry.query("metrics.acc > 5"))[:1] == ["version"]


def test_a_notebook_shows_a_comparison_and_a_lineage(tmp_path: Path, version: reg.Version) -> None:
    (tmp_path / "next.pt").write_bytes(b"other")
    after = reg.commit(tmp_path / "next.pt", "vision/next", parents=[version], metrics={"acc": 0.95},
                       registry=version.registry)  # fmt: skip
    compared = version.compare(after)
    assert compared.differs
    assert {"vision/net:1", "vision/next:1", "metrics.acc", "0.95"} <= set(read(compared))
    assert "font-weight:bold" in compared._repr_html_()
    assert [row.group for row in version.compare(after.id, only=["metrics"]).rows] == ["metrics"] * 2
    words = read(version.lineage())
    assert words[:2] == ["vision/net:1", "used for"]
    assert any("vision/next:1" in word for word in words)
    assert read(after.lineage(depth=1))[1] == "made from"


def test_a_prompt_shows_a_comparison_and_a_lineage_in_a_line(tmp_path: Path, version: reg.Version) -> None:
    (tmp_path / "next.pt").write_bytes(b"other")
    after = reg.commit(tmp_path / "next.pt", "vision/next", parents=[version], metrics={"acc": 0.95},
                       registry=version.registry)  # fmt: skip
    compared = version.compare(after, only=["metrics"])
    assert repr(compared) == "<Comparison vision/net:1 vision/next:1: 2 of 2 fields differ>"
    assert repr(version.compare(version)).endswith(": 0 of 7 fields differ>")
    assert repr(version.lineage()) == "<Lineage vision/net:1 nodes=2 edges=1>"
