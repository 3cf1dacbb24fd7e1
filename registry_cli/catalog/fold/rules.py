"""The rules for changes of a version: one table over its states. `reg help lifecycle` prints it; the fold applies it.

Every reader applies the same rules to every entry, so a writer that ignores them changes nothing: its entry is void.
"""

from __future__ import annotations

from typing import Final, Literal

from registry_cli.catalog.fold import changes

Status = Literal["draft", "published", "archived", "removed"]
Answer = Literal["yes", "no", "force"]
"""`force` means that the change needs `--force` and a reason."""

STATUSES: Final[tuple[Status, ...]] = ("draft", "published", "archived", "removed")
EDIT_SEALED: Final = "edit framework, labels, design"
EDIT_OPEN: Final = "edit comment, metadata, metrics"

ALLOWED: Final[dict[str, tuple[Answer, Answer, Answer, Answer]]] = {
    # change                  draft    published  archived  removed
    changes.TAG:             ("yes",   "yes",     "yes",    "no"),
    changes.ALIAS:           ("yes",   "yes",     "no",     "no"),
    EDIT_OPEN:               ("yes",   "yes",     "yes",    "no"),
    EDIT_SEALED:             ("yes",   "no",      "yes",    "no"),
    changes.DIGEST:          ("yes",   "no",      "yes",    "no"),
    changes.PUBLISH:         ("yes",   "no",      "no",     "no"),
    changes.ARCHIVE:         ("yes",   "yes",     "no",     "no"),
    changes.RESTORE:         ("no",    "no",      "yes",    "yes"),
    changes.REMOVE:          ("yes",   "force",   "yes",    "no"),
}  # fmt: skip
"""Answers for a version that is a draft, published, archived, removed; in several states the strictest one counts."""


def statuses_of(*, published: bool, archived: bool, removed: bool) -> list[Status]:
    """Return the states of a version; it may be both published and archived."""
    if removed:
        return ["removed"]
    states: list[Status] = ["published" if published else "draft"]
    if archived:
        states.append("archived")
    return states


def answer(change: str, states: list[Status]) -> Answer:
    """Return whether `change` (a key of `ALLOWED`) is allowed on a version in all of `states`."""
    row = dict(zip(STATUSES, ALLOWED[change], strict=True))
    answers: list[Answer] = [row[state] for state in states]
    if change == changes.RESTORE:  # it ends the last state, whatever the first is
        return answers[-1]
    return min(answers, key=("no", "force", "yes").index)
