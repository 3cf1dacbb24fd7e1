from __future__ import annotations

from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from registry_cli.tasks.watch.scalar_names import Names

FILES = st.sampled_from(
    ["m.json", "m.toml", "a/m.json", "b/m.json", "b/log.csv", "a/b/m.json", "b/a/m.json", "x\n.csv"]
)


@given(st.lists(st.tuples(FILES, st.sets(st.sampled_from(["loss", "acc", "m.loss", "log.loss"]))), max_size=20))
@example([("a/m.json", {"m.loss"}), ("b/log.csv", {"loss"}), ("a/m.json", {"loss"})])
def test_no_name_is_of_two_files(told: list[tuple[str, set[str]]]) -> None:
    names = Names()
    owners: dict[str, tuple[str, str]] = {}
    for file, keys in told:
        found = names.find(Path("/w", file), keys)
        for key in keys:
            assert owners.setdefault(found[key], (file, key)) == (file, key)
            assert found[key].isprintable()
            assert found[key].endswith(key)


def test_a_file_keeps_its_prefix() -> None:
    names = Names()
    assert names.find(Path("/w/a.csv"), ["loss"]) == {"loss": "loss"}
    assert names.find(Path("/w/b.csv"), ["acc"]) == {"acc": "acc"}
    assert names.find(Path("/w/b.csv"), ["loss", "lr"])["lr"] == "b.lr"
    assert names.find(Path("/w/b.csv"), ["time"]) == {"acc": "acc", "loss": "b.loss", "lr": "b.lr", "time": "b.time"}
