"""`python -m tests.bench NAME…`: run benchmarks by name, all of them without one."""

from __future__ import annotations

import os
import sys
from importlib import import_module

NAMES = ("startup", "blobs", "commits", "query", "rebuild", "care", "tasks", "autolog", "secrets")


def main() -> int:
    """Run what is named on the command line."""
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        print("PYTHONDONTWRITEBYTECODE is set: start-up would be timed without its cache; unset it", file=sys.stderr)
        return 2
    wanted = sys.argv[1:] or NAMES
    unknown = [name for name in wanted if name not in NAMES]
    if unknown:
        print(f"no benchmark {unknown[0]}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    for name in wanted:
        print(f"\n# {name}", flush=True)
        import_module(f"tests.bench.{name}").main()
    return 0


sys.exit(main())
