"""`reg repair`: mends the damage that a check finds, from this registry or another one, until a check finds no more.

Files that cannot be mended are noted as lost in this copy, so that everything else works. No damaged bytes are deleted:
they go to the trash. Each step is atomic, and a second run continues where the first was stopped.
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
    from collections.abc import Callable
    from pathlib import Path

    from registry_cli.registry.fsck.report import Level


def repair_registry(
    root: Path,
    *,
    source: Path | None = None,
    level: Level = "default",
    dry_run: bool = False,
    progress: Progress = SILENT,
    opener: Callable[[Layout], Registry] = Registry,
) -> Repair:
    """Mend the registry in the `.registry` folder `root`, even if it cannot be opened.

    Args:
        root: The folder.
        source: A copy of the registry, or any other registry that may have the same bytes.
        level: Level of checking.
        dry_run: Change nothing, and return what would be done.
        progress: Reports the progress of the checks.
        opener: Opens the registry, with its ports, once its format file is sound.

    Raises:
        NoRegistryError: `root` or `source` is no registry.
        CorruptError: The registry's id is lost.
        RefusedError: Only a newer program can mend it.
    """
    layout = Layout(root)
    sibling = open_sibling(source, layout) if source else None
    formed = mend_format(layout, sibling, dry_run=dry_run)
    if formed and dry_run:  # nothing else can be checked yet
        return Repair(tuple(formed), None)
    with opener(layout) as registry:
        registry.format.check_write()
        mending = Mending(registry, sibling)
        if not dry_run:
            return mending.mend(formed, level, progress)
        report = check_registry(registry, level, progress)
        return Repair(tuple(mending.plan(report.damages)), report, names=report.names)
