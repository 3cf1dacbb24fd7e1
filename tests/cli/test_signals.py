"""A signal ends a command at any point, inside SQLite too."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

COMMAND = """
import sqlite3
from registry_cli import process
from registry_cli.catalog.index import sqlite_file as database
from registry_cli.cli.signals import unwound_by_signals
process.is_command = True
with unwound_by_signals():
    db = database.connect(database.MEMORY)
    print("ready", flush=True)
    try:
        db.execute("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c").fetchall()
    except sqlite3.OperationalError:  # as where a locked index is worked around
        pass
"""


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 128 + 15), (signal.SIGHUP, 128 + 1), (signal.SIGINT, -2)]
)
def test_a_statement_without_end_ends_at_a_signal(number: signal.Signals, code: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as command:
        assert command.stdout is not None
        assert command.stdout.readline() == b"ready\n"
        command.send_signal(number)
    assert command.returncode == code
