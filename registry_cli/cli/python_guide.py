"""`python -m registry_cli.cli.python_guide`: rewrites the reference in the guide `python` from the docstrings.

Only developers run it; a test compares its result with the guide. Everything above the heading `## Reference` is
written by hand and stays.
"""

from __future__ import annotations

import inspect
import re
from functools import cached_property
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

import registry_cli
from registry_cli.cli.topics import GUIDES
from registry_cli.dataclass import dataclass, field
from registry_cli.sdk.clearml.saved_model import SavedModel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GUIDE: Final = GUIDES / "python.md"
HEADING: Final = "## Reference\n"
FUNCTIONS: Final = ("task", "use", "commit", "log_metric", "log_metrics", "log_params", "autolog")
CLASSES: Final = ("Version", "Pending", "Registry", "RegError", "RegWarning")
ERRORS: Final = (
    "UsageError", "NoRegistryError", "NotFoundError", "AmbiguousError", "ConflictError", "CorruptError", "RemoteError",
    "RefusedError",
)  # fmt: skip
CLEARML: Final = ("Task", "Logger", "Model", "InputModel", "OutputModel")
REGISTRY: Final = frozenset({"find", "open", "init", "query", "id", "path", "author", "close"})
"""What scripts use of `Registry`; the rest of it serves the operations of this package."""
_CLEARML: Final = """
They have ClearML's names and arguments; `reg help clearml` says how they differ, and lists the names that are ignored
or refused. `InputModel` has the names of `Model` too, and all three models those of the last table. `TaskTypes` has the
words for a task's type.
"""
_INTERNAL: Final = frozenset({"saved", "drain", "skip", "waits_for"})
"""Methods of `Pending` that this package itself calls."""
_WIDTH: Final = 120
_FIRM: Final = "\N{NO-BREAK SPACE}"
_SECTION: Final = re.compile(r"^(Args|Attributes|Returns|Raises):$", re.MULTILINE)
_ENTRY: Final = re.compile(r"^ {4}(?=\S)", re.MULTILINE)


@dataclass(slots=True)
class Docstring:
    """The parts of a docstring in Google's style."""

    summary: str
    """Its first paragraph."""
    body: list[str]
    """Its other paragraphs."""
    entries: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """For each section the names that it explains with their texts; one without names has the name ``."""


def parse_docstring(text: str) -> Docstring:
    """Return the parts of a docstring."""
    before, *parts = _SECTION.split(inspect.cleandoc(text))
    summary, *body = [" ".join(part.split()) for part in before.strip().split("\n\n")]
    doc = Docstring(summary, body)
    for title, entries in zip(parts[::2], parts[1::2], strict=True):
        texts = [" ".join(entry.split()) for entry in _ENTRY.split(entries.strip("\n")) if entry.strip()]
        named = [text.partition(": ") for text in texts]
        doc.entries[title] = (
            [("", " ".join(texts))] if title == "Returns" else [(name, text) for name, _, text in named]
        )
    return doc


def format_reference() -> str:
    """Return the reference as Markdown."""
    lines = [HEADING.rstrip(), "", "### Functions"]
    for name in FUNCTIONS:
        lines += ["", *_format_callable(name, getattr(registry_cli, name))]
    for name in CLASSES:
        lines += ["", *_format_class(name, getattr(registry_cli, name))]
    lines += ["", "### Errors", "", *_format_errors(), "", "### ClearML's classes", "", *_fill(_CLEARML)]
    for name in CLEARML:
        lines += ["", *_format_methods(name, getattr(registry_cli, name))]
    return "\n".join([*lines, "", *_format_methods("All models", SavedModel), ""])


def _format_errors() -> Iterator[str]:
    """Yield a table of the errors that functions raise."""
    yield from ("Each is a `RegError`.", "", "| name | exit code | means |", "|---|---|---|")
    for name in ERRORS:
        kind = getattr(registry_cli, name)
        yield f"| `{name}` | {kind.exit_code} | {parse_docstring(kind.__doc__ or '').summary} |"


def _format_methods(name: str, kind: type[Any]) -> Iterator[str]:
    """Yield a table of a class's methods and properties, then those methods that have arguments to explain."""
    shared = next((base for base in kind.__mro__[1:] if base in {registry_cli.Model, SavedModel}), object)
    members = [(word, value) for word, value in list_members(kind) if not hasattr(shared, word)]
    owner = "Model" if kind is SavedModel else name
    summary = "" if kind is SavedModel else parse_docstring(kind.__doc__ or "").summary
    yield from (f"#### {name}", "", *_fill(summary), *([""] if summary else []), "| name | is or does |", "|---|---|")
    longer = []
    for word, value in members:
        doc = parse_docstring(inspect.getdoc(value) or "")
        explained = "Args" in doc.entries
        longer += [(f"{owner}.{word}", value)] if explained else []
        call = "(…)" if explained else _format_call(value) if callable(value) else ""
        yield f"| `{word}{call}` | {doc.summary} |"
    for word, value in longer:
        yield from ("", *_format_callable(word, value))


def _format_class(name: str, kind: type[Any]) -> Iterator[str]:
    doc = parse_docstring(kind.__doc__ or "")
    yield from (f"### {name}", "", *_fill(" ".join([doc.summary, *doc.body])))
    attributes = [] if name == "Registry" else doc.entries.get("Attributes", [])
    values, calls = [], []
    for member, value in list_members(kind):
        if (name == "Registry" and member not in REGISTRY) or member in _INTERNAL:
            continue
        if isinstance(value, property | cached_property):
            values.append((member, parse_docstring(value.__doc__ or "").summary))
        else:
            calls.append((member, value))
    if attributes or values:
        yield ""
    for attribute, text in [*attributes, *values]:
        yield from _fill(f"- `{attribute}`: {text}", "  ")
    for member, value in calls:
        yield from ("", *_format_callable(f"{name}.{member}", value))


def _format_callable(name: str, function: Callable[..., Any]) -> Iterator[str]:
    doc = parse_docstring(inspect.getdoc(function) or "")
    yield from (f"#### {name}", "", "```text", *_format_signature(name, function), "```", "")
    yield from _fill(doc.summary)
    for paragraph in doc.body:
        yield from ("", *_fill(paragraph))
    for title, lead in (("Args", ""), ("Returns", "Returns: "), ("Raises", "Raises:")):
        entries = doc.entries.get(title, [])
        if lead and entries:
            yield from ("", *_fill(lead + ("" if entries[0][0] else entries[0][1])))
        if entries and entries[0][0]:
            yield ""
            for word, text in entries:
                yield from _fill(f"- `{word}`: {text}", "  ")


def _format_signature(name: str, function: Callable[..., Any]) -> list[str]:
    """Return the call with the defaults of its arguments, and what it returns; types are left to the text."""
    returned = inspect.signature(function).return_annotation
    result = "" if returned in {inspect.Signature.empty, "None"} else f" -> {returned}".replace(" ", _FIRM)
    lines = wrap(f"{name}{_format_call(function)}{result}", _WIDTH, subsequent_indent=" " * (len(name) + 1))
    return [line.replace(_FIRM, " ") for line in lines]


def _format_call(function: Callable[..., Any]) -> str:
    """Return the arguments of a function or method in parentheses, without their types."""
    signature = inspect.signature(function)
    shown = [one.replace(annotation=one.empty) for word, one in signature.parameters.items() if is_shown(word)]
    return str(signature.replace(parameters=shown, return_annotation=inspect.Signature.empty))


def is_shown(argument: str) -> bool:
    """Return False for the object of a method, and for arguments without effect, whose names begin with `_`."""
    return argument != "self" and not argument.startswith("_")


def list_members(kind: type[Any]) -> Iterator[tuple[str, Any]]:
    """Yield the methods, bound where they belong to the class, and the properties that mean something here, by name."""
    for name in sorted(dir(kind)):
        value = inspect.getattr_static(kind, name)
        if name.startswith("_") or hasattr(Exception, name):
            continue
        if isinstance(value, property | cached_property):
            yield name, value
        elif inspect.isfunction(value) or isinstance(value, classmethod | staticmethod):
            yield name, getattr(kind, name)


def _fill(text: str, indent: str = "") -> list[str]:
    """Return text in lines of the guide's width; code in backticks is not broken."""
    firm = re.sub("`[^`]+`", lambda code: code[0].replace(" ", _FIRM), text.strip())
    lines = wrap(firm, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return [line.replace(_FIRM, " ") for line in lines]


def generate() -> str:
    """Return the text of the guide: the part written by hand, then the reference."""
    written, _, _ = GUIDE.read_text(encoding="utf-8").partition(HEADING)
    return written + format_reference()


if __name__ == "__main__":
    GUIDE.write_text(generate(), encoding="utf-8")
