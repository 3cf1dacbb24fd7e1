"""`Logger` under ClearML's names: what a script reports to the task that runs in its process."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry_cli.dataclass import dataclass
from registry_cli.errors import UsageError
from registry_cli.records.task import MEDIA
from registry_cli.sdk.clearml.absent import answer_absent
from registry_cli.sdk.clearml.file_content import find_file
from registry_cli.sdk.clearml.png import encode_png
from registry_cli.sdk.clearml.reports import Reports
from registry_cli.sdk.join import find_current
from registry_cli.sdk.plain_values import plain
from registry_cli.store.new_file import AppendFile
from registry_cli.tasks.attempt.plots import path_segment, plot_path

if TYPE_CHECKING:
    from os import PathLike

    from registry_cli.sdk.current import Current
    from registry_cli.tasks.attempt.plots import Plot


@dataclass(frozen=True, slots=True)
class SeriesInfo:
    """One line of `report_line_plot`: its name, and pairs of x and y."""

    name: str
    data: Any


@answer_absent
class Logger(Reports):
    """ClearML's logger of a running task."""

    SeriesInfo = SeriesInfo

    def __init__(self, current: Current) -> None:
        self._current = current

    def __eq__(self, other: object) -> bool:
        return self._current is other._current if isinstance(other, Logger) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._current)

    @classmethod
    def current_logger(cls) -> Logger | None:
        """Return the logger of this process's task, or None where there is no task."""
        current = find_current()
        return cls(current) if current is not None else None

    def _report_point(self, name: str, value: float, step: int | None) -> None:
        self._current.add_point(name, value, step)

    def _report_plot(self, plot: Plot) -> None:
        self._current.add_plot(plot)

    def report_text(self, msg: str, level: int = 20, print_console: bool = True, *args: Any, **_named: Any) -> None:
        """Print a text, which is recorded as all output is.

        Args:
            msg: The text.
            level: Without effect.
            print_console: False records it without printing it.
            *args: Values for `%s` and the like in the text.
        """
        text = f"{msg % args if args else msg}\n"
        if print_console and sys.stdout is not None:
            sys.stdout.write(text)
        elif self._current.live is not None and not self._current.silent:
            console = AppendFile(self._current.live.console)
            try:
                console.write(text.encode(errors="replace"))
            finally:
                console.close()

    def report_image(
        self, title: str, series: str, iteration: int | None = None, local_path: str | PathLike[str] | None = None,
        image: Any = None, matrix: Any = None, max_image_history: int | None = None, delete_after_upload: bool = False,
        url: str | None = None,
    ) -> None:  # fmt: skip
        """Keep an image with the task.

        Args:
            title: With `series` and `iteration` it names the image; one of the same name is replaced.
            series: The second part of its name.
            iteration: Training step.
            local_path: A file.
            image: An image of Pillow's, an array or tensor of height x width x channels, kept as PNG.
            matrix: The same as `image`.
            max_image_history: Without effect: all are kept.
            delete_after_upload: Without effect: the user's files stay.
            url: A URL, kept as an address.

        Raises:
            UsageError: Not exactly one of the file, the image and the URL is given, or it is no image.
            NotFoundError: There is no such file.
        """
        picture = matrix if image is None else image
        if sum(one is not None for one in (local_path, picture, url)) != 1:
            raise UsageError("give one of local_path, image and url")
        if picture is not None and not isinstance(picture, str | Path):
            self._keep(title, series, iteration, ".png", encode_png(picture))
        else:
            self.report_media(title, series, iteration, local_path=local_path or picture, url=url)

    def report_image_and_upload(
        self, title: str, series: str, iteration: int | None = None, path: str | PathLike[str] | None = None,
        matrix: Any = None, max_image_history: int | None = None, delete_after_upload: bool = False,
    ) -> None:  # fmt: skip
        """Keep an image with the task; the older name of `report_image`."""
        self.report_image(title, series, iteration, local_path=path, matrix=matrix)

    def report_media(
        self, title: str, series: str, iteration: int | None = None, local_path: str | PathLike[str] | None = None,
        stream: Any = None, file_extension: str | None = None, max_history: int | None = None,
        delete_after_upload: bool = False, url: str | None = None,
    ) -> None:  # fmt: skip
        """Keep a file of any kind, such as audio, video or a page, with the task; otherwise as `report_image`.

        Args:
            title: With `series` and `iteration` it names the file.
            series: The second part of its name.
            iteration: Training step.
            local_path: A file.
            stream: An object with `read`, or `getvalue`, instead.
            file_extension: The extension of a stream's file, such as `.html`.
            max_history: Without effect: all are kept.
            delete_after_upload: Without effect: the user's files stay.
            url: A URL instead, kept as an address.
        """
        if sum(one is not None for one in (local_path, stream, url)) != 1:
            raise UsageError("give one of local_path, stream and url")
        if local_path is not None:
            path = find_file(Path(local_path))
            self._keep(title, series, iteration, path.suffix, path)
        elif url is not None:
            self._keep(title, series, iteration, ".url", f"{url}\n".encode())
        else:
            data = stream.getvalue() if hasattr(stream, "getvalue") else stream.read()
            content = data.encode() if isinstance(data, str) else bytes(data)
            self._keep(title, series, iteration, f".{(file_extension or 'bin').lstrip('.')}", content)

    def report_plotly(self, title: str, series: str, figure: Any, iteration: int | None = None) -> None:
        """Keep a figure of plotly's, or a dict that describes one, with the task as JSON."""
        if callable(to_json := getattr(figure, "to_json", None)):
            document = str(to_json())
        elif isinstance(figure, Mapping):
            document = json.dumps(plain(figure), ensure_ascii=False)
        else:
            raise UsageError(f"{figure!r:.60} is no figure of plotly's")
        path = f"{plot_path(title, series, iteration).removesuffix('.json')}.plotly.json"
        self._current.record(lambda facts: facts.add_plot(path, f"{document}\n".encode()))

    def report_matplotlib_figure(
        self, title: str, series: str, figure: Any, iteration: int | None = None, report_image: bool = False,
        report_interactive: bool = True,
    ) -> None:  # fmt: skip
        """Keep a figure of matplotlib's, or its module `pyplot` for the current one, with the task as PNG.

        Args:
            title: With `series` and `iteration` it names the figure.
            series: The second part of its name.
            figure: The figure.
            iteration: Training step.
            report_image: Without effect: it is always an image.
            report_interactive: Without effect.
        """
        if not callable(save := getattr(figure, "savefig", None)):
            raise UsageError(f"{figure!r:.60} is no figure of matplotlib's")
        buffer = BytesIO()
        save(buffer, format="png")
        self._keep(title, series, iteration, ".png", buffer.getvalue())

    def capture_logging(self) -> AbstractContextManager[None]:
        """Return a context that does nothing: output is recorded anyway."""
        return nullcontext()

    def get_default_upload_destination(self) -> str:
        """Return the URL of the registry, which the bytes go into."""
        return self._current.registry.path.as_uri()

    def flush(self, wait: bool = False) -> bool:
        """Retry writes that a full disk has refused; everything else is written as soon as it is logged."""
        self._current.flush()
        return True

    def _keep(self, title: str, series: str, step: int | None, suffix: str, data: bytes | Path) -> None:
        name = "media" if step is None else str(step)
        path = f"{MEDIA}{path_segment(title)}/{path_segment(series)}/{name}{suffix.lower()}"
        self._current.add_files(path, {path: data})
