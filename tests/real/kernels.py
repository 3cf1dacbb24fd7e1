"""A kernel of Jupyter in a lab's folder, and the front end that sends it cells."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.cli.lab import Lab
from tests.forks import LONGEST


@dataclass
class Shown:
    """What a front end displays below a cell: the text of streams, the texts of results, and the error's name."""

    status: str = ""
    out: str = ""
    err: str = ""
    texts: list[str] = field(default_factory=list)
    raised: str | None = None

    def take(self, message: dict[str, Any]) -> None:
        content = message["content"]
        match message["msg_type"]:
            case "stream" if content["name"] == "stdout":
                self.out += content["text"]
            case "stream":
                self.err += content["text"]
            case "execute_result" | "display_data" | "update_display_data":
                self.texts.append(content["data"]["text/plain"])
            case "error":
                self.raised = content["ename"]


class Kernel:
    """A kernel that runs in the folder of a lab."""

    def __init__(self, manager: Any, client: Any) -> None:
        self.manager = manager
        self._client = client

    def run(self, code: str) -> Shown:
        """Run a cell to its end."""
        shown = Shown()
        reply = self._client.execute_interactive(
            code, output_hook=shown.take, timeout=LONGEST, allow_stdin=False, stop_on_error=False
        )
        shown.status = reply["content"]["status"]
        return shown

    def begin(self, code: str) -> None:
        """Begin to run a cell that prints `begun`, and return once it has."""
        asked = self._client.execute(code)
        while True:
            message = self._client.get_iopub_msg(timeout=LONGEST)
            own = message["parent_header"].get("msg_id") == asked
            if own and message["msg_type"] == "stream" and "begun" in message["content"]["text"]:
                return

    def wait_for_end(self) -> None:
        """Return once the cell that `begin` began has ended."""
        while self._client.get_shell_msg(timeout=LONGEST)["msg_type"] != "execute_reply":
            pass

    def signal(self, number: int) -> None:
        """Send a signal to the kernel's process, and wait for the process to end where it does."""
        self.manager.provisioner.process.send_signal(number)
        self.manager.provisioner.process.wait(LONGEST)

    def shut_down(self) -> None:
        """End the kernel as a front end does."""
        self._client.stop_channels()
        self.manager.shutdown_kernel()


@contextmanager
def open_kernel(lab: Lab, **variables: str) -> Iterator[Kernel]:
    """Start a kernel of this Python; it ends with the block at the latest."""
    from jupyter_client.manager import KernelManager

    manager = KernelManager(kernel_name="python3")
    environ = {name: value for name, value in lab.environ.items() if name != "PYTEST_CURRENT_TEST"}
    manager.start_kernel(cwd=str(lab.root), env={**environ, **variables})
    client = manager.blocking_client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=LONGEST)
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
