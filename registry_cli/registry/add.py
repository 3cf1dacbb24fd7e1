"""Adds a version: takes in the bytes, writes its record and gives it the next number, in one entry of the log."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from registry_cli import clock
from registry_cli.catalog.fold import changes
from registry_cli.catalog.read import versions
from registry_cli.catalog.read.address import resolve
from registry_cli.catalog.read.models import find_line
from registry_cli.dataclass import dataclass, replace
from registry_cli.errors import UsageError
from registry_cli.formats.extension import find_framework
from registry_cli.ids import RecordId, VersionId, line_key, new_ulid
from registry_cli.records.codec import dump_version
from registry_cli.records.parts import INLINE_DESIGN, Design, FileEntry, Parent
from registry_cli.records.paths import check_path
from registry_cli.records.version import ROLES, VersionRecord, check_labels
from registry_cli.registry.aliases import plan_alias
from registry_cli.registry.draft import DesignSource, Draft, given
from registry_cli.registry.intake import Content, take_files, take_stream
from registry_cli.registry.moving import Left, Mode, check_sources, take_away
from registry_cli.registry.sources import find_snapshot, list_sources
from registry_cli.registry.transaction import transact
from registry_cli.registry.unchanged import find_same
from registry_cli.store.hashing import digest_bytes
from registry_cli.store.progress import SILENT, Progress, open_work
from registry_cli.store.staging import Staging

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from registry_cli.catalog.connection import Connection
    from registry_cli.catalog.fold.changes import Change
    from registry_cli.catalog.read.rows import VersionRow
    from registry_cli.records.values import Value
    from registry_cli.registry.api import Registry


@dataclass(frozen=True, slots=True)
class Added:
    """The result of adding a version.

    Attributes:
        version: The version.
        new: False where it is the newest one of its line, which has the same files and fields already.
        left: Files that were to be removed and stay, because another process has changed or replaced them.
    """

    version: VersionRow
    new: bool
    left: tuple[Left, ...] = ()


def add_files(
    registry: Registry,
    draft: Draft,
    paths: Sequence[Path],
    *,
    mode: Mode = "copy",
    follow: bool = False,
    ignore: Collection[Path] = (),
    message: str | None = None,
    allow_same: bool = False,
    progress: Progress = SILENT,
    cached: bool = True,
    held: bool = False,
) -> Added:
    """Add files and folders as one version.

    Args:
        registry: The registry.
        draft: The fields of the version.
        paths: Files and folders; files keep their base names, folders the names inside.
        mode: Treatment of the user's files.
        follow: Follow links that leave their folder.
        ignore: Files and folders inside `paths` that are left out.
        message: Reason, for the log; the version's first comment.
        allow_same: Make a version even if the newest one is the same.
        progress: Reports the bytes done.
        cached: True if the system may keep the new bytes in its page cache; a training that is running needs that
            memory itself.
        held: True if the files are inside the registry, which holds them for the caller; users may share none from
            there.

    Raises:
        NotFoundError: A path, or a parent's address, names nothing.
        UsageError: A name cannot be stored, or a path is not a regular file.
        ConflictError: A file changed while it was read.
    """
    registry.check_writable()
    sources = list_sources(paths, follow=follow, ignore=ignore)
    if mode != "copy" and not held:
        check_sources(registry.layout, sources, mode)
    taken = [source.file.stat() for source in sources] if mode == "move" else []
    with (
        open_work(progress, f"add {draft.name}", sum(source.size for source in sources)),
        Staging(registry.layout, progress=progress, cached=cached, number=len(sources)) as staging,
    ):
        content = take_files(registry, staging, sources, mode)
        snapshot = find_snapshot(paths[0]) if len(paths) == 1 else None
        if snapshot:
            content = replace(content, metadata={
                **content.metadata, "hub": {"repo": snapshot.repo, "revision": snapshot.revision}})  # fmt: skip
        added = _commit(registry, draft, content, staging, message, allow_same)
    if mode == "move":
        gone = zip(sources, taken, content.files, strict=True)
        left = [take_away(registry.layout, source, status, file) for source, status, file in gone]
        return replace(added, left=tuple(each for each in left if each))
    return added


def add_stream(
    registry: Registry,
    draft: Draft,
    fd: int,
    filename: str,
    *,
    message: str | None = None,
    allow_same: bool = False,
    progress: Progress = SILENT,
) -> Added:
    """Add the bytes of the open descriptor `fd`, up to its end, as a version of one file called `filename`."""
    registry.check_writable()
    name = check_path(filename)
    with open_work(progress, f"add {draft.name}", None), Staging(registry.layout, progress=progress) as staging:
        content = take_stream(registry, staging, fd, name)
        return _commit(registry, draft, content, staging, message, allow_same)


def add_url(
    registry: Registry, draft: Draft, url: str, *, message: str | None = None, allow_same: bool = False
) -> Added:
    """Add a version with one file at `url`; nothing is fetched before the file is read.

    Raises:
        UsageError: The text is not a URL that names a file, or the URL holds a secret.
    """
    from registry_cli.secrets.check import check_url

    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise UsageError(f"{url!r} is no URL: {error}") from None
    check_url(parts)
    name = PurePosixPath(unquote(parts.path)).name
    if not parts.scheme or not name:
        raise UsageError(f"{url!r} names no file: write it like https://example.org/model.pth")
    content = Content((FileEntry(check_path(name), url=url),), find_framework(name), {})
    with Staging(registry.layout) as staging:
        return _commit(registry, draft, content, staging, message, allow_same)


def make_design(data: bytes, filename: str) -> DesignSource:
    """Return a design from a file's bytes; the file's name decides its media type.

    Raises:
        UsageError: The design contains a token.
    """
    from registry_cli.secrets.check import check_value

    check_value("the design", data)
    media = {".json": "application/json", ".toml": "application/toml", ".yaml": "application/yaml",
             ".yml": "application/yaml"}.get(PurePosixPath(filename).suffix.lower(), "text/plain")  # fmt: skip
    return DesignSource(data, media)


def stage_design(staging: Staging, source: DesignSource) -> Design:
    """Return a design as a record keeps it: text, or a blob where it is long or no UTF-8 text."""
    try:
        text = source.data.decode() if len(source.data) <= INLINE_DESIGN else None
    except UnicodeDecodeError:
        text = None
    if text is not None:
        return Design(source.media, text=text)
    digests = staging.add_bytes(source.data)
    return Design(source.media, sha256=digests.sha256, xxh3=digests.xxh3, size=digests.size)


def build_version(registry: Registry, staging: Staging, draft: Draft, content: Sequence[FileEntry],
                  message: str | None, metadata: Mapping[str, Value]) -> VersionRecord:  # fmt: skip
    """Return the record of the version that `draft` describes, with the addresses of its parents resolved."""
    now = clock.now()
    return VersionRecord(
        model=draft.name,
        nonce=new_ulid(),
        created=min(draft.created, now) if draft.created else now,
        author=registry.author,
        files=tuple(content),
        message=message,
        framework=draft.framework,
        step=draft.step,
        task=draft.task,
        parents=_parents(registry, draft),
        labels=check_labels(draft.labels),
        design=stage_design(staging, draft.design) if draft.design else None,
        params=given(draft.params),
        metrics=draft.metrics,
        metadata={**metadata, **given(draft.metadata)},
        interface=draft.interface,
        unset=tuple(sorted(_nulls(draft.metadata, "metadata") + _nulls(draft.params, "params"))),
    )


def _commit(registry: Registry, draft: Draft, content: Content, staging: Staging, message: str | None,
            allow_same: bool) -> Added:  # fmt: skip
    full = replace(draft, framework=draft.framework or content.framework)
    record = build_version(registry, staging, full, content.files, message, content.metadata)
    data = dump_version(record)
    version = VersionId(RecordId(digest_bytes(data).sha256))
    registry.index.expect(version, record)
    same: list[VersionRow] = []

    def plan() -> list[Change]:
        same[:] = [] if allow_same else find_same(registry, draft, record)
        if same:
            return []
        staging.add_record(data)
        wanted: list[Change] = [changes.add_version(version, draft.name)]
        if draft.tags:
            wanted.append(changes.tag(version, add=draft.tags))
        return wanted + registry.read(lambda db: _plan_aliases(db, draft, version))

    transact(registry, plan, message=message, staging=staging)
    return Added(same[0] if same else registry.get_row(version), new=not same)


def _plan_aliases(db: Connection, draft: Draft, version: VersionId) -> list[Change]:
    line = find_line(db, draft.name)
    return [plan_alias(db, line, alias, version) for alias in {line_key(one): one for one in draft.aliases}.values()]


def _parents(registry: Registry, draft: Draft) -> tuple[Parent, ...]:
    for role, _ in draft.parents:
        if role not in ROLES:
            raise UsageError(f"{role!r} is no role of a parent: roles are {', '.join(ROLES)}")

    def find(db: Connection) -> tuple[Parent, ...]:
        return tuple(Parent(versions.get_version(db, resolve(db, ref)).id, role) for role, ref in draft.parents)

    return registry.read(find)


def _nulls(table: Mapping[str, Value | None], group: str) -> list[str]:
    return [f"{group}.{key}" for key, value in table.items() if value is None]
