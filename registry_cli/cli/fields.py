"""The options that describe a version, shared by `add`, `edit` and `derive`, and their parsers.

Knows no registry: the floors below decide which roles, names and values are legal.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from registry_cli.cli.options import Options, Words
from registry_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from registry_cli.records.values import Value
    from registry_cli.registry.draft import DesignSource, Draft
    from registry_cli.registry.editing import Edit

LabelOpt = Annotated[Words, typer.Option("--label", metavar="LABEL=N", help="A class and its number; repeatable.")]
DesignOpt = Annotated[
    Path | None, typer.Option("--design", metavar="FILE", help="The network's design: text, stored byte for byte.")
]
FrameworkOpt = Annotated[
    str | None,
    typer.Option("--framework", metavar="FRAMEWORK", help="Its framework; by default found by content."),
]


class DraftOptions(Options):
    """The options of `add`."""

    metric: Annotated[Words, typer.Option("--metric", metavar="KEY=NUMBER", help="A metric; repeatable.")]
    meta: Annotated[
        Words, typer.Option("--meta", metavar="KEY=VALUE", help="Metadata; `KEY:=JSON` forces a type; repeatable.")
    ]
    param: Annotated[
        Words, typer.Option("--param", metavar="KEY=VALUE", help="A parameter it was trained with; repeatable.")
    ]
    tag: Annotated[Words, typer.Option("--tag", metavar="TAG", help="A tag; repeatable.")]
    alias: Annotated[
        Words, typer.Option("--alias", metavar="ALIAS", help="An alias that moves to the new version; repeatable.")
    ]
    label: LabelOpt
    design: DesignOpt
    framework: FrameworkOpt
    parent: Annotated[
        Words, typer.Option("--parent", metavar="[ROLE=]REF", help="A version it was made from; repeatable.")
    ]
    step: Annotated[int | None, typer.Option("--step", metavar="N", min=0, help="The training step it is from.")]


class EditOptions(Options):
    """The options of `edit` and `derive`."""

    put: Annotated[
        Words, typer.Option("--set", metavar="FIELD=VALUE", help="Set metadata.KEY or metrics.KEY; `:=` takes JSON.")
    ]
    unset: Annotated[
        Words, typer.Option("--unset", metavar="FIELD", help="Remove metadata.KEY, metrics.KEY, comment or design.")
    ]
    label: LabelOpt
    unset_label: Annotated[Words, typer.Option("--unset-label", metavar="LABEL", help="Remove a class.")]
    design: DesignOpt
    framework: FrameworkOpt
    comment: Annotated[str | None, typer.Option("--comment", metavar="TEXT", help="A comment on it.")]


def parse_draft(name: str, options: DraftOptions) -> Draft:
    """Return the draft of a version that the options of `add` describe.

    Raises:
        UsageError: A word cannot be parsed, or is not a legal name.
        NotFoundError: The design is not a file.
    """
    from registry_cli.ids import parse_alias, parse_model_name, parse_tag
    from registry_cli.registry.draft import Draft

    return Draft(
        name=parse_model_name(name),
        framework=options.framework,
        step=options.step,
        parents=parse_parents(options.parent),
        labels=parse_labels(options.label),
        design=read_design(options.design),
        params=parse_values(options.param, option="--param"),
        metrics=parse_metrics(options.metric),
        metadata=parse_values(options.meta, option="--meta"),
        tags=tuple(map(parse_tag, options.tag or [])),
        aliases=tuple(map(parse_alias, options.alias or [])),
    )


def parse_metrics(words: Words, *, option: str = "--metric") -> dict[str, int | float]:
    """Return `KEY=NUMBER` words as metrics.

    Raises:
        UsageError: A word is not a pair, its value is not a number, it is a comparison, or a key comes twice.
    """
    for word in words or []:
        key = word.partition("=")[0]
        if key.endswith(("<", ">", "!", "~")):
            raise UsageError(f"{option} {word!r} is a comparison, not a value: write {option} {key[:-1]}=NUMBER")
    return {key: _number(value, key) for key, value in parse_values(words, option=option).items()}


def parse_values(words: Words, *, option: str) -> dict[str, Value | None]:
    """Return `KEY=VALUE` and `KEY:=JSON` words as a table; a JSON null is None.

    Raises:
        UsageError: A word is not a pair, its JSON cannot be parsed, or a key comes twice.
    """
    from registry_cli.records.values import parse_pair

    values: dict[str, Value | None] = {}
    for word in words or []:
        key, value = parse_pair(word, option=option)
        _check_new(key, values, option)
        values[key] = value
    return values


def parse_labels(words: Words) -> dict[str, int]:
    """Return `LABEL=N` words as label to id.

    Raises:
        UsageError: A word is not a pair, its id is not an integer, two labels share an id that is not 0, or a label
            comes twice.
    """
    from registry_cli.records.version import check_labels

    labels: dict[str, int] = {}
    for word in words or []:
        name, _, number = word.rpartition("=")
        if not name or not number.removeprefix("-").isdecimal():
            raise UsageError(f"--label {word!r} is not a label with its number, as in --label cat=1")
        _check_new(name, labels, "--label")
        labels[name] = int(number)
    return check_labels(labels)


def _check_new(key: str, known: Collection[str], option: str) -> None:
    if key in known:
        raise UsageError(f"{option} {key} is given twice, and only one of the values could be stored")


def parse_parents(words: Words) -> tuple[tuple[str, str], ...]:
    """Return `[ROLE=]REF` words as pairs of role and address; the left side of `=` is a role if it is a plain word."""
    from registry_cli.registry.draft import DEFAULT_ROLE

    pairs = []
    for word in words or []:
        role, sign, ref = word.partition("=")
        pairs.append((role, ref) if sign and role.isalpha() else (DEFAULT_ROLE, word))
    return tuple(pairs)


def parse_named(word: str) -> tuple[str | None, str]:
    """Return a `[NAME=]REF` word as name and address; the left side of `=` is a name unless an address holds it."""
    name, sign, ref = word.partition("=")
    return (name, ref) if sign and name.strip() and not set(name) & set("/:@") else (None, word)


def read_design(path: Path | None) -> DesignSource | None:
    """Return the design that a file holds, or None without a path.

    Raises:
        NotFoundError: There is no such file.
    """
    if path is None:
        return None
    from registry_cli.errors import NotFoundError
    from registry_cli.registry.add import make_design

    if not path.is_file():
        raise NotFoundError(f"--design {path} is not a file")
    return make_design(path.read_bytes(), path.name)


def parse_edit(options: EditOptions) -> Edit:
    """Return the changes that the options of `edit` and `derive` ask for.

    Raises:
        UsageError: A word cannot be parsed.
    """
    from registry_cli.registry.editing import Edit

    return Edit(
        put=_parse_put(options.put or []),
        unset=(*(options.unset or []), *(f"labels.{name}" for name in options.unset_label or [])),
        labels=parse_labels(options.label),
        design=read_design(options.design),
        framework=options.framework,
        comment=options.comment,
    )


def _parse_put(words: Sequence[str]) -> dict[str, Value | None]:
    put = parse_values(list(words), option="--set")
    for key, value in put.items():
        if key.startswith("metrics.") and value is not None:
            put[key] = _number(value, key)
    return put


def _number(value: Value | None, key: str) -> int | float:
    from registry_cli.records.values import check_number, parse_metric

    if value is None:
        raise UsageError(f"{key} is null, a metric is a number")
    return parse_metric(value, key) if isinstance(value, str) else check_number(value, key)
