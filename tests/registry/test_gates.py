"""Gates may refuse, listeners are told."""

from __future__ import annotations

import pytest

from registry_cli.catalog.fold import changes
from registry_cli.errors import RefusedError
from registry_cli.ids import TagName
from registry_cli.opening import Registry
from registry_cli.records.entry import Entry
from registry_cli.registry.api import Gate, Listener
from registry_cli.registry.editing import tag_versions
from registry_cli.registry.transaction import transact
from tests.registry.making import add


class NoFriday:
    """Refuses a tag."""

    def __init__(self) -> None:
        self.asked: list[Entry] = []

    def check(self, registry: Registry, entry: Entry) -> None:
        self.asked.append(entry)
        assert registry.log.find(entry.seq) is None
        if any("friday" in str(change) for change in entry.changes):
            raise RefusedError("not on a friday", hint="wait")


class Witness:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[Entry] = []

    def notify(self, registry: Registry, entry: Entry) -> None:
        assert registry.log.find(entry.seq) is not None
        assert registry.index.head.seq >= entry.seq
        self.told.append(entry)


def test_a_gate_refuses_and_nothing_has_happened(registry: Registry) -> None:
    add(registry, "a/m")
    gate: Gate = NoFriday()
    witness = Witness()
    listener: Listener = witness
    registry.gates.append(gate)
    registry.listeners.append(listener)
    head = registry.index.head
    with pytest.raises(RefusedError, match="not on a friday") as refused:
        tag_versions(registry, ["a/m"], add=[TagName("friday")])
    assert refused.value.hint == "wait"
    assert registry.index.sync() == head
    assert list(registry.layout.tmp.iterdir()) == []
    assert witness.told == []
    tag_versions(registry, ["a/m"], add=[TagName("monday")], message="why")
    assert [(entry.seq, entry.message) for entry in witness.told] == [(2, "why")]
    assert [change["op"] for change in witness.told[0].changes] == ["tag"]


def test_a_gate_sees_an_added_version(registry: Registry) -> None:
    gate = NoFriday()
    registry.gates.append(gate)
    with pytest.raises(RefusedError):
        add(registry, "a/friday")
    assert registry.query() == []
    assert add(registry, "a/m").number == 1
    assert [change["op"] for change in gate.asked[-1].changes] == ["add-version"]


def test_what_breaks_a_rule_never_reaches_a_gate(registry: Registry) -> None:
    gate = NoFriday()
    registry.gates.append(gate)
    row = add(registry, "a/m")
    asked = len(gate.asked)
    with pytest.raises(RefusedError, match="`restore` is not allowed"):
        transact(registry, lambda: [changes.restore(row.id)])
    assert len(gate.asked) == asked
