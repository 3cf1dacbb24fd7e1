"""What a training script calls. Every name is also an attribute of `registry_cli`; `reg help clearml` compares."""

from __future__ import annotations

from registry_cli.sdk.saving import commit
from registry_cli.sdk.using import use

__all__ = ["commit", "use"]
