"""Near names: those that a mistyped or shortened name may stand for. One rule for models, tasks, fields and tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

MOST: Final = 3
"""Most near names."""
_CLOSE: Final = 0.6
"""A similarity that is too small: `path` and `author` have it, `brt` and `bert` have 0.86."""
_SHORTEST: Final = 3
"""Fewest characters of a beginning that stands for a name, such as `xgb` for `xgboost`."""


def list_near(word: str, known: Iterable[str], cut: Callable[[str], str] = str) -> list[str]:
    """Return the known names that a word may stand for, nearest first, three at most; case makes no difference.

    Args:
        word: The word.
        known: The names; those that begin with the word come before equally similar ones, and are near where none is
            similar.
        cut: Returns the part of a name that is compared, such as `cut_name` and `cut_field`; a word that has no other
            part is also compared with whole names.
    """
    from difflib import SequenceMatcher  # only a mistake needs it

    part, whole = cut(word).casefold(), word.casefold()
    forms: dict[str, list[str]] = {}
    for name in known:
        for form in {cut(name).casefold(), *([name.casefold()] if part == whole else [])}:
            forms.setdefault(form, []).append(name)

    def rank(form: str, name: str) -> tuple[float, bool, float]:
        of_part, of_whole = (SequenceMatcher(None, *pair).ratio() for pair in ((part, form), (whole, name.casefold())))
        return -of_part, not form.startswith(part), -of_whole

    close = [form for form in forms if _is_alike(part, form)] or [form for form in forms if _is_begun(part, form)]
    ranked = sorted((rank(form, name), name) for form in close for name in forms[form])
    return list(dict.fromkeys(name for _, name in ranked))[:MOST]


def _is_alike(word: str, form: str) -> bool:
    from difflib import SequenceMatcher

    matcher = SequenceMatcher(None, form, word)
    return all(measure() > _CLOSE for measure in (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio))


def _is_begun(word: str, form: str) -> bool:
    """Return whether one of two words is the beginning of the other."""
    return min(len(word), len(form)) >= _SHORTEST and (word.startswith(form) or form.startswith(word))


def cut_name(name: str) -> str:
    """Return the last segment of the name of a model or task: people leave out the project."""
    return name.rpartition("/")[2]


def cut_field(field: str) -> str:
    """Return the key of a field without its table: people leave out `metrics.`, or take another table."""
    return field.partition(".")[2] or field


def did_you_mean(near: Sequence[str]) -> str:
    """Return the end of an error's message that names near names; an empty text where there is none."""
    return f": did you mean {' or '.join(near)}?" if near else ""
