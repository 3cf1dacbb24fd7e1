"""The path that the checkpoints of one template share."""

from __future__ import annotations

import pytest

from registry_cli.frameworks.templates import find_line, is_given


@pytest.mark.parametrize(("template", "path", "line"), [
    ("{epoch}/model.keras", "/w/3/model.keras", "/w/model.keras"),
    ("{epoch}/model.keras", "3/model.keras", "model.keras"),
    ("out/epoch_{epoch:02d}/m.keras", "out/epoch_03/m.keras", "out/epoch/m.keras"), ("run{epoch}/m", "run3/m", "run/m"),
    ("{epoch:02d}.keras", "/w/03.keras", "/w/model.keras"),
    ("n/{epoch}.weights.h5", "n/3.weights.h5", "n/model.weights.h5"),
    ("{epoch}-{val_loss:.2f}.ckpt", "/w/3-0.25.ckpt", "/w/model.ckpt"), ("{epoch}/{epoch}.pt", "7/7.pt", "model.pt"),
    ("{val_loss:.2e}/{epoch}.pt", "1.25e-03/7.pt", "model.pt"), ("{epoch}-{loss:.2f}.pt", "3-nan.pt", "model.pt"),
    ("{loss}.pt", "-inf.pt", "model.pt"),
])  # fmt: skip
def test_numbers_in_folders_and_names_that_are_numbers(template: str, path: str, line: str) -> None:
    assert find_line(template, path) == line


@pytest.mark.parametrize(("template", "path"), [
    ("cp-{epoch}.keras", "cp-3.keras"), ("run_3/model.keras", "run_3/model.keras"), ("", "./3.keras"),
    ("{epoch}.ckpt", "/w/epoch=3.ckpt"), ("{epoch}/m.ckpt", "/w/last.ckpt"), ("{epoch}.ckpt", "/w/last.ckpt"),
])  # fmt: skip
def test_other_names_stay(template: str, path: str) -> None:
    assert find_line(template, path) is None


@pytest.mark.parametrize(("template", "path", "given"), [
    ("best-{epoch}.keras", "/w/best-3.keras", True), ("{epoch}/m.keras", "/w/3/m.keras", True),
    ("./a/{epoch}.pt", "a/3.pt", True), ("{epoch}.pt", "/w/epoch=3.pt", False), ("{epoch}.pt", "/w/x3.pt", False),
    ("best.pt", "/w/best.pt", False), ("a/{epoch}.pt", "/w/b/3.pt", False),
])  # fmt: skip
def test_the_template_that_gave_a_path(template: str, path: str, given: bool) -> None:
    assert is_given(template, path) is given
