"""`python -m registry_cli` is `reg`."""

from __future__ import annotations

import sys

from registry_cli.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
