"""All hints of the package, read from its syntax trees; a value that is known only when a program runs is a `FIELD`.

A hint is what is passed as `hint=`, given to `output.hint`, printed after `hint: `, or is a class's `usual_hint`. A
variable is followed to what is assigned to it, a constant into the module that it comes from, a call into what the
function returns. What comes from another error's `hint` is read where that error is raised.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "registry_cli"
FIELD = "\N{BULLET}"
"""Stands for what is filled in."""
LABEL = "hint: "

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Hint:
    """One hint: where it stands, and its words, None where they cannot be followed."""

    path: Path
    line: int
    text: str | None

    @property
    def place(self) -> str:
        return f"{self.path.relative_to(PACKAGE)}:{self.line}"


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def list_hints() -> list[Hint]:
    """Return the hints of all modules."""
    paths = [path for path in sorted(PACKAGE.rglob("*.py")) if "hint" in path.read_text()]
    return [hint for path in paths for hint in dict.fromkeys(_Reader(path).list())]


def list_positional() -> list[str]:
    """Return the functions that take a hint by its place, where no rule would see it."""
    return [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if "hint" in path.read_text()
        for node in ast.walk(parse(path))
        if isinstance(node, Function) and "hint" in {arg.arg for arg in (*node.args.posonlyargs, *node.args.args)}
    ]


class _Reader:
    """Reads the hints of one module."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tree = parse(path)

    def list(self) -> Iterator[Hint]:
        for function, node in self._walk(self.tree, ()):
            for value in _values(node):
                yield from self.resolve(value, function)

    def _walk(self, node: ast.AST, inside: tuple[Function, ...]) -> Iterator[tuple[tuple[Function, ...], ast.AST]]:
        for child in ast.iter_child_nodes(node):
            yield inside, child
            yield from self._walk(child, (child, *inside) if isinstance(child, Function) else inside)

    def resolve(self, value: ast.expr, inside: tuple[Function, ...]) -> Iterator[Hint]:
        """Yield the texts that an expression can have; `inside` are the functions around it, the innermost first."""
        match value:
            case ast.Constant(value=None) | ast.Attribute(attr="hint" | "usual_hint"):
                return
            case ast.IfExp(body=body, orelse=orelse):
                yield from (*self.resolve(body, inside), *self.resolve(orelse, inside))
            case ast.BoolOp(values=values):
                yield from (hint for each in values for hint in self.resolve(each, inside))
            case ast.Name(id=name):
                yield from self._follow(name, value, inside)
            case ast.Call(func=ast.Name(id=name)) if self._find_function(name):
                yield from self._returned(name)
            case _:
                yield Hint(self.path, value.lineno, _text(value))

    def _follow(self, name: str, value: ast.expr, inside: tuple[Function, ...]) -> Iterator[Hint]:
        for function in inside:
            given = [node for node in ast.walk(function) if name in _targets(node)]
            if given:
                for node in given:
                    yield from self.resolve(node.value, inside)  # type: ignore[attr-defined]
                return
            if name == "hint" and name in {arg.arg for arg in function.args.kwonlyargs}:
                defaults = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
                for default in [default for arg, default in defaults if arg.arg == name and default]:
                    yield from self.resolve(default, inside)
                return  # what is passed is read at the calls
        for node in self.tree.body:
            if name in _targets(node):
                yield from self.resolve(node.value, ())  # type: ignore[attr-defined]
                return
        other = self._find_source(name)
        yield from other._follow(name, value, ()) if other else [Hint(self.path, value.lineno, None)]

    def _returned(self, name: str) -> Iterator[Hint]:
        function = self._find_function(name)
        assert function
        for inside, node in self._walk(function, (function,)):
            if isinstance(node, ast.Return) and node.value and inside[0] is function:
                yield from self.resolve(node.value, inside)

    def _find_function(self, name: str) -> Function | None:
        return next((node for node in self.tree.body if isinstance(node, Function) and node.name == name), None)

    def _find_source(self, name: str) -> _Reader | None:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and name in {alias.name for alias in node.names} and node.module:
                path = PACKAGE.parent / f"{node.module.replace('.', '/')}.py"
                return _Reader(path) if path.exists() else None
        return None


def _values(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the hints that a node gives."""
    match node:
        case ast.Call(func=ast.Attribute(attr="hint"), args=[shown, *_]):
            yield shown
        case ast.Assign(targets=[ast.Name(id="usual_hint")], value=value):
            yield value
        case ast.JoinedStr(values=[ast.Constant(value=str(text)), *rest]) if text.startswith(LABEL):
            if text == LABEL and rest and isinstance(rest[0], ast.FormattedValue):
                yield rest[0].value
            else:
                yield ast.copy_location(ast.JoinedStr([ast.Constant(text.removeprefix(LABEL)), *rest]), node)
    if isinstance(node, ast.Call):
        yield from (word.value for word in node.keywords if word.arg == "hint")


def _targets(node: ast.AST) -> set[str]:
    match node:
        case ast.Assign(targets=targets):
            return {target.id for target in targets if isinstance(target, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()) | ast.AugAssign(target=ast.Name(id=name)):
            return {name}
    return set()


def _text(value: ast.expr) -> str | None:
    match value:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(str(part.value) if isinstance(part, ast.Constant) else FIELD for part in parts)
    return None
