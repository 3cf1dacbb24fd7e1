"""The facts that a reader reports about a file, and the rules that make texts from a hostile header harmless.

Knows no format and opens no file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.dataclass import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FieldValue = str | int | float | bool | list[str]

LARGEST = (1 << 63) - 1
"""Largest integer that a record can store."""
TEXT_LIMIT = 200
"""Longest text taken from a header, in characters."""
LIST_LIMIT = 32
"""Most words in a list taken from a header."""
UNKNOWN_MEDIA = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts from a file's content.

    Attributes:
        framework: ClearML's spelling where it has one (`PyTorch`, `ScikitLearn`, `ONNX`); None where it is unknown.
        media: Media type of the bytes.
        fields: Header facts: `format`, and where the format states them `tensors`, `parameters`, `dtypes` (sorted,
            safetensors' spelling: `F32`, `BF16`, `I64`), `opset`, `producer` (`name version`), `quantisation`,
            `architecture`, `pickle` (True: loading the file may run code that it holds) and a few for one format only.
    """

    framework: str | None
    media: str
    fields: Mapping[str, FieldValue] = field(default_factory=dict)


def count(value: int) -> int:
    """Return `value` if a record can store it.

    Raises:
        ValueError: It is negative or beyond 64 bits, so the header is not credible.
    """
    if not 0 <= value <= LARGEST:
        raise ValueError("a count beyond 64 bits")
    return value


def text(value: bytes | str) -> str:
    """Return the printable characters of a header's text, at most `TEXT_LIMIT` of them.

    Raises:
        ValueError: The bytes are not UTF-8.
    """
    words = value if isinstance(value, str) else value.decode()
    return "".join(c for c in words[: 4 * TEXT_LIMIT] if c.isprintable())[:TEXT_LIMIT].strip()


def words(values: Iterable[str]) -> list[str]:
    """Return the distinct words that are not empty, sorted, at most `LIST_LIMIT` of them."""
    return sorted({text(value) for value in values} - {""})[:LIST_LIMIT]
