"""Stores the commits that no remote has with a task: without them nobody else could run its code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry_cli.records.task import BUNDLE
from registry_cli.store import files
from registry_cli.store.new_file import NewFile
from registry_cli.tasks.capture.git import bundle_commits, find_root

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from registry_cli.records.task import Task
    from registry_cli.tasks.attempt.fact_writer import FactWriter
    from registry_cli.tasks.attempt.folder import Live


def keep_commits(
    task: Task, live: Live, cwd: Path, environ: Mapping[str, str], tell: Callable[[Callable[[FactWriter], None]], None]
) -> list[str]:
    """Bundle the commits of a running task's code that no remote has into its folder, unless a task stores them.

    This may take long, as a repository without a remote is bundled whole. Returns problems in words; `tell` records
    them as a fact.
    """
    code, root = task.code, find_root(cwd)
    if root is None or code is None or code.commit is None or task.find_file(BUNDLE):
        return []
    commits = bundle_commits(root, code.commit, environ=environ)
    if commits.bundle:
        with NewFile(live.folder / f"{BUNDLE}.part") as file:
            file.write(commits.bundle)
        files.rename(file.path, live.bundle)
    if commits.problem is None:
        return []
    tell(lambda facts: facts.add_cut("commits"))
    return [f"the commits that no remote has {commits.problem}"]
