"""`reg repair`: mends what a check finds, from this registry or another one, until a check finds no more to try.

What cannot be mended is noted as lost in this copy, so that all else goes on. No damaged bytes are deleted: they go to
the trash. Each step is whole or absent, and a second run goes on where the first was stopped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.registry.api import Registry
from registry_cli.registry.fsck.fsck import check_registry
from registry_cli.registry.repair.format_file import mend_format
from registry_cli.registry.repair.other_copy import open_sibling
from registry_cli.registry.repair.outcome import Repair
from registry_cli.registry.repair.rounds import Mending
from registry_cli.store.layout import Layout
from registry_cli.store.progress import SILENT, Progress

if TYPE_CHECKING:
    from pathlib import Path

    from registry_cli.registry.fsck.report import Level


def repair_registry(
    root: Path,
    *,
    source: Path | None = None,
    level: Level = "default",
    dry_run: bool = False,
    progress: Progress = SILENT,
) -> Repair:
    """Mend the registry in the `.registry` folder `root`, which need not be one that can be opened.

    Args:
        root: The folder.
        source: A copy of the registry, or any other that may have the same bytes.
        level: How bytes are checked.
        dry_run: Change nothing, and say what would be done.
        progress: Reports the progress of the checks.

    Raises:
        NoRegistryError: `root` or `source` is no registry.
        CorruptError: The registry's id is lost.
        RefusedError: A newer program must do it.
    """
    layout = Layout(root)
    sibling = open_sibling(source, layout) if source else None
    formed = mend_format(layout, sibling, dry_run=dry_run)
    if formed and dry_run:  # nothing else can be looked at yet
        return Repair(tuple(formed), None)
    with Registry(layout) as registry:
        registry.format.check_write()
        mending = Mending(registry, sibling)
        if not dry_run:
            return mending.mend(formed, level, progress)
        report = check_registry(registry, level, progress)
        return Repair(tuple(mending.plan(report.damages)), report, names=report.names)
