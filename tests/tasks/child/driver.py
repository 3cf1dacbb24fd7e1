"""A program that runs its arguments as `reg log` does; its one setting is a JSON object before them.

Keys: `console` (file for the copy of the output), `exit` (file for the Exit, as JSON), `fail` (what raises: console or
tick), `ticks` (file that gets one byte for each tick), `pid` (file for the child's process id), `signals` (file for the
names of those passed on), `patience` (seconds), `interval` (seconds), `cwd`, `env`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from registry_cli.dataclass import asdict
from registry_cli.errors import RegError
from registry_cli.tasks.child import run


def main() -> int:
    setting = json.loads(sys.argv[1])

    def console(data: bytes) -> None:
        if setting.get("fail") == "console":
            raise OSError(28, "No space left on device")
        append("console", data)

    def tick() -> None:
        append("ticks", b".")
        if setting.get("fail") == "tick":
            raise ValueError("a bad tick")

    def append(name: str, data: bytes) -> None:
        if name in setting:
            with open(setting[name], "ab") as file:
                file.write(data)

    before = look_around()
    run.PATIENCE = setting.get("patience", run.PATIENCE)
    try:
        done = run.run_child(
            sys.argv[2:],
            cwd=Path(setting.get("cwd", ".")).resolve(),
            env=setting.get("env", dict(os.environ)),
            console=console,
            tick=tick,
            interval=setting.get("interval", 0.5),
            on_start=lambda pid: append("pid", str(pid).encode()),
            on_signal=lambda number: append("signals", f"{signal.Signals(number).name}\n".encode()),
        )
    except RegError as error:
        print(error.message, error.hint, file=sys.stderr)
        return error.exit_code
    if "exit" in setting:
        Path(setting["exit"]).write_text(json.dumps(asdict(done) | {"tidy": look_around() == before}))
    return done.code


def look_around() -> list[object]:
    """What a run must leave as it was: descriptors, signal handlers, children."""
    handlers = [signal.getsignal(number) for number in sorted(signal.valid_signals())]
    try:
        os.waitpid(-1, os.WNOHANG)
        children = True
    except ChildProcessError:
        children = False
    return [sorted(os.listdir("/proc/self/fd")), handlers, signal.pthread_sigmask(signal.SIG_BLOCK, ()), children]


if __name__ == "__main__":
    sys.exit(main())
