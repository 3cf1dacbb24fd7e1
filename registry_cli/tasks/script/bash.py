"""Formats a task as a bash script that needs only bash, git, Python with venv, the package index and REG_DIR."""

from __future__ import annotations

import base64
import hashlib
import re
import shlex
from typing import TYPE_CHECKING, Final

from registry_cli._version import __version__
from registry_cli.dataclass import dataclass
from registry_cli.tasks.script.package_archive import REQUIREMENTS, pack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registry_cli.ids import TaskId

_PLACE: Final = re.compile(r"\{([a-z_]+)\}")
_HEAD: Final = """\
#!/usr/bin/env bash
# {title}
# Made by reg {version}. Runs the next attempt at this task and records it there.
# Needs bash, git, Python 3.11 or newer with venv, the package index, and in REG_DIR a registry that can be written.
set -euo pipefail

fail() { printf 'error: %s\\n' "$*" >&2; exit 125; }

[[ -n "${REG_DIR:-}" ]] || fail 'REG_DIR is not set: the folder of the registry'
[[ -w "$REG_DIR" ]] || fail "REG_DIR cannot be written: $REG_DIR"
command -v git >/dev/null || fail 'git is not installed'
{secrets}
python=''
for candidate in {pythons}; do
    if "$candidate" -c 'import sys, venv, lzma; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
[[ -n "$python" ]] || fail 'no Python 3.11 or newer with venv is installed'

home=${REG_CACHE_HOME:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/reg}/jobs/{digest}
if [[ ! -x "$home/bin/python" ]]; then
    mkdir -p -- "${home%/*}"
    new=$(mktemp -d -- "$home.XXXXXX")
    trap 'rm -rf -- "$new"' EXIT
    "$python" -m venv "$new"
    "$new/bin/python" -m pip install --quiet --disable-pip-version-check {requirements} >&2
{unpack}    "$python" -c 'import os, sys; os.rename(*sys.argv[1:])' "$new" "$home" 2>/dev/null \\
        || [[ -x "$home/bin/python" ]] || fail "cannot make $home"
    rm -rf -- "$new"
    trap - EXIT
fi
exec "$home/bin/python" -P -m registry_cli task run {task} --inline --env {environment}
"""
_UNPACK: Final = """\
    "$new/bin/python" -c '
import base64, io, sys, sysconfig, tarfile
data = base64.b64decode(sys.stdin.buffer.read())
safe = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
tarfile.open(fileobj=io.BytesIO(data)).extractall(sysconfig.get_path("purelib"), **safe)
' <<'PACKAGE'
{package}PACKAGE
"""
_SECRET: Final = "[[ -n \"${{name}:-}\" ]] || fail '{name} is not set, and the task needs it'\n"


@dataclass(frozen=True, slots=True)
class ScriptJob:
    """A task for a script to run.

    Attributes:
        title: One line for the reader.
        python: Minor version that the task ran with, such as `3.11`; None if it needs none.
        locked: True where there is a lock to build an environment from.
        requirement: The requirement from which pip installs this package; None to embed the package in the script.
        secrets: Names of variables that must be set.
    """

    task: TaskId
    title: str
    python: str | None = None
    locked: bool = True
    requirement: str | None = None
    secrets: tuple[str, ...] = ()


def format_bash(job: ScriptJob) -> str:
    """Return the script."""
    requirements = REQUIREMENTS if job.requirement is None else (job.requirement,)
    package = b"" if job.requirement is not None else pack()
    digest = hashlib.sha256("\0".join(requirements).encode() + package).hexdigest()[:16]
    newest = [f"python3.{minor}" for minor in (14, 13, 12, 11)]
    first = [f"python{job.python}"] if job.python else []
    filled = {
        "title": job.title,
        "version": __version__,
        "secrets": "".join(fill(_SECRET, {"name": name}) for name in job.secrets),
        "pythons": " ".join(dict.fromkeys((*first, "python3", "python", *newest))),
        "digest": digest,
        "requirements": shlex.join(requirements),
        "unpack": fill(_UNPACK, {"package": base64.encodebytes(package).decode()}) if package else "",
        "task": job.task,
        "environment": "lock" if job.locked else "none",
    }
    return fill(_HEAD, filled)


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return a template with each `{name}` replaced, in one pass: the values may hold braces of their own."""
    return _PLACE.sub(lambda place: values.get(place[1], place[0]), template)
