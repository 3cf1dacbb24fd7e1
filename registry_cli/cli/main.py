"""Turns the words typed into an exit code.

Owns what all commands share at their edges: printing of errors, signals, and output that no process reads any more.
`--version` and shell completion are answered before anything heavy is imported.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry_cli.errors import RegError


def run_process() -> None:
    """Run `reg` as a process, and exit at once with its exit code.

    Tearing the interpreter down takes a tenth of a short command's time, and collecting garbage while modules load
    another tenth; a process that ends gains nothing from either.
    """
    import gc
    import os

    if os.name != "posix":
        sys.exit("error: reg needs a POSIX system; on Windows, run it in WSL")
    from registry_cli import process

    gc.set_threshold(100_000)
    process.is_command = True
    _open_closed()
    code = main()
    sys.stderr.flush()
    os._exit(code)


def _open_closed() -> None:
    """Open the null device where a standard stream is closed; else the next file that is opened would replace it."""
    import os

    for fd, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is `fd`
        if getattr(sys, name) is None:
            setattr(sys, name, open(fd, mode, closefd=False))  # noqa: SIM115 - it lives as long as the process


def main(argv: Sequence[str] | None = None) -> int:
    """Run `reg` with the words `argv` (those of the process when None) and return the exit code."""
    words = sys.argv[1:] if argv is None else list(argv)
    if words[:1] == ["__complete"]:
        from registry_cli.cli.complete.answer import answer

        return answer(words[1:])
    try:
        _keep_odd_characters()
        code = _version() if words in (["--version"], ["-V"]) else _run(words)
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_stdout()
        return 0
    except KeyboardInterrupt:
        from registry_cli.errors import INTERRUPTED

        return INTERRUPTED
    except OSError as error:
        return _show(_explain(error), words)
    return code


def _version() -> int:
    from registry_cli._version import __version__

    sys.stdout.write(f"reg {__version__}\n")
    return 0


def _run(words: list[str]) -> int:
    from registry_cli.cli.group import run
    from registry_cli.cli.signals import unwound_by_signals
    from registry_cli.errors import CorruptError, RegError, UsageError

    try:
        with unwound_by_signals():
            return run(words)
    except RegError as error:
        sys.stdout.flush()
        return _show(error, words)
    except UnicodeEncodeError as error:  # of a word that names no file, which alone may hold other bytes
        return _show(UsageError(f"`{error.object}` is no Unicode text"), words)
    except Exception as error:
        if type(error).__module__ not in {"sqlite3", "registry_cli.catalog.seals"}:
            raise
        sys.stdout.flush()
        broken = CorruptError(f"the index is broken: {error}", hint="reg repair")
        return _show(broken, words)


def _wants_json(words: list[str]) -> bool:
    """Return whether errors are for a program; the words decide, since the error may be that they make no sense."""
    return "--json" in (words[: words.index("--")] if "--" in words else words)


def _show(error: RegError, words: list[str]) -> int:
    from registry_cli.cli.output import write_error

    write_error(error.kind, error.message, hint=_name_registry(error, words), as_json=_wants_json(words))
    return error.exit_code


def _name_registry(error: RegError, words: list[str]) -> str | None:
    """Return an error's hint, with the registry that the words name: without it the hint would use another one."""
    ours = words[: words.index("--")] if "--" in words else words
    hint, option = error.hint or "", "--registry"
    free = hint.startswith(("reg init", "reg help", "reg trust", "reg --")) or "--help" in hint or option in hint
    if free or not hint.startswith("reg ") or not any(word.partition("=")[0] == option for word in ours):
        return error.hint
    from itertools import pairwise
    from shlex import quote

    pairs = pairwise([*ours, ""])
    named = [
        after if word == option else word.partition("=")[2] for word, after in pairs if word.partition("=")[0] == option
    ]
    return f"reg --registry {quote(named[-1])} {hint.removeprefix('reg ')}"


def _explain(error: OSError) -> RegError:
    """Return an error of the operating system as a sentence that names the file.

    Raises:
        OSError: It has no errno, so that our code raised it and not the system.
    """
    from registry_cli.errors import RegError

    if error.errno is None:
        raise error
    import errno
    import os

    if error.filename is None and error.errno in {errno.ENOSPC, errno.EIO, errno.EBADF}:
        _discard_stdout()
    what = (error.strerror or "input or output failed").lower()
    names = [
        os.fsdecode(name) if isinstance(name, bytes) else str(name)
        for name in (error.filename, error.filename2)
        if name is not None
    ]
    full = "; nothing was half-written: make room, and repeat the command"
    more = {
        errno.ENOSPC: full,
        errno.EDQUOT: full,
        errno.EACCES: "; reading may still work: a change needs write access to the registry's folder",
        errno.EROFS: "; reading still works: a change needs a file system that can be written",
    }
    message = ": ".join([what, " -> ".join(names)] if names else [what]) + more.get(error.errno, "")
    return RegError(message, hint="reg gc" if more.get(error.errno) == full else None)


def _keep_odd_characters() -> None:
    """Make streams print file names that are not text, and text that the terminal cannot show, instead of failing."""
    import io

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            utf8 = stream.encoding.lower().replace("-", "") == "utf8"
            program = utf8 and not stream.isatty()  # a program gets the bytes; a terminal might obey them
            stream.reconfigure(errors="surrogateescape" if program else "backslashreplace")


def _discard_stdout() -> None:
    """Point standard output at the null device, so that the interpreter's last flush does not fail."""
    import os

    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return
