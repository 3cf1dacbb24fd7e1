"""The guide `python` is made from the docstrings, and they explain every argument there is."""

from __future__ import annotations

import builtins
import inspect
from functools import cached_property
from typing import Any

import pytest

import registry_cli
from registry_cli.cli.python_guide import (
    CLASSES,
    CLEARML,
    ERRORS,
    FUNCTIONS,
    GUIDE,
    REGISTRY,
    generate,
    is_shown,
    list_members,
    parse_docstring,
)

TEXT = """Save a file, and return
    its version.

    It stays where it is.

    Args:
        path: A file: or
            a folder.
        **more: Anything else.

    Returns:
        The version,
        or None.

    Raises:
        UsageError: It is
            empty.
    """


def test_the_guide_is_up_to_date() -> None:
    assert GUIDE.read_text(encoding="utf-8") == generate(), "run python -m registry_cli.cli.python_guide"


def test_every_public_name_is_in_it() -> None:
    assert {*FUNCTIONS, *CLASSES, *ERRORS, *CLEARML, "TaskTypes"} == {*registry_cli.__all__} - {"__version__"}
    assert "`TaskTypes`" in generate()
    assert {name for name, _ in list_members(registry_cli.Registry)} >= REGISTRY


def test_a_docstring_has_parts() -> None:
    doc = parse_docstring(TEXT)
    assert (doc.summary, doc.body) == ("Save a file, and return its version.", ["It stays where it is."])
    assert doc.entries == {
        "Args": [("path", "A file: or a folder."), ("**more", "Anything else.")],
        "Returns": [("", "The version, or None.")],
        "Raises": [("UsageError", "It is empty.")],
    }
    assert parse_docstring("Publish it.").entries == {}


def list_callables() -> list[Any]:
    functions = [(name, getattr(registry_cli, name)) for name in FUNCTIONS]
    methods = [
        (f"{kind}.{name}", value)
        for kind in (*CLASSES, *CLEARML)
        for name, value in list_members(getattr(registry_cli, kind))
        if not isinstance(value, property | cached_property)
    ]
    return [pytest.param(function, id=name) for name, function in functions + methods]


@pytest.mark.parametrize("function", list_callables())
def test_an_explained_argument_exists_and_none_is_left_out(function: Any) -> None:
    doc = parse_docstring(inspect.getdoc(function) or "")
    assert doc.summary.endswith((".", ")"))
    if "Args" in doc.entries:
        explained = [name.lstrip("*") for name, _ in doc.entries["Args"]]
        assert explained == [name for name in inspect.signature(function).parameters if is_shown(name)]


@pytest.mark.parametrize("function", list_callables())
def test_an_error_that_is_raised_can_be_caught_by_its_public_name(function: Any) -> None:
    raised = parse_docstring(inspect.getdoc(function) or "").entries.get("Raises", [])
    for name, _ in raised:
        kind = getattr(builtins, name, None) or getattr(registry_cli, name)
        assert issubclass(kind, Exception)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_explains_its_arguments(name: str) -> None:
    assert "Args" in parse_docstring(getattr(registry_cli, name).__doc__).entries
