"""The rules of which saves are logged: for each key True, False, or globs of files. A key without a rule is logged."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from registry_cli.errors import UsageError
from registry_cli.frameworks.catalogue import KEYS, SILENT

if TYPE_CHECKING:
    from collections.abc import Iterable

Wanted = Mapping[str, bool | tuple[str, ...]]
"""Rules by keys: True, False, or globs."""

_MEANT: Final = {
    "torch": "pytorch", "sklearn": "scikit", "scikit-learn": "scikit", "tf": "tensorflow", "peft": "transformers",
    "huggingface": "transformers", "pytorch_lightning": "lightning", "tensorboardX": "tensorboard", "lgbm": "lightgbm",
}  # fmt: skip
"""Other names under which users look for a key."""
_TOKEN: Final = re.compile(r"\[!?\]?[^\]!][^\]]*\]|\[!?\][^\]]*\]|.", re.DOTALL)
"""A set of characters, which may hold `]` only in its first place, else a single character."""
_RANGE: Final = re.compile(r".-.|.", re.DOTALL)
"""A range or a character in a set."""


def parse_rules(wanted: Mapping[str, object]) -> dict[str, bool | tuple[str, ...]]:
    """Return the rules that a user wrote: for a key True, False, one or more globs, or a table of ClearML's options.

    Raises:
        UsageError: A key is unknown, or a rule is malformed.
    """
    return {key: _parse_rule(key, rule) for key, rule in wanted.items() if _is_logged(key)}


def nothing() -> dict[str, bool | tuple[str, ...]]:
    """Return the rules that log nothing."""
    return dict.fromkeys(KEYS, False)


class Rules:
    """Compiled rules.

    Attributes:
        off: Keys that are turned off.

    Args:
        wanted: The rules, as `parse_rules` returns them.
        base: Absolute path of the folder that a glob with a `/` is relative to.
    """

    def __init__(self, wanted: Wanted, base: str) -> None:
        self.wanted = dict(wanted)
        self.base = base
        self.off = frozenset(key for key, rule in wanted.items() if rule is False)
        self._globs = {key: _compile(rule, base) for key, rule in wanted.items() if not isinstance(rule, bool)}

    def admits(self, keys: Iterable[str], path: str) -> bool:
        """Return whether every key admits a save to an absolute path."""
        for key in keys:
            if key in self.off:
                return False
            glob = self._globs.get(key)
            if glob is not None and glob.match(path) is None:
                return False
        return True


def _compile(globs: tuple[str, ...], base: str) -> re.Pattern[str]:
    """Return an expression for the paths that the globs match: by the last part, or with a `/` relative to `base`."""
    return re.compile("|".join(_translate(glob, base) for glob in globs), re.DOTALL)


def _translate(glob: str, base: str) -> str:
    folders, slash, name = glob.rstrip("/").rpartition("/")
    if not slash:
        return rf"(?:.*/)?{_translate_part(name)}\Z"
    parts = [part for part in folders.split("/") if part not in {"", "."}]
    start = "/" if glob.startswith("/") else re.escape(base.rstrip("/") + "/")
    above = "".join("(?:[^/]+/)*" if part == "**" else f"{_translate_part(part)}/" for part in parts)
    return rf"{start}{above}{'.+' if name == '**' else _translate_part(name)}\Z"


def _translate_part(part: str) -> str:
    """Return the expression for one part of a glob; unlike in `fnmatch`, its wildcards do not match a `/`."""
    return "".join(_translate_token(token) for token in _TOKEN.findall(part))


def _translate_token(token: str) -> str:
    if token == "*":
        return "[^/]*"
    if token == "?":
        return "[^/]"
    if len(token) == 1:
        return re.escape(token)
    negated, inside = token[1] == "!", token[1:-1].removeprefix("!")
    ranges = [part.split("-", 1) if "-" in part[1:-1] else [part] for part in _RANGE.findall(inside)]
    legal = "".join("-".join(map(re.escape, ends)) for ends in ranges if len(ends) == 1 or ends[0] <= ends[1])
    return f"(?!/)[{'^' if negated else ''}{legal}]" if legal else "(?!)" if not negated else "[^/]"


def _is_logged(key: str) -> bool:
    if key in SILENT:
        return False
    if key in KEYS:
        return True
    from difflib import get_close_matches

    near = [_MEANT[key]] if key in _MEANT else get_close_matches(key, KEYS, 3, 0.5)
    others = f"did you mean {' or '.join(near)}?" if near else f"one of {', '.join(KEYS)}"
    raise UsageError(f"`{key}` is not a framework that is logged automatically: {others}", hint="reg help autolog")


def _parse_rule(key: str, rule: object) -> bool | tuple[str, ...]:
    if isinstance(rule, bool):
        return rule
    if isinstance(rule, Mapping):  # ClearML's {"tensorboard": {"report_hparams": False}}
        return True
    globs = (rule,) if isinstance(rule, str) else tuple(rule) if isinstance(rule, list | tuple) else ()
    if not globs or not all(isinstance(glob, str) and glob.strip("/") for glob in globs):
        raise UsageError(f"{key} is {rule!r:.60}, and must be True, False, or a glob of files such as 'final*.pt'")
    return globs
