"""Templates of checkpoints' paths, such as `{epoch:02d}/model.keras`: the path that all checkpoints of one share.

The syntax is that of `str.format`, which Keras' and Lightning's `ModelCheckpoint` take.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

_FIELD: Final = re.compile(r"\{[^{}]*\}")
_NUMBER: Final = r"(?:[-+.\deE]+|nan|-?inf)"
_BETWEEN: Final = " -_.="
"""Characters that separate a number from a name."""
NAME: Final = "model"
"""Stem of a file whose name is a number alone."""


def find_line(template: str, path: str) -> str | None:
    """Return a path without the numbers in its folders, and with a name where the file's is a number alone.

    Args:
        template: The template that gave the path; its folders may be fewer.
        path: The path of one checkpoint.

    Returns:
        None where the template has a number in no folder, and more than numbers in the file's name.
    """
    parts, forms = list(Path(path).parts), Path(template).parts
    for at in range(1, min(len(parts), len(forms)) + 1):
        part, form = parts[-at], forms[-at]
        end = form.rpartition("}")[2]
        suffix = end if at == 1 and end.startswith(".") else ""
        bare = _strip(form.removesuffix(suffix), part.removesuffix(suffix))
        if bare is not None and (at > 1 or not bare):
            parts[-at] = bare if at > 1 else NAME + suffix
    line = str(Path(*filter(None, parts)))
    return line if line != str(Path(path)) else None


def is_given(template: str, path: str) -> bool:
    """Return True where a template with a field gave a path, which may have more folders."""
    form = _NUMBER.join(map(re.escape, _FIELD.split(str(Path(template)))))
    return _FIELD.search(template) is not None and re.search(rf"(?:\A|/){form}\Z", path) is not None


def _strip(form: str, part: str) -> str | None:
    """Return a part of a path without its numbers; None where its template has no field, or did not give it."""
    if _FIELD.search(form) is None:
        return None
    pattern = _NUMBER.join(map(re.escape, _FIELD.split(form)))
    return _FIELD.sub("", form).strip(_BETWEEN) if re.fullmatch(pattern, part) else None
