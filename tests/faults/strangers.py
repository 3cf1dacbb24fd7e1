"""A registry into which a stranger writes: each record has its right name, each entry its seal and its place.

So nothing but what they say can be wrong. Here are the records, and a `reg` whose output is looked at for harm.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from registry_cli.cli.main import main
from registry_cli.ids import new_ulid
from registry_cli.opening import Registry
from registry_cli.records.toml import dump_table, seal
from tests.builders import add
from tests.cli.conftest import Stream, standard_streams

NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
FIRST: Final = datetime.min.replace(tzinfo=UTC)
LAST: Final = datetime.max.replace(tzinfo=UTC)
TRICK: Final = "\x1b]0;owned\x07\x9b31m\u202e"
"""Sets a window's title, turns red by one C1 byte, and turns text around, on a terminal that obeys."""
EXITS: Final = {0, 1, 2, 10, 11, 12, 13, 14, 15, 17}
_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_COLOUR: Final = re.compile("\x1b\\[[0-9;]*m")
Table = dict[str, Any]


class Stranger:
    """Writes records and entries into a registry that holds `p/base:1`."""

    def __init__(self, folder: Path) -> None:
        self.registry = Registry.init(folder)
        self.base = add(self.registry, "p/base", b"bytes")

    @property
    def root(self) -> Path:
        return self.registry.path

    def table(self, **given: object) -> Table:
        """Return a good record of a version on the bytes of `p/base:1`, with `given` in it."""
        return {
            "kind": "version",
            "schema": 1,
            "nonce": new_ulid(),
            "model": "h/x",
            "created": NOW,
            "author": "stranger",
            "files": [self.file()],
            **given,
        }

    def file(self, **given: object) -> Table:
        (file,) = self.base.files
        whole = {"path": "m.bin", "size": file.size, "sha256": file.sha256, "xxh3": file.xxh3, **given}
        return {key: value for key, value in whole.items() if value is not None}

    def add(self, record: Mapping[str, object] | bytes, name: str) -> str:
        data = record if isinstance(record, bytes) else dump_table(record)
        digest = hashlib.sha256(data).hexdigest()
        (self.root / "records" / digest[:2] / f"{digest[2:]}.toml").write_bytes(data)
        self.append({"op": "add-version", "version": digest, "model": name})
        return digest

    def append(self, *changes: Mapping[str, object], **given: object) -> Path:
        head = self.registry.log.head()
        entry = {
            "seq": head.seq + 1,
            "previous": head.digest,
            "id": new_ulid(),
            "time": NOW,
            "author": "stranger",
            "tool": "other",
            "rules": 1,
            "changes": list(changes),
            **given,
        }
        slot = self.registry.layout.slot(head.seq + 1)
        slot.parent.mkdir(exist_ok=True)
        slot.write_bytes(seal(dump_table(entry)))
        return slot


def run(root: Path, *words: str | Path, terminal: bool = False) -> tuple[int, str]:
    """Run `reg` on a registry; return how it ended and all that it printed, in which no terminal finds an order."""
    out, err = Stream(terminal=terminal), Stream(terminal=terminal)
    with standard_streams(Stream(), out, err):
        code = main(["--registry", str(root), *map(str, words)])
    text = (out.written + err.written).decode()
    shown = _COLOUR.sub("", text) if terminal else text
    assert not _CONTROLS.search(shown), f"reg {words} prints {_CONTROLS.findall(shown)}: {text!r:.600}"
    assert code in EXITS
    return code, text


def list_outside(folder: Path) -> list[Path]:
    """Return what lies in a test's folder beside what was added and what was got: nothing may."""
    return [path for path in folder.iterdir() if path.name not in {"site", "got", "in", ".home"}]


Make = Callable[[Stranger], Table | bytes]


def whole(**given: object) -> Make:
    return lambda s: s.table(**given)


def with_file(**given: object) -> Make:
    return lambda s: s.table(files=[s.file(**given)])


def with_paths(*paths: str) -> Make:
    return lambda s: s.table(files=[s.file(path=path) for path in paths])


def with_design(text: str) -> Make:
    return whole(design={"media": "application/json", "text": text})


def with_parent(role: object) -> Make:
    return lambda s: s.table(parents=[{"id": s.base.id, "role": role}])


def with_text(toml: bytes) -> Make:
    return lambda s: dump_table(s.table()) + b"\n" + toml + b"\n"


def nested(depth: int) -> bytes:
    return b"metadata = " + b"{a=" * depth + b"1" + b"}" * depth


PATHS: Final = (
    "../out", "/tmp/reg-was-here", "a/../../out", "a/./b", "..", ".", "", "a//b", "a/", "a\nb", "a\0b", "a\x85b", TRICK,
)  # fmt: skip
FILES: Final[dict[str, Make]] = {
    **{f"path {path!r}": with_file(path=path) for path in PATHS},
    "no digest": with_file(sha256=None),
    "no check": with_file(xxh3=None),
    "no size": with_file(size=None),
    "digest climbs": with_file(sha256="../../../../etc/passwd"),
    "digest in capitals": with_file(sha256="A" * 64),
    "digest of digits": with_file(sha256=5),
    "negative size": with_file(size=-1),
    "size beyond 64 bits": with_file(size=1 << 63),
    "fractional size": with_file(size=0.5),
    "media no text": with_file(media=5),
    "url no text": with_file(url=[], sha256=None),
    "empty url": with_file(url="", sha256=None),
    "same but for case": with_paths("A", "a"),
    "same": with_paths("m", "m"),
    "same but for composition": with_paths("e\u0301", "\u00e9"),
    "same when folded": with_paths("straße", "STRASSE"),
    "file and folder": with_paths("a", "a/b"),
}
"""Each would have `get` write where it must not, or read what is not its own."""
DAMAGED: Final[dict[str, Make]] = {
    "parent is no id": whole(parents=[{"id": 5, "role": "base"}]),
    "parent climbs": whole(parents=[{"id": "../x", "role": "base"}]),
    "role is no text": with_parent(1),
    "parents of numbers": whole(parents=[1]),
    "files of numbers": whole(files=[1]),
    "files as a table": whole(files={"a": 1}),
    "design without media": whole(design={"text": "x"}),
    "design no text": whole(design={"media": "x", "text": 5}),
    "design climbs": whole(design={"media": "x", "sha256": "../x", "xxh3": "0" * 32, "size": 1}),
    "design of digits": whole(design={"media": "x", "sha256": 5}),
    "step beyond 64 bits": whole(step=1 << 64),
    "label beyond 64 bits": whole(labels={"a": 1 << 64}),
    "sizes beyond 64 bits": lambda s: s.table(files=[s.file(path=path, size=(1 << 63) - 1) for path in "abc"]),
    "nothing": lambda _: b"",
    "no text": lambda _: b"\xff" * 100,
    "another kind": whole(kind="publication"),
    "schema of tomorrow": whole(schema=1 << 62),
    "10,000 tables": with_text(nested(10_000)),
    "10,000 lists": with_text(b"metadata = {a=" + b"[" * 10_000 + b"]" * 10_000 + b"}"),
}
"""No records of versions."""
ODD: Final[dict[str, Make]] = {
    "texts": whole(author=TRICK, message=TRICK, framework=TRICK, task=TRICK, step=-(1 << 63), unset=[TRICK]),
    "names of metrics": whole(metrics={TRICK: 1, "": 2, ".": 3, "a b": 4}, labels={TRICK: 1}),
    "names": whole(params={TRICK: [TRICK, {TRICK: TRICK}]}, metadata={TRICK: TRICK, "": {"": 1}}, **{TRICK: TRICK}),
    "role": with_parent(TRICK),
    "no role": with_parent(""),
    "media": with_file(media=TRICK),
    "media of a design": whole(design={"media": TRICK, "text": "x"}),
    "numbers": whole(metrics={"a": float("nan"), "b": float("inf"), "c": -0.0, "d": (1 << 63) - 1}),
    "no numbers": whole(metrics={"a": "x", "b": [1], "c": {"d": True}, "e": NOW}, labels={"a": "x", "b": 1.5}),
    "times": whole(created=LAST, metadata={"a": FIRST}),
    "local times": with_text(b"metadata = {a=2020-01-01,b=10:10:10,c=2020-01-01T00:00:00}"),
    "30 tables": with_text(nested(30)),
    "400 tables": with_text(nested(400)),
    "deep design": with_design('{"a":' * 5000 + "1" + "}" * 5000),
    "lists of a design": with_design("[" * 100_000),
    "number of a design": with_design('{"a":1e999,"b":' + "9" * 9999 + "}"),
    "half a character in a design": with_design('{"a":"\\ud800"}'),
    "half a character in a list": with_design('{"a":["\\ud800"]}'),
    "half a character as a name": with_design('{"\\ud800":1}'),
    "broken url": with_file(url="http://[", sha256=None),
    "url of no scheme": with_file(url=TRICK, sha256=None),
    "url of a folder": with_file(url="file:///", sha256=None),
    "url with a zero": with_file(url="file:///a%00b", sha256=None),
    "no files": whole(files=[]),
    "model climbs": whole(model="../../x"),
}
"""What another program may have meant, or a stranger to do harm."""
