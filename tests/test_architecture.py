"""The house's law: which floor may import which, who may print, write files or read the environment, and room sizes.

Each test states one rule and names every line that breaks it.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median

import pytest

import registry_cli
from registry_cli.cli.table import COMMANDS, GROUPS
from registry_cli.frameworks.catalogue import TABLES
from tests.hints import parse

pytestmark = pytest.mark.xdist_group("code")
"""One process of the tests reads all of the package, once."""

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "registry_cli"

FLOORS = {
    "errors": 0, "ids": 0, "clock": 0, "env": 0, "process": 0, "interrupts": 0, "sha256": 0, "secrets": 0,
    "_version": 0, "near": 0, "dataclass": 0,
    "records": 1, "frameworks": 1,
    "store": 2,
    "formats": 3,
    "catalog": 4,
    "registry": 5,
    "tasks": 6, "views": 6, "pictures": 6, "remotes": 6,
    "opening": 7, "sdk": 7, "site": 7, "demo": 7,
    "cli": 8, "__main__": 8, "__init__": 8,
}  # fmt: skip
"""Floor of each folder and module of the package; `__init__` is the facade over all of them."""
CLI = 8
SIDEWAYS = {
    ("catalog/index", "catalog/fold"): "the index is what the fold wrote",
    ("catalog/index", "catalog/read"): "a stored index is compared with the log by what it says",
    ("registry/repair", "registry/fsck"): "a repair mends what the check found",
    ("views", "tasks"): "a task, and a comparison of tasks, as plain dicts",
    ("pictures", "views"): "a graph holds versions as plain dicts",
    ("tasks/run", "tasks/attempt"): "a runner reads what the script appends",
    ("tasks/run", "tasks/capture"): "a runner records what the command was run from",
    ("tasks/run", "tasks/child"): "a runner starts the command",
    ("tasks/run", "tasks/watch"): "a runner looks at files while the command runs",
    ("tasks/watch", "tasks/attempt"): "a metric becomes a point of a scalar",
    ("tasks/rerun", "tasks/capture"): "what is recorded of a repository is what a re-run restores",
    ("tasks/rerun", "tasks/attempt"): "a re-run first ends attempts that crashed",
    ("tasks/rerun", "tasks/run"): "a re-run is run as any task is",
    ("frameworks/tables", "frameworks/patching"): "a table is made of the shapes that are patched",
    ("sdk/clearml", "sdk/autolog"): "an input model that is used counts as loaded",
    ("site", "sdk"): "a start of Python turns automatic logging on",
    ("cli/commands", "cli/printing"): "a command prints by it",
}  # fmt: skip
"""Imports between sibling folders of one floor, and why; there are no others."""

VISIBLE = {"registry_cli", "tests", "completions", "pyproject.toml", "README.md", "LICENSE"}
"""Everything at the top of the repository that does not hide behind a dot."""

HEAVY = {
    "rich", "sqlite3", "tomli_w", "platformdirs", "xxhash", "subprocess", "multiprocessing", "concurrent", "asyncio",
    "urllib.request", "http", "numpy", "torch", "dataclasses",
}  # fmt: skip
"""Imported inside the function that needs them, so that start-up does not pay for them."""

WRITERS = {
    "os": {
        "chmod", "fchmod", "fsync", "fdatasync", "ftruncate", "link", "makedirs", "mkdir", "mkfifo", "remove",
        "removedirs", "rename", "renames", "replace", "rmdir", "symlink", "truncate", "unlink", "utime", "write",
    },
    "shutil": {"copy", "copy2", "copyfile", "copyfileobj", "copytree", "move", "rmtree"},
    "tempfile": {"mkstemp", "mkdtemp", "NamedTemporaryFile", "TemporaryDirectory", "TemporaryFile"},
}  # fmt: skip
"""Functions that change a file system, by module."""
METHODS = {
    "write_text", "write_bytes", "touch", "mkdir", "rmdir", "unlink", "rename", "symlink_to", "hardlink_to", "chmod",
}  # fmt: skip
"""Methods of `Path` that do; `replace` is told from `str.replace` by its one argument."""
MAY_WRITE = {
    ("demo/softmax.py", "write_bytes"): "the demo stands for a user's training script, which writes its own file",
    ("tasks/child/leader.py", "os.write"): "the pipe by which a session's leader tells how its command ended",
    ("tasks/child/stream.py", "os.write"): "the command's output, passed on to our own",
    ("tasks/child/terminal.py", "os.write"): "the keys that are typed, passed on to the command",
    ("registry/get.py", "os.write"): "a descriptor the caller opened, such as standard output",
}
"""Calls outside the seam `store/files.py`, and why."""
LOOKERS = {
    "exists", "is_file", "is_dir", "is_symlink", "stat", "lstat", "iterdir", "glob", "rglob", "read_bytes", "read_text",
    "samefile", "open", "walk", "scandir", "listdir",
}  # fmt: skip
"""Methods of `Path` and functions of `os` that look at a file, and follow links on the way to it."""
BELOW = ("store/", "registry/fsck/", "registry/gc/", "registry/repair/", "registry/orphan_records.py")
"""Rooms whose paths lie in a registry: they look through the seam, which follows no link there."""
SEAM = ("store/files.py", "store/new_file.py", "store/beneath.py")
MAY_LOOK = {
    ("store/log.py", "self.exists"): "it asks the seam",
    ("store/copying.py", "target.lstat"): "a name that the user gave, of whatever lies there",
    ("store/views.py", "_BOOT_ID.read_text"): "what the kernel tells of this boot",
    ("store/mounts.py", "read_text"): "what the kernel tells of file systems",
    ("store/writer_name.py", "read_text"): "what the kernel tells of a process",
    ("store/syncfs.py", "read_bytes"): "what the kernel tells of memory",
    ("store/workers.py", "iterdir"): "what the kernel tells of a process",
    ("store/workers.py", "os.open"): "the null device",
    ("registry/fsck/log.py", "log.exists"): "it asks the seam",
    ("registry/gc/collect.py", "log.exists"): "the same",
    ("registry/fsck/blobs.py", "entry.stat"): "an entry of a folder that the seam has opened",
    ("registry/fsck/small_files.py", "entry.stat"): "the same",
    ("registry/fsck/small_files.py", "entry.is_dir"): "the same",
    ("registry/fsck/small_files.py", "entry.is_file"): "the same",
    ("registry/fsck/external.py", "path.stat"): "a file outside the registry, which the user named",
    ("registry/repair/format_file.py", "layout.root.stat"): "the root itself may be a link",
    ("registry/repair/other_copy.py", "is_dir"): "what the user named, before it is known where its root is",
}
"""Where else a file is looked at there, and why."""
BLOB_PATHS = {"blob", "blob_text", "find_blob", "get_blob", "get_path"}
"""What returns the path of a blob: methods of a layout and of a content, and functions of `store/blobs.py`."""
BLOBS_HERE = {"has_blob", "is_stored", "open_blob", "read_blob", "copy_blob", "verify_blob"}
"""Functions of `store/blobs.py` that know no blob that is elsewhere; `registry.content` has methods that do."""
MAY_ASK_FOR_A_BLOB_ITSELF = {
    "registry/fsck/": "it checks whatever lies where a blob belongs",
    "registry/repair/": "it puts good bytes in the place of damaged ones",
    "registry/gc/": "it moves blobs to the trash and back",
    "registry/moving.py": "it removes the user's file only where the bytes are here",
    "tasks/record.py": "git reads a bundle and a diff by their paths",
}
"""Rooms outside `store/` that ask for a blob by its path, or only here, and why; all others ask `registry.content`."""
MAY_READ_ENVIRONMENT = {
    "env.py": "it owns the names of the variables",
    "cli/complete/index.py": "a shell waits at each key: `env` imports pathlib, which costs as much as the interpreter",
    "site/sitecustomize.py": "every Python that a task starts waits for it, and mostly for nothing",
}
MAY_PRINT = {
    ("sdk/clearml/logger.py", "sys.stdout"): "the script asks it to print",
    ("site/sitecustomize.py", "sys.stderr"): "it runs where nothing of ours may be there to tell by, as `site` itself",
}
"""Modules below the command line that write to a stream by themselves, and why."""

STATEMENTS = {"execute", "executemany", "executescript"}
"""Methods of a connection to SQLite that run SQL."""
MAY_QUERY = {
    "tasks/capture/digests.py": "digests of users' files, in a cache of its own: no part of what the log means",
}
"""Modules outside the catalog that have a database of their own, and why."""

LONGEST_MODULE, LONGEST_FUNCTION, ASK_ABOUT, MEDIAN_MODULE = 400, 60, 40, 120
"""Lines; a function's are those of its code, without signature and docstring."""


@dataclass(frozen=True)
class Module:
    """One source file of the package; `path` is relative to the package."""

    path: str
    text: str
    tree: ast.Module

    @property
    def top(self) -> str:
        return self.path.partition("/")[0].removesuffix(".py")

    @property
    def floor(self) -> int:
        return FLOORS[self.top]

    def at(self, node: ast.AST, what: str) -> str:
        return f"registry_cli/{self.path}:{getattr(node, 'lineno', 1)}: {what}"


@cache
def modules() -> tuple[Module, ...]:
    paths = sorted(PACKAGE.rglob("*.py"))
    return tuple(Module(path.relative_to(PACKAGE).as_posix(), path.read_text(), parse(path)) for path in paths)


@cache
def walk(tree: ast.AST) -> tuple[ast.AST, ...]:
    """Return all nodes of a tree; most tests look at all of all modules."""
    return tuple(ast.walk(tree))


def check(broken: Iterable[str]) -> None:
    lines = list(broken)
    assert not lines, "\n" + "\n".join(lines)


def iter_imports(tree: ast.AST) -> Iterator[tuple[ast.stmt, str]]:
    """Yield each import anywhere below `tree` by its full dotted name, `from a import b` as `a.b`."""
    for node in walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


def iter_module_level(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that run on import, `if TYPE_CHECKING` left out."""
    for node in body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from iter_module_level(node.orelse)
            continue
        yield node
        for inner in ("body", "orelse", "finalbody"):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from iter_module_level(getattr(node, inner, []))
        for handler in getattr(node, "handlers", []):
            yield from iter_module_level(handler.body)


def is_in(name: str, packages: Iterable[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def dotted(node: ast.expr) -> str:
    return ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""


def test_every_module_has_a_floor() -> None:
    check(f"{module.path} stands on no floor" for module in modules() if module.top not in FLOORS)


def test_imports_go_down() -> None:
    """Inside functions too, and for type checkers alone too: who needs a name from above is on the wrong floor."""
    check(
        module.at(node, f"floor {module.floor} imports {name} from floor {FLOORS[own_top(name)]}")
        for module in modules()
        for node, name in iter_imports(module.tree)
        if is_in(name, ["registry_cli"]) and FLOORS[own_top(name)] > module.floor
    )


def test_no_imports_go_round() -> None:
    """Imports inside functions, and for type checkers alone, count: a module can be understood after those it names."""
    arrows = {name: {other for other in targets if other != name} for name, targets in find_arrows().items()}
    while ends := {name for name, targets in arrows.items() if not targets & set(arrows)}:
        arrows = {name: targets for name, targets in arrows.items() if name not in ends}
    check(f"{name} imports in a circle: {', '.join(sorted(targets & set(arrows)))}" for name, targets in arrows.items())


def test_siblings_do_not_import_each_other() -> None:
    """But where the table says so; each of its lines is used."""
    found: dict[tuple[str, str], str] = {}
    for name, targets in find_arrows().items():
        for other in targets:
            for pair in list_sideways(name, other):
                found.setdefault(pair, f"{name} imports {other}: {pair[0]} and {pair[1]} are siblings")
    check(where for pair, where in found.items() if pair not in SIDEWAYS)
    assert set(SIDEWAYS) <= set(found), "an arrow that nothing follows"


@cache
def find_arrows() -> dict[str, frozenset[str]]:
    """Return the modules that each module imports, by paths without their ends."""
    names = {module.path.removesuffix(".py").removesuffix("/__init__") for module in modules()}

    def target(name: str) -> str | None:
        path = name.removeprefix("registry_cli").lstrip(".").replace(".", "/")
        return next((each for each in (path, path.rpartition("/")[0]) if each in names and each), None)

    return {
        module.path.removesuffix(".py").removesuffix("/__init__"): frozenset(
            path for _, name in iter_imports(module.tree) if is_in(name, ["registry_cli"]) and (path := target(name))
        )
        for module in modules()
    }


def list_sideways(name: str, other: str) -> list[tuple[str, str]]:
    """Return the two folders at which the ways to two modules part, where both stand on one floor."""
    mine, theirs = name.split("/"), other.split("/")
    parting = next((at for at, (one, two) in enumerate(zip(mine, theirs, strict=False)) if one != two), None)
    if parting is None or FLOORS[mine[0]] != FLOORS[theirs[0]]:
        return []
    folders = ["/".join(path[: parting + 1]) for path in (mine, theirs)]
    return [(folders[0], folders[1])] if all((PACKAGE / folder).is_dir() for folder in folders) else []


def own_top(name: str) -> str:
    """Return the part of the package that a dotted name lies in; what the package itself exports is its facade's."""
    second = name.removeprefix("registry_cli").strip(".").partition(".")[0]
    return second if second in FLOORS else "__init__"


@pytest.mark.parametrize(
    "name", sorted(path.stem for path in (PACKAGE / "frameworks" / "tables").glob("[!_]*.py")), ids=str
)
def test_every_framework_is_in_the_catalogue_and_tested(name: str) -> None:
    """By a unit test of its table, and by a training with the real framework, or with a double that says so."""
    assert name in TABLES
    assert (ROOT / "tests" / "frameworks" / "tables" / f"test_{name}.py").is_file()
    assert (ROOT / "tests" / "real" / f"test_auto_{name}.py").is_file()


def test_modules_that_a_text_names_exist() -> None:
    """Code in a text is checked by nobody else: a test that runs it may take its failure for a reason to skip."""
    texts = [*PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("*.py"), *PACKAGE.rglob("*.md"), ROOT / "README.md"]
    check(
        f"{path.relative_to(ROOT)}: there is no {name}"
        for path in [*texts, ROOT / "pyproject.toml"]
        for name in sorted(set(re.findall(r"\bregistry_cli(?:\.\w+){2,}", path.read_text())))
        if not names_module(name.split(".")[1:])
    )


def names_module(parts: list[str]) -> bool:
    """Return whether a dotted name leads to a module, to something in one, or to what the package exports."""
    if parts[0] in registry_cli.__all__ and parts[0][0].isupper():
        return True
    folder = PACKAGE
    for part in parts:
        if (folder / f"{part}.py").is_file():
            return True
        if not (folder / part).is_dir():
            return False
        folder /= part
    return True


def test_one_module_reads_the_time_of_records() -> None:
    """A test sets it there."""
    check(
        module.at(node, "call clock.now()")
        for module in modules()
        for node in walk(module.tree)
        if dotted(node) in {"datetime.now", "datetime.utcnow"} and module.path != "clock.py"
    )


def test_only_the_command_line_prints() -> None:
    banned = {"sys.stdout", "sys.stderr", "sys.stdin", "sys.__stdout__"}
    check(
        module.at(node, ast.unparse(node))
        for module in modules()
        if module.floor < CLI
        for node in walk(module.tree)
        if (isinstance(node, ast.Attribute) and dotted(node) in banned and (module.path, dotted(node)) not in MAY_PRINT)
        or (isinstance(node, ast.Call) and dotted(node.func) in {"print", "input"})
    )


def test_only_the_command_line_knows_rich_and_typer() -> None:
    check(
        module.at(node, f"imports {name}")
        for module in modules()
        if module.floor < CLI
        for node, name in iter_imports(module.tree)
        if is_in(name, ["rich", "typer", "click"])
    )


def test_only_env_reads_the_environment() -> None:
    banned = {"os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv"}
    names = [
        module.at(node, ast.unparse(node))
        for module in modules()
        if module.path not in MAY_READ_ENVIRONMENT
        for node in walk(module.tree)
        if isinstance(node, ast.Attribute) and dotted(node) in banned
    ]
    imported = [
        module.at(node, name) for module in modules() for node, name in iter_imports(module.tree) if name in banned
    ]
    check(names + imported)


def test_nothing_heavy_is_imported_at_module_level() -> None:
    check(
        module.at(node, f"imports {name}")
        for module in modules()
        for node in iter_module_level(module.tree.body)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for _, name in iter_imports(node)
        if is_in(name, HEAVY)
    )


def test_ruff_bans_the_same_imports() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    assert set(settings["flake8-tidy-imports"]["banned-module-level-imports"]) == HEAVY


def test_files_are_changed_through_the_seam_alone() -> None:
    check(
        module.at(node, f"{call} belongs into store/files.py")
        for module in modules()
        if module.floor < CLI and module.path not in SEAM
        for node, call in list_writes(module.tree)
        if (module.path, call) not in MAY_WRITE
    )


def test_every_exception_to_the_seam_is_used() -> None:
    used = {(module.path, call) for module in modules() for _, call in list_writes(module.tree)}
    assert set(MAY_WRITE) <= used


def test_sql_stays_in_the_catalog() -> None:
    """Floors above ask by the functions of `catalog/read`; the connection comes and goes by `Registry.read` alone."""
    found = [
        (module.path, module.at(node, what))
        for module in modules()
        if module.top != "catalog"
        for node, what in iter_sql(module.tree)
    ]
    check(where for path, where in found if path not in MAY_QUERY)
    assert set(MAY_QUERY) <= {path for path, _ in found}, "an exception that nothing uses"


def iter_sql(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Yield what runs SQL, knows SQLite, or takes a connection out of an index."""
    yield from ((node, f"imports {name}") for node, name in iter_imports(tree) if is_in(name, ["sqlite3"]))
    for node in walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in STATEMENTS:
            yield node, f"`.{node.func.attr}(` belongs into catalog/read"
        elif isinstance(node, ast.Attribute) and node.attr == "db":
            yield node, f"`{ast.unparse(node)}` is a connection: use `read(...)`"


def test_what_lies_in_a_registry_is_looked_at_through_the_seam() -> None:
    found = {
        (module.path, call): module.at(node, f"`{call}` follows links: store/files.py has one that does not")
        for module in modules()
        if module.path.startswith(BELOW) and module.path not in SEAM
        for node, call in iter_looks(module.tree)
    }
    check(where for call, where in found.items() if call not in MAY_LOOK)
    assert set(MAY_LOOK) <= set(found), "an exception that nothing uses"


def test_blobs_are_asked_for_by_digest_wherever_they_lie() -> None:
    found = {
        (module.path, module.at(node, f"`{name}`: `registry.content` has verbs that take the digest"))
        for module in modules()
        if not module.path.startswith("store/")
        for node, name in iter_blob_paths(module.tree)
    }
    rooms = tuple(MAY_ASK_FOR_A_BLOB_ITSELF)
    check(sorted(where for path, where in found if not path.startswith(rooms)))
    unused = [room for room in rooms if not any(path.startswith(room) for path, _ in found)]
    assert not unused, "an exception that nothing uses"


def iter_blob_paths(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Yield each use of a path of a blob, such as `layout.blob`, and each import of a function that looks only here."""
    for node in walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in BLOB_PATHS:
            yield node, ast.unparse(node.func)
        elif (
            isinstance(node, ast.Attribute) and node.attr in BLOB_PATHS and dotted(node).endswith(f"layout.{node.attr}")
        ):
            yield node, dotted(node)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node, alias.name) for alias in node.names if alias.name in BLOB_PATHS | BLOBS_HERE)


def iter_looks(tree: ast.Module) -> Iterator[tuple[ast.Call, str]]:
    """Yield each call that looks at a file by itself, as `entry.stat` or as a bare name where its owner has none."""
    for node in walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LOOKERS:
            owner = dotted(node.func.value)
            if owner != "files":
                yield node, f"{owner}.{node.func.attr}".lstrip(".")


@cache
def list_writes(tree: ast.Module) -> tuple[tuple[ast.Call, str], ...]:
    """Return each call that changes a file system, as `os.link` or as the bare name of a method of `Path`."""
    return tuple(iter_writes(tree))


def iter_writes(tree: ast.Module) -> Iterator[tuple[ast.Call, str]]:
    ours = {name.rpartition(".")[2] for _, name in iter_imports(tree) if is_in(name, ["registry_cli"])}
    taken = {  # `from os import link` is `os.link` too
        name.rpartition(".")[2]: name
        for _, name in iter_imports(tree)
        if name.rpartition(".")[2] in WRITERS.get(name.rpartition(".")[0], ())
    }
    for node in walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = dotted(node.func)
        owner, _, attribute = name.rpartition(".")
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if attribute in WRITERS.get(owner, ()):
            yield node, name
        elif name in taken:
            yield node, taken[name]
        elif name == "os.open" and any(flag in ast.unparse(node) for flag in ("O_CREAT", "O_RDWR", "O_WRONLY")):
            yield node, name
        elif owner not in {*ours, "os"} and is_path_write(node, method):
            yield node, method
        elif (name == "open" or method == "open") and opens_for_writing(node, at=1 if name == "open" else 0):
            yield node, "open"


def is_path_write(call: ast.Call, method: str) -> bool:
    return method in METHODS or (method == "replace" and len(call.args) == 1 and not call.keywords)


def opens_for_writing(call: ast.Call, at: int) -> bool:
    given = [*call.args[at : at + 1], *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    return any(isinstance(mode, ast.Constant) and set("wax+") & set(str(mode.value)) for mode in given)


def test_rooms_are_small() -> None:
    lengths = {module.path: len(module.text.splitlines()) for module in modules()}
    check(f"{path} has {length} lines" for path, length in lengths.items() if length > LONGEST_MODULE)
    assert median(lengths.values()) <= MEDIAN_MODULE


def test_functions_are_short() -> None:
    lengths = [
        (length(node), module.at(node, node.name))
        for module in modules()
        for node in walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    for lines, where in sorted(lengths, reverse=True):  # shown by `pytest -rP`
        if lines > ASK_ABOUT:
            print(f"{where} has {lines} lines of code: does it do one thing?")
    check(f"{where} has {lines} lines of code" for lines, where in lengths if lines > LONGEST_FUNCTION)


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_names_say_something() -> None:
    empty = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "base", "misc"}
    quaint = {
        "told", "fate", "beside", "where", "held", "kept", "keep", "on", "hear", "made", "whole", "need", "same",
        "form", "memory", "birth", "births", "doc", "turn", "ahead", "notice", "leaving", "using", "front",
        "partial", "attempts", "streams",
    }  # fmt: skip
    banned = empty | quaint
    check(module.path for module in modules() if banned & set(module.path.removesuffix(".py").split("/")))


def test_classes_and_functions_use_the_fields_words() -> None:
    """No class or function is named by a quaint word."""
    quaint = {"Told", "Fate", "Heard", "hear", "stop_hearing", "bury_crashed", "end_unheard", "tell", "tell_known"}
    of_files = {("formats/archive.py", "tell")}  # a method that every open file has
    check(
        f"{module.path} defines {node.name}"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
        and node.name in quaint
        and (module.path, node.name) not in of_files
    )


def test_every_module_says_what_it_owns() -> None:
    check(f"{module.path} has no docstring" for module in modules() if not ast.get_docstring(module.tree))


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_is_a_file(words: str) -> None:
    """Path, words typed and table row are one thing; so are summary and docstring."""
    path = PACKAGE / "cli" / "commands" / words.replace(" ", "/")
    if words in GROUPS:
        assert (path / "__init__.py").is_file()
        return
    tree = ast.parse(path.with_suffix(".py").read_text())
    [command] = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "command"]
    assert (ast.get_docstring(command) or "").partition("\n")[0] == COMMANDS[words].summary + "."


def test_every_command_file_is_in_the_table() -> None:
    folder = PACKAGE / "cli" / "commands"
    found = {
        path.relative_to(folder).with_suffix("").as_posix().replace("/", " ")
        for path in folder.rglob("*.py")
        if path.name != "__init__.py"
    }
    assert found <= set(COMMANDS) - GROUPS


def test_only_the_group_knows_typer_from_inside() -> None:
    inner = ["typer.core", "typer.main", "typer.models", "typer.rich_utils", "typer._click", "click"]
    broken = [
        module.at(node, name)
        for module in modules()
        if module.path != "cli/group.py"
        for node, name in iter_imports(module.tree)
        if is_in(name, inner)
    ]
    broken += [
        module.at(node, ast.unparse(node))
        for module in modules()
        if module.path != "cli/group.py"
        for node in walk(module.tree)
        if isinstance(node, ast.Attribute) and is_in(dotted(node), inner)
    ]
    check(broken)


def test_errors_are_shown_in_one_place() -> None:
    caught = [
        module.path
        for module in modules()
        if module.floor == CLI
        for node in walk(module.tree)
        if isinstance(node, ast.ExceptHandler) and node.type and "RegError" in ast.unparse(node.type)
    ]
    assert caught == ["cli/main.py"]


def test_the_top_of_the_repository_is_tidy() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    if listed.returncode != 0:
        pytest.skip("this copy is no git checkout")
    tops = {line.partition("/")[0] for line in listed.stdout.splitlines()}
    assert {name for name in tops if not name.startswith(".")} == VISIBLE


STARTUP = """
import sys
from registry_cli.cli.main import main
code = main(sys.argv[1:])
sys.stdout.flush()
sys.stderr.write("\\n" + "\\n".join(sys.modules))
sys.exit(code)
"""


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["model", "--help"], ["model", "list"]], ids=" ".join)
def test_start_up_loads_nothing_heavy(words: list[str], tmp_path: Path) -> None:
    needed = {"subprocess"}  # Typer loads it
    if words == ["model", "list"]:
        run_startup(["init"], tmp_path)
        needed |= {"sqlite3", "xxhash"}
    if words == ["--version"]:
        needed = set()
        assert "typer" not in run_startup(words, tmp_path)
    assert not sorted((HEAVY - needed | {"pydantic", "unittest"}) & run_startup(words, tmp_path))


def test_import_loads_nothing() -> None:
    code = "import sys; before = set(sys.modules); import registry_cli; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["registry_cli"]


def run_startup(words: list[str], folder: Path) -> set[str]:
    """Run `reg` with its output in a pipe and return the modules it had loaded at its end."""
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{STARTUP}"
    done = subprocess.run([sys.executable, "-c", code, *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())
