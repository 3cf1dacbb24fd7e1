"""`reg demo`: show the main workflow on real data. Each command runs as shown; only the training is code of its own."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from contextlib import chdir
from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING, Annotated, Final

import typer

from registry_cli.cli.group import run
from registry_cli.cli.session import Session, open_session
from registry_cli.errors import CorruptError, UsageError
from registry_cli.store.layout import DIRECTORY

if TYPE_CHECKING:
    from registry_cli.demo.iris import Flower, Split
    from registry_cli.demo.softmax import Settings, Softmax

EXAMPLES = ("reg demo", "reg demo ./try-it")

MODEL: Final = "iris/softmax"
BEST: Final = f"{MODEL}:3"
WIDTH: Final = 76
"""Columns after which a shown command continues on the next line."""


def command(
    ctx: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="An empty folder to work in; a temporary one by default.")
    ] = None,
) -> None:
    """Train on real data, then store, compare and publish the models."""
    session = open_session(ctx)
    place = (folder or Path(tempfile.mkdtemp(prefix="reg-demo-"))).absolute()
    if place.exists() and any(place.iterdir()):
        raise UsageError(f"{place} is not empty: the demo works in an empty folder, or makes one", hint="reg demo")
    place.mkdir(parents=True, exist_ok=True)
    with chdir(place):
        _Story(session).play()
    session.output.text(f"\nEverything is stored. Go on with:  cd {join([str(place)])} && reg model show {MODEL}@prod")


class _Story:
    """The steps of the demo, run in the working folder."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def play(self) -> None:
        """Train three times, add each model, choose one, publish it, get it back and use it."""
        from registry_cli.demo.iris import load_flowers, split_flowers
        from registry_cli.demo.softmax import SETTINGS

        split = split_flowers(load_flowers())
        self._say("A registry is a folder. No server, no account.")
        self._reg("init")
        self._say(
            f"Three trainings on Fisher's iris data: {len(split.train)} flowers to learn, {len(split.test)} to test."
        )
        model = None
        for number, settings in enumerate(SETTINGS, 1):
            model = self._train(settings, split, model)
            self._add(number, settings, split, model)
        self._say("Find the good ones; see where the best came from.")
        self._reg(
            "model",
            "query",
            "metrics.acc > 0.8",
            "--sort=-metrics.acc",
            "--columns=name,number,metrics.acc,metrics.loss",
        )
        self._reg("model", "compare", f"{MODEL}:1", BEST, "--only", "metrics")
        self._reg("model", "lineage", BEST)
        self._say("Name the best one and publish it: from now on nobody can change it.")
        self._reg("model", "tag", BEST, "--add", "candidate")
        self._reg("model", "alias", BEST, "prod", "-m", "best on the test flowers")
        self._reg("model", "publish", BEST)
        self._say("Get it back, check every byte, and use it.")
        self._reg("model", "get", f"{MODEL}@prod", "here")
        self._reg("model", "verify", f"{MODEL}@prod", "--strong")
        self._predict(split)

    def _train(self, settings: Settings, split: Split, start: Softmax | None) -> Softmax:
        from registry_cli.cli.progress import open_progress
        from registry_cli.demo.softmax import train

        progress = open_progress(delay=0)
        progress.start(f"train {settings.name}", settings.epochs, "items")
        try:
            return train(settings, split, lambda _done, _loss: progress.advance(1), start=start)
        finally:
            progress.stop()

    def _add(self, number: int, settings: Settings, split: Split, model: Softmax) -> None:
        from registry_cli.demo.iris import SPECIES
        from registry_cli.demo.softmax import accuracy, log_loss

        Path("out").mkdir(exist_ok=True)
        model.save(Path("out/model.safetensors"))
        Path("net.json").write_text(json.dumps({"layers": [{"type": "softmax", "inputs": 4, "outputs": 3}]}, indent=2))
        parent = ["--parent", f"continue={MODEL}:{number - 1}"] if number > 1 else ["--design", "net.json"]
        self._reg(
            "model", "add", MODEL, "out/model.safetensors",
            "--metric", f"acc={accuracy(model, split.test):.4f}", "--metric", f"loss={log_loss(model, split.test):.4f}",
            "--param", f"lr={settings.learning_rate}", "--param", f"epochs={settings.epochs}", *parent,
            *(word for at, name in enumerate(SPECIES) for word in ("--label", f"{name}={at}")),
            "--tag", "demo", "-m", f"{settings.name} training",
        )  # fmt: skip

    def _predict(self, split: Split) -> None:
        from registry_cli.demo.softmax import Softmax, accuracy

        if Path("here/model.safetensors").read_bytes() != Path("out/model.safetensors").read_bytes():
            raise CorruptError("the model came back with other bytes")
        model = Softmax.load(Path("here/model.safetensors"))
        some = split.test[:: len(split.test) // 5]
        rows = [
            {"centimetres": _measures(flower), "predicted": model.predict(flower.features), "really": flower.species}
            for flower in some
        ]
        self._session.output.text("")
        self._session.output.rows(rows, ("centimetres", "predicted", "really"), id_key="predicted")
        right = accuracy(model, split.test)
        self._say(f"The model that came back gets {right:.0%} of the test flowers right, byte for byte the one stored.")

    def _say(self, text: str) -> None:
        self._session.output.text(f"\n{text}")

    def _reg(self, *words: str) -> None:
        """Print a command, and run it on this folder's registry, whatever the environment names."""
        shown = join(["reg", *words])
        self._session.output.text(f"\n$ {_wrapped(words)}")
        code = run([*words] if words == ("init",) else ["--registry", DIRECTORY, *words])
        if code:
            raise CorruptError(f"`{shown}` ended with {code}")


def _measures(flower: Flower) -> str:
    return " × ".join(f"{length:.1f}" for length in flower.features)


def _wrapped(words: Sequence[str]) -> str:
    """Return a command as a user types it, with breaks before its options where it is long."""
    lines = ["reg"]
    for at, word in enumerate(words):
        value_of = at > 0 and words[at - 1].startswith("-") and not word.startswith("-")
        if word.startswith("-") and not value_of and len(lines[-1]) + len(join(words[at : at + 2])) > WIDTH:
            lines.append("   ")
        lines[-1] += f" {join([word])}"
    return " \\\n".join(lines)
