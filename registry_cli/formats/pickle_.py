"""Reads pickles and joblib dumps by walking their opcodes: names are read, nothing is built, nothing is imported.

Opcodes are those of the standard library's `pickletools` (protocols 0 to 5). Cap: `SCAN_LIMIT` bytes of opcodes; long
strings and arrays between them are skipped unread. Bytes beyond the cap are not inspected: this module identifies a
framework, it does not prove that a file is harmless.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from registry_cli.dataclass import dataclass
from registry_cli.formats.extension import find_framework
from registry_cli.formats.facts import Facts, FieldValue, words
from registry_cli.formats.source import Cursor, PastBudgetError, PastEndError, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

SCAN_LIMIT = 64 << 10
"""Most bytes read of one pickle."""
TEXT_COUNT = 32
"""Most texts collected from one pickle."""
MEDIA = "application/x-pickle"
FRAMEWORKS = {
    "sklearn": "ScikitLearn",
    "xgboost": "XGBoost",
    "lightgbm": "LightGBM",
    "catboost": "CatBoost",
    "torch": "PyTorch",
    "torchvision": "PyTorch",
    "transformers": "PyTorch",
    "lightning": "PyTorch",
    "pytorch_lightning": "PyTorch",
    "ultralytics": "PyTorch",
    "keras": "Keras",
    "tensorflow": "TensorFlow",
    "mxnet": "MXNet",
    "megengine": "MegEngine",
    "paddle": "PaddlePaddle",
    "jax": "Flax",
    "flax": "Flax",
}
"""Frameworks by the first part of a module's name."""
TORCH_MAGIC = re.compile(rb"\x80[\x02-\x05](?:\x95\r\0{7})?\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19\.")
"""The pickled number at the start of files of the old `torch.save` (`torch/serialization.py`, MAGIC_NUMBER).

From protocol 4 on it is in a frame of 13 bytes.
"""

_PLAIN = b"(.012Nde]lst)}uaboRQ\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x93\x94\x97\x98"
_FIXED = {b"K": 1, b"M": 2, b"J": 4, b"G": 8, b"h": 1, b"j": 4, b"q": 1, b"r": 4, b"\x80": 1, b"\x95": 8}
_FIXED |= {b"\x82": 1, b"\x83": 2, b"\x84": 4}
_LINES = {b"I": 1, b"L": 1, b"F": 1, b"S": 1, b"V": 1, b"P": 1, b"g": 1, b"p": 1, b"c": 2, b"i": 2}
_COUNTED = {b"T": 4, b"U": 1, b"B": 4, b"C": 1, b"\x8e": 8, b"\x96": 8, b"X": 4, b"\x8c": 1, b"\x8d": 8}
_COUNTED |= {b"\x8a": 1, b"\x8b": 4}
_TEXT = (b"X", b"\x8c", b"\x8d")
_NAME_LIMIT, _LINE_LIMIT, _MEMO_LIMIT = 256, 1 << 16, 1 << 16
_DOTTED = re.compile(r"[A-Za-z_]\w*(\.\w+)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Scan:
    """The imports that one pickle requests.

    Attributes:
        imports: Modules and names, in the order of their first use.
        texts: The first short texts, at most `TEXT_COUNT`.
        complete: True where the walk reached the pickle's end.
        end: Offset of the byte after the last opcode seen.
    """

    imports: tuple[tuple[str, str], ...]
    texts: tuple[str, ...]
    complete: bool
    end: int

    @property
    def roots(self) -> list[str]:
        """First parts of the modules' names, in the order of their first use."""
        return list(dict.fromkeys(module.partition(".")[0] for module, _ in self.imports))

    @property
    def framework(self) -> str | None:
        """The framework of the first module that belongs to a known one."""
        return next((FRAMEWORKS[root] for root in self.roots if root in FRAMEWORKS), None)


def read(source: Source, name: str) -> Facts | None:
    """Return the facts of a pickle; None for other files.

    Protocols 0 and 1 have no magic number; they are tried only in files named as pickles.

    Raises:
        ValueError: It starts like a pickle but does not continue like one.
    """
    marked = source.head[:1] == b"\x80" and source.head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")
    if not marked and find_framework(name) != "ScikitLearn":
        return None
    if TORCH_MAGIC.match(source.head):
        return _read_legacy_torch(source)
    found = scan(source)
    if not marked and not found.complete:
        return None
    fields: dict[str, FieldValue] = {
        "format": "joblib" if "joblib" in found.roots else "pickle",
        "pickle": True,
        "imports": words(found.roots),
    }
    suggested = None if found.complete else find_framework(name)
    return Facts(found.framework or suggested, MEDIA, fields)


def scan(source: Source, start: int = 0, limit: int = SCAN_LIMIT) -> Scan:
    """Walk the pickle at `start`, reading at most `limit` bytes.

    Raises:
        ValueError: It is malformed; but raw arrays that joblib writes between opcodes only end the walk.
    """
    source.allow(limit)
    cursor = Cursor(source, start)
    imports: dict[tuple[str, str], None] = {}
    texts = list[str]()
    complete = False
    try:
        for found in _iter_imports(cursor, texts):
            imports[found] = None
        complete = True
    except PastBudgetError:
        pass
    except PastEndError:
        if source.whole and not _is_joblib(imports):
            raise
    except ValueError:
        if not _is_joblib(imports):
            raise
    return Scan(tuple(imports), tuple(texts), complete, cursor.position)


def _is_joblib(imports: dict[tuple[str, str], None]) -> bool:
    return any(module.startswith("joblib.numpy_pickle") for module, _ in imports)


def _read_legacy_torch(source: Source) -> Facts:
    """Read the four pickles of an old `torch.save`: magic number, protocol, system, object."""
    at, imports = 0, list[str]()
    for _ in range(4):
        found = scan(source, at)
        at = found.end
        imports += found.roots
        if not found.complete:
            break
    return Facts(
        "PyTorch", "application/x-pytorch", {"format": "torch-legacy", "pickle": True, "imports": words(imports)}
    )


def _iter_imports(cursor: Cursor, texts: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the names in GLOBAL, INST and STACK_GLOBAL, with memoised strings; append the first texts to `texts`."""
    recent: list[str | None] = [None, None]
    memo: dict[int, str | None] = {}
    top: str | None = None
    for opcode, argument in _iter_opcodes(cursor):
        if opcode in _TEXT or opcode in (b"h", b"j"):
            top = argument.decode() if opcode in _TEXT else memo.get(int.from_bytes(argument, "little"))
            recent = [recent[1], top]
            if argument and opcode in _TEXT and top and len(texts) < TEXT_COUNT:
                texts.append(top)
        elif opcode in (b"\x94", b"q", b"r"):
            index = len(memo) if opcode == b"\x94" else int.from_bytes(argument, "little")
            if len(memo) < _MEMO_LIMIT:
                memo[index] = top
        else:
            top = None
        if opcode in (b"c", b"i"):
            module, _, member = argument.decode().partition("\n")
        elif opcode == b"\x93":
            module, member = recent[0] or "", recent[1] or ""
        else:
            continue
        if _DOTTED.fullmatch(module) and _DOTTED.fullmatch(member):
            yield module, member


def _iter_opcodes(cursor: Cursor) -> Iterator[tuple[bytes, bytes]]:
    """Yield opcodes up to STOP, with the arguments that matter: short texts, lines and memo numbers."""
    opcode = b""
    while opcode != b".":
        opcode = cursor.take(1)
        argument = b""
        if opcode in _FIXED:
            argument = cursor.take(_FIXED[opcode])
        elif opcode in _COUNTED:
            length = int.from_bytes(cursor.take(_COUNTED[opcode]), "little")
            if opcode in _TEXT and length <= _NAME_LIMIT:
                argument = cursor.take(length)
            else:
                cursor.skip(length)
        elif opcode in _LINES:
            argument = b"\n".join(_take_line(cursor) for _ in range(_LINES[opcode]))
        elif opcode not in _PLAIN:
            raise ValueError(f"unknown opcode {opcode!r}")
        yield opcode, argument


def _take_line(cursor: Cursor) -> bytes:
    for length in (_NAME_LIMIT, _LINE_LIMIT):
        line, newline, _ = cursor.peek(length).partition(b"\n")
        if newline:
            cursor.skip(len(line) + 1)
            return line
    raise PastEndError("a line without an end")
