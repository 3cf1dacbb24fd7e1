"""The guides that ship with the program and print with `reg help TOPIC`."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Final

from registry_cli.dataclass import dataclass
from registry_cli.frameworks.catalogue import load_frameworks
from registry_cli.frameworks.patching.shapes import Load, Save, Score, Train

if TYPE_CHECKING:
    from registry_cli.frameworks.patching.shapes import Framework, Hook


GUIDES: Final = Path(__file__).parent.parent / "guides"
_ABSENT: Final = "registry_cli.sdk.clearml.absent"
MADE: Final = {
    "<!-- made: frameworks -->\n": ("registry_cli.cli.topics", "format_frameworks"),
    "<!-- made: Task -->\n": (_ABSENT, "format_task"),
    "<!-- made: Logger -->\n": (_ABSENT, "format_logger"),
}
"""Lines of guides that the result of a function replaces; it is imported when the guide is read."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One guide; its summary is its heading."""

    name: str
    summary: str


def list_topics() -> list[Topic]:
    """Return all topics by name."""
    return [Topic(path.stem, _heading(path)) for path in sorted(GUIDES.glob("*.md"))]


def find_topic(name: str) -> str | None:
    """Return the text of a guide as Markdown, or None where no guide has that name."""
    if name not in {path.stem for path in GUIDES.glob("*.md")}:
        return None
    text = (GUIDES / f"{name}.md").read_text(encoding="utf-8")
    for mark, (module, function) in MADE.items():
        if mark in text:
            text = text.replace(mark, f"{getattr(import_module(module), function)()}\n")
    return text


def _heading(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        return file.readline().lstrip("# ").rstrip().rstrip(".")


_TITLES: Final = {Save: "saves", Load: "loads", Score: "metrics", Train: "training"}
_WIDTH: Final = 80
INSIDE: Final = frozenset({
    "core", "engine", "learner", "loader_impl", "numpy_pickle", "ops", "python", "saving_api",
    "serialization", "src", "state_dict_loader", "state_dict_saver", "summary_ops_v2", "tb_summary", "training",
})  # fmt: skip
"""Parts of a function's module path that scripts leave out: `torch.save`, `tf.saved_model.save`."""


def format_frameworks() -> str:
    """Return all frameworks as a Markdown list: their keys, and the functions that are hooked."""
    return "\n".join(line for framework in load_frameworks() for line in _format(framework))


def _format(framework: Framework) -> list[str]:
    keys = ", ".join(f"`{key}`" for key in framework.keys)
    lines = [f"- **{framework.title}**: {keys}"]
    for kind, title in _TITLES.items():
        names = dict.fromkeys(name for hook in framework.hooks if isinstance(hook, kind) and (name := _shorten(hook)))
        if names:
            line = f"  - {title}: {', '.join(f'`{name}`' for name in names)}"
            lines += wrap(line, _WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
    return lines


def _shorten(hook: Hook) -> str | None:
    """Return the name by which a person looks for a hooked function; None for one that no script calls itself."""
    module, _, name = hook.target.partition(":")
    if "." in name:
        return name.removesuffix(".__init__")
    if name.startswith("_"):
        return None
    hidden = INSIDE | {name}
    package, *parts = module.split(".")
    return ".".join([package, *(part for part in parts if part not in hidden and not part.startswith("_")), name])
