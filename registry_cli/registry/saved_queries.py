"""Saved queries: stored under a name in the registry, for all its users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.catalog.fold import changes
from registry_cli.catalog.read.versions import read_settings
from registry_cli.dataclass import asdict, fields
from registry_cli.errors import NotFoundError
from registry_cli.near import did_you_mean, list_near
from registry_cli.registry.query import Question, make_fields
from registry_cli.registry.settings import VIEW
from registry_cli.registry.transaction import transact

if TYPE_CHECKING:
    from registry_cli.registry.api import Registry


def save_question(registry: Registry, name: str, question: Question) -> None:
    """Save a question under a name, for all users of the registry."""
    value = {key: list(item) if isinstance(item, tuple) else item for key, item in asdict(question).items() if item}
    transact(registry, lambda: [changes.setting(VIEW + name, value)])


def load_question(registry: Registry, name: str) -> Question:
    """Return a saved question.

    Raises:
        NotFoundError: No question is saved under that name.
    """
    saved = registry.read(read_settings)
    if VIEW + name not in saved:
        known = [key.removeprefix(VIEW) for key in saved if key.startswith(VIEW)]
        others = f": saved are {', '.join(known)}" if known else ": --save-view saves one"
        near = did_you_mean(list_near(name, known))
        raise NotFoundError(f"no saved view `{name}`{near or others}", hint="reg model query --help")
    known_fields = {each.name for each in fields(Question)}
    view = saved[VIEW + name]
    given = {key: value for key, value in view.items() if key in known_fields} if isinstance(view, dict) else {}
    return Question(**make_fields(given))
