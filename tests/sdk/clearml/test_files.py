"""What a script keeps with its task: artifacts, configurations, images and other media, and reads back."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest

import registry_cli as reg
from registry_cli.errors import NotFoundError, RefusedError, UsageError
from registry_cli.sdk.clearml.png import encode_png
from registry_cli.tasks.record import read_task_file
from registry_cli.tasks.rerun.again import forget_results

pytestmark = pytest.mark.usefixtures("registry")


class Frame:
    """As a pandas data frame looks."""

    def __init__(self) -> None:
        self.columns = ["a"]
        self.rows = [1]

    def to_csv(self) -> str:
        return "a\n" + "".join(f"{row}\n" for row in self.rows)


class Pixels:
    """As an array of NumPy's looks."""

    def __init__(self, rows: list[list[Any]], channels: int) -> None:
        self.rows, self.channels = rows, channels
        self.shape: tuple[int, ...] = (len(rows), len(rows[0]) // channels, channels)

    def reshape(self, *_shape: int) -> Pixels:
        return self

    def tolist(self) -> list[list[Any]]:
        return self.rows


class Objects:
    """As an array of Python objects looks, which `.npy` does not hold."""

    dtype = "object"

    def tobytes(self) -> bytes:
        return b""


class Figure:
    """As a figure of matplotlib's or plotly's looks."""

    def savefig(self, target: io.BytesIO, format: str) -> None:
        target.write(f"{format} drawn".encode())


class Drawing:
    def to_json(self) -> str:
        return '{"data": [1]}'


def kept(task: reg.Task) -> dict[str, bytes]:
    """Return the files of an ended task that its script reported."""
    prefixes = ("artifacts/", "media/", "configuration/", "plots/")
    files = [file for file in task.record.files if file.path.startswith(prefixes)]
    return {file.path: read_task_file(task.registry, file) for file in files}


@pytest.mark.slow
def test_artifacts_are_files_of_the_task(tmp_path: Path, weights: Path) -> None:
    frame = Frame()
    with reg.task("job") as task:
        assert task.upload_artifact("table", {"b": 1, "a": [2]})
        task.upload_artifact("text", "some text")
        task.upload_artifact("frame", frame, metadata={"rows": 1})
        task.upload_artifact("file", weights)
        task.upload_artifact("folder", str(weights.parent))
        task.upload_artifact("glob", str(weights.parent / "*.pt"))
        task.upload_artifact("Data Set/1", [1])
        task.upload_artifact("object", {1, 2})
        task.upload_artifact("objects", Objects())
        task.upload_artifact("own", 5, extension_name=".num", serialization_function=lambda value: b"%d" % value)
        task.upload_artifact("twice", "first")
        task.upload_artifact("twice", {"now": "second"})
        with pytest.raises(NotFoundError):
            task.upload_artifact("gone", tmp_path / "gone")
        weights.write_bytes(b"changed")
        assert Path(task.artifacts["file"].get_local_copy()).read_bytes() == b"weights"
        assert task.artifacts["table"].get() == {"a": [2], "b": 1}
    found = kept(task)
    assert found["artifacts/file/model.pt"] == found["artifacts/folder/model.pt"] == b"weights"
    assert found["artifacts/glob/model.pt"] == b"weights"
    assert (found["artifacts/text/data.txt"], found["artifacts/frame/data.csv"]) == (b"some text", b"a\n1\n")
    assert (found["artifacts/own/data.num"], "artifacts/twice/data.txt" in found) == (b"5", False)
    assert {"artifacts/object/data.pkl", "artifacts/objects/data.pkl"} <= set(found)
    again = reg.Task.get_task(task.id).artifacts
    assert (again["frame"].metadata, again["frame"].size) == ({"rows": 1}, 4)
    assert (again["twice"].get(), again["text"].get(), again["Data Set/1"].get()) == (
        {"now": "second"},
        "some text",
        [1],
    )
    assert Path(again["object"].get()).name
    assert again["text"].hash == hashlib.sha256(b"some text").hexdigest()
    with pytest.raises(RefusedError) as caught:
        _ = again["text"].preview
    assert caught.value.hint == "reg help clearml"
    assert len(again) == 11
    assert "Data Set/1" in again
    assert "none" not in again


@pytest.mark.slow
def test_a_registered_frame_is_kept_as_it_is_at_the_end() -> None:
    frame, other = Frame(), Frame()
    with reg.task("job") as task:
        task.register_artifact("frame", frame)
        task.register_artifact("other", other)
        frame.rows.append(2)
        other.rows.append(2)
        task.unregister_artifact("other")
        assert list(task.get_registered_artifacts()) == ["frame"]
    found = kept(task)
    assert (found["artifacts/frame/data.csv"], found["artifacts/other/data.csv"]) == (b"a\n1\n2\n", b"a\n1\n")


@pytest.mark.slow
def test_configurations(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text("layers: 3\n")
    settings = {"b": 1, "a": 2}
    with reg.task("job") as task:
        assert task.connect_configuration(settings, name="settings") is settings
        assert task.connect_configuration(tmp_path / "net.yaml", "net") == tmp_path / "net.yaml"
        task.set_configuration_object("text", config_text="x = 1")
        task.set_configuration_object("table", config_dict={"y": 2})
        assert task.get_configuration_object_as_dict("settings") == settings
        with pytest.raises(NotFoundError):
            task.connect_configuration(str(tmp_path / "gone.yaml"))
        with pytest.raises(UsageError, match="either"):
            task.set_configuration_object("none")
    again = reg.Task.get_task(task.id)
    assert again.get_configuration_objects() == {
        "net": "layers: 3\n", "settings": json.dumps(settings, indent=2) + "\n", "table": '{\n  "y": 2\n}\n',
        "text": "x = 1"}  # fmt: skip
    assert (again.get_configuration_object("none"), again.get_configuration_object_as_dict("none")) == (None, None)
    with pytest.raises(UsageError, match="is no JSON"):
        again.get_configuration_object_as_dict("net")
    with pytest.raises(RefusedError, match="does not run in this process"):
        again.connect_configuration({})


@pytest.mark.slow
def test_media_and_plots(tmp_path: Path, weights: Path) -> None:
    with reg.task("job") as task:
        logger = task.logger
        logger.report_image("image", "file", 3, local_path=weights)
        logger.report_image("image", "pixels", 3, image=Pixels([[255, 0, 0, 0, 0, 255]], 3))
        logger.report_image("image", "url", 1, url="https://example.org/a.png")
        logger.report_image_and_upload("image", "old", 3, path=weights)
        logger.report_media("page", "stream", stream=io.StringIO("<b>"), file_extension="html")
        logger.report_media("page", "bytes", 1, stream=io.BytesIO(b"abc"))
        logger.report_plotly("drawn", "s", Drawing(), 1)
        logger.report_plotly("drawn", "dict", {"data": [float("nan")]})
        logger.report_matplotlib_figure("figure", "s", Figure(), 1)
        (tmp_path / "t.csv").write_text("a\n1\n")
        logger.report_table("csv", "s", url=(tmp_path / "t.csv").as_uri())
        logger.report_table("csv", "far", url="https://example.org/t.csv")
        for call in (lambda: logger.report_image("a", "b"), lambda: logger.report_media("a", "b"),
                     lambda: logger.report_plotly("a", "b", 1), lambda: logger.report_matplotlib_figure("a", "b", 1),
                     lambda: logger.report_image("a", "b", image=object())):  # fmt: skip
            with pytest.raises(UsageError):
                call()
    found = kept(task)
    assert found["media/image/file/3.pt"] == found["media/image/old/3.pt"] == b"weights"
    assert found["media/image/url/1.url"] == b"https://example.org/a.png\n"
    assert found["media/image/pixels/3.png"].startswith(b"\x89PNG")
    assert (found["media/page/stream/media.html"], found["media/page/bytes/1.bin"]) == (b"<b>", b"abc")
    assert found["media/figure/s/1.png"] == b"png drawn"
    assert json.loads(found["plots/drawn/s/1.plotly.json"]) == {"data": [1]}
    assert json.loads(found["plots/drawn/dict/plot.plotly.json"]) == {"data": [None]}
    assert b"[[1]]" in found["plots/csv/s/plot.json"]
    assert b"https://example.org/t.csv" in found["plots/csv/far/plot.json"]
    assert [file.path for file in forget_results(task.record).files] == ["requirements.txt"]


@pytest.mark.parametrize(("rows", "channels", "pixels"), [
    ([[0, 128], [255, 300]], 1, b"\0\x00\x80\0\xff\xff"), ([[0.0, 0.5, 1.0]], 3, b"\0\x00\x80\xff"),
])  # fmt: skip
def test_images_without_a_library(rows: list[list[Any]], channels: int, pixels: bytes) -> None:
    data = encode_png(Pixels(rows, channels))
    width, height, depth, colour = struct.unpack(">IIBB", data[16:26])
    assert (width, height, depth, colour) == (len(rows[0]) // channels, len(rows), 8, {1: 0, 3: 2}[channels])
    at = data.index(b"IDAT")
    (size,) = struct.unpack(">I", data[at - 4 : at])
    assert zlib.decompress(data[at + 4 : at + 4 + size]) == pixels


def test_what_is_no_image() -> None:
    with pytest.raises(UsageError, match="is no image"):
        encode_png(Pixels([[0] * 5], 5))
