"""What the fold means, said once more in the plainest Python: the other side of the fold's property test."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SEALED = {"framework", "labels", "design"}


class BreachError(Exception):
    """A change that must not be."""


@dataclass
class State:
    """One version."""

    line: int
    number: int
    parents: tuple[str, ...]
    framework: str | None = None
    comment: str | None = None
    publication: str | None = None
    archived: bool = False
    removed: bool = False
    tags: set[str] = field(default_factory=set)
    tables: dict[str, dict[str, Any]] = field(default_factory=lambda: {"labels": {}, "metadata": {}, "metrics": {}})


@dataclass
class Model:
    """A catalog in dictionaries."""

    parents: Mapping[str, tuple[str, ...]]
    versions: dict[str, State] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    shown: dict[int, str] = field(default_factory=dict)
    last: dict[int, int] = field(default_factory=dict)
    aliases: dict[tuple[int, str], str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)

    def apply(self, wanted: list[dict[str, Any]], message: str | None) -> bool:
        """Apply all or nothing; return whether it was all."""
        before = copy.deepcopy(self.__dict__)
        try:
            for change in wanted:
                getattr(self, "_" + change["op"].replace("-", "_"))(change, message)
        except BreachError:
            self.__dict__.update(before)
            return False
        return True

    def _get(self, change: dict[str, Any], *, archived: bool = True, published: bool = True) -> State:
        state = self._there(change["version"])
        if state.removed or (state.archived and not archived) or (state.publication and not published):
            raise BreachError
        return state

    def _there(self, version: str) -> State:
        if version not in self.versions:
            raise BreachError
        return self.versions[version]

    def _add_version(self, change: dict[str, Any], _: str | None) -> None:
        version, parents = change["version"], self.parents[change["version"]]
        if version in self.versions or any(parent not in self.versions for parent in parents):
            raise BreachError
        key = change["model"].casefold()
        line = self.names.setdefault(key, len(self.shown) + 1)
        self.shown.setdefault(line, change["model"])
        self.last[line] = self.last.get(line, 0) + 1
        self.versions[version] = State(line, self.last[line], parents)

    def _tag(self, change: dict[str, Any], _: str | None) -> None:
        state = self._get(change)
        state.tags = (state.tags - set(change.get("remove", ()))) | set(change.get("add", ()))

    def _alias(self, change: dict[str, Any], _: str | None) -> None:
        new = self._get(change, archived=False) if "version" in change else None
        old = self._there(change["old"]) if "old" in change else None
        leading = new or old
        if leading is None:
            raise BreachError
        place = leading.line, change["alias"]
        if self.aliases.get(place) != change.get("old"):
            raise BreachError
        self.aliases.pop(place, None)
        if new is not None:
            self.aliases[place] = change["version"]

    def _edit(self, change: dict[str, Any], _: str | None) -> None:
        groups = {key.partition(".")[0] for key in [*change.get("set", {}), *change.get("unset", ())]}
        state = self._get(change, published=not groups & SEALED)
        put = change.get("set", {})
        named = {name for group, value in put.items() for name in ([f"{group}.{key}" for key in value]
                 if group in state.tables else [group])}  # fmt: skip
        if named & set(change.get("unset", ())):
            raise BreachError
        for group, value in put.items():
            if group in state.tables:
                state.tables[group].update(value)
            else:
                setattr(state, group, value)
        for name in change.get("unset", ()):
            group, _dot, key = name.partition(".")
            if group not in state.tables:
                setattr(state, group, None)
            elif state.tables[group].pop(key, None) is None:
                raise BreachError
        ids = [value for value in state.tables["labels"].values() if value]
        if len(ids) != len(set(ids)):
            raise BreachError

    def _publish(self, change: dict[str, Any], _: str | None) -> None:
        self._get(change, archived=False, published=False).publication = change["publication"]

    def _archive(self, change: dict[str, Any], _: str | None) -> None:
        self._get(change, archived=False).archived = True

    def _restore(self, change: dict[str, Any], _: str | None) -> None:
        state = self._there(change["version"])
        if state.removed:
            state.removed = False
        elif state.archived:
            state.archived = False
        else:
            raise BreachError

    def _remove(self, change: dict[str, Any], message: str | None) -> None:
        version = change["version"]
        state = self._get(change)
        held = [place for place, holder in self.aliases.items() if holder == version]
        child = any(version in other.parents and not other.removed for other in self.versions.values())
        if (state.publication or held or child) and not (change.get("force") and message):
            raise BreachError
        for place in held:
            del self.aliases[place]
        state.removed = True

    def _rename(self, change: dict[str, Any], _: str | None) -> None:
        line, key = self.names.get(change["model"].casefold()), change["to"].casefold()
        if line is None or self.names.get(key, line) != line:
            raise BreachError
        self.names[key] = line
        self.shown[line] = change["to"]

    def _setting(self, change: dict[str, Any], _: str | None) -> None:
        self.settings.pop(change["key"], None)
        if "value" in change:
            self.settings[change["key"]] = change["value"]
