"""Readable names for blobs, `views/<version id>/model.pt`, so that a framework can open them. Derived: rebuilt at will.

A view shares the blob's bytes by reflink where the file system can, else by a hard link where the blob is ours, else it
is a copy. Root gets no hard link unless the mode says so: `open(view, "wb")` by root would truncate the blob itself.

Beside a view lies a stamp: the status of its files when their bytes were last verified, and the boots of machines
during which that was done. A file is read again when its status differs, and at its first use after a boot, because
bytes that rot on the disk change no time. That also covers a power cut: nothing here needs a flush.
"""

from __future__ import annotations

import json
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from registry_cli.dataclass import dataclass
from registry_cli.errors import CorruptError
from registry_cli.store import files
from registry_cli.store.beneath import hold_folders
from registry_cli.store.blobs import copy_blob, get_blob, verify_blob
from registry_cli.store.hashing import open_reader, xxh3_of_file
from registry_cli.store.new_file import NewFile
from registry_cli.store.progress import SILENT, Progress
from registry_cli.store.writer_name import new_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry_cli.ids import BlobHash, VersionId, Xxh3
    from registry_cli.store.layout import Layout

STAMPS: Final = ".json"
"""Ending of a view's stamp, which lies beside its folder."""
BOOTS: Final = 32
"""Most boots that a stamp lists, the latest last: several machines may use one registry."""
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
"""Differs after each boot, and is the same in all containers of a machine (random(4))."""
Mode = Literal["auto", "copy", "hardlink"]
"""`auto` is the rule of this module; `copy` never links; `hardlink` links for root too."""
Looks = list[int]
"""Inode, size, modification and change time of a file, the times in nanoseconds."""


@dataclass(frozen=True, slots=True)
class ViewFile:
    """A file that a view shows; `path` inside the version, `size` in bytes."""

    path: str
    size: int
    sha256: BlobHash
    xxh3: Xxh3


@dataclass(frozen=True, slots=True)
class Stamp:
    """The status of a view's files when they were last verified, and the boots during which that was done."""

    looks: dict[str, Looks]
    boots: list[str]


def open_view(
    layout: Layout, views: Path, version: VersionId, content: Sequence[ViewFile], mode: Mode, *, verify: bool = False,
    progress: Progress = SILENT,
) -> Path:  # fmt: skip
    """Return the folder that shows a version's files; create or repair it first where needed.

    Args:
        layout: The registry.
        views: Folder of the views: in the registry, or in the user's cache where the registry cannot be written.
        version: Id of the version.
        content: Its files that are blobs.
        mode: The way to share bytes.
        verify: Read all files, whatever their stamp says.
        progress: Receives the number of bytes.

    Raises:
        CorruptError: A blob's bytes do not match its digest, or a link, pipe or device lies in a view.
    """
    folder = views / version
    if files.exists(folder) and not files.is_dir(folder):
        raise CorruptError(f"{folder} is not a folder", hint="reg fsck")
    before, boot = _read_stamp(folder), read_boot()
    looks = _check(folder, content, before if boot and not verify and boot in before.boots else None, progress)
    if looks is None:
        return _build(layout, folder, content, mode, boot, progress)
    after = Stamp(looks, _add_boot(before.boots if looks == before.looks else [], boot))
    if after != before:
        with suppress(OSError):  # another member's stamp, or a full disk: the files are read again the next time
            _write_stamp(layout, folder, after)
    return folder


def load_stamp(data: bytes) -> Stamp:
    """Return a stamp from its bytes; raises ValueError where they are not a stamp."""
    try:
        table = json.loads(data)
        looks, boots = table["files"], table["boots"]
    except (TypeError, KeyError, RecursionError) as error:
        raise ValueError(f"not a stamp: {error!r:.80}") from None
    if not isinstance(looks, dict) or not isinstance(boots, list):
        raise ValueError("not a stamp: no table of files, or no list of boots")
    return Stamp(looks, boots)


def look_at(status: os.stat_result) -> Looks:
    """Return the part of a file's status that a stamp holds."""
    return [status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def read_boot() -> str | None:
    """Return the id of this boot of the machine; None where it is unknown, and then no stamp is trusted."""
    try:
        return _BOOT_ID.read_text("ascii").strip() or None
    except (OSError, ValueError):
        return None


def _stamp_path(folder: Path) -> Path:
    return folder.with_name(folder.name + STAMPS)


def _read_stamp(folder: Path) -> Stamp:
    try:
        return load_stamp(files.read_small(_stamp_path(folder)))
    except (OSError, ValueError):  # none, or one that cannot be read
        return Stamp({}, [])


def _write_stamp(layout: Layout, folder: Path, stamp: Stamp) -> None:
    tmp = (layout.tmp if folder.parent == layout.views else folder.parent) / f".{new_name()}"
    files.replace_file(_stamp_path(folder), json.dumps({"files": stamp.looks, "boots": stamp.boots}).encode(), tmp)


def _add_boot(boots: list[str], boot: str | None) -> list[str]:
    return boots if boot is None or boot in boots else [*boots, boot][-BOOTS:]


def _check(
    folder: Path, content: Sequence[ViewFile], trusted: Stamp | None, progress: Progress
) -> dict[str, Looks] | None:
    """Return the looks of a view's files, or None if one is wrong; read those that differ from the stamp.

    The status of a file is taken before its bytes are read: a change meanwhile is noticed the next time.
    """
    looks: dict[str, Looks] = {}
    with hold_folders():
        for file in content:
            found = _find_looks(f"{folder}/{file.path}", file, trusted)
            if found is None:
                return None
            looks[file.path] = found
            progress.advance(file.size)
    return looks


def _find_looks(path: str, file: ViewFile, trusted: Stamp | None) -> Looks | None:
    """Return the looks of one file of a view, or None if it is wrong."""
    status = files.find_status(path)
    if status is None or stat.S_ISDIR(status.st_mode):
        return None
    files.check_regular(path, status)
    if status.st_size != file.size:
        return None
    found = look_at(status)
    if trusted is None or trusted.looks.get(file.path) != found:
        try:
            if xxh3_of_file(path) != file.xxh3:
                return None
        except OSError:  # gone meanwhile, or unreadable: the view is made again
            return None
    return found


def _build(
    layout: Layout, folder: Path, content: Sequence[ViewFile], mode: Mode, boot: str | None, progress: Progress
) -> Path:
    """Build a view under a temporary name, verify it, and rename it to its place."""
    views = folder.parent
    building = layout.tmp / new_name() if views == layout.views else views / f".{new_name()}"
    stale = building.with_name(new_name())
    files.make_dirs(views)
    files.make_dir(building)
    try:
        _Builder(layout, building, mode).fill(content)
        looks = _check(building, content, None, progress)
        if looks is None:
            raise _name_damage(layout, content)
        if files.is_dir(folder):  # damaged: moved away first, so that a reader never sees a mixture
            files.rename(folder, stale)
        try:
            files.rename(building, folder)
        except OSError:  # another process may have been faster; then its view is right
            if _check(folder, content, None, SILENT) is None:
                raise
        else:
            _write_stamp(layout, folder, Stamp(looks, _add_boot([], boot)))
    finally:
        files.remove_tree(building)
        files.remove_tree(stale)
    return folder


def _name_damage(layout: Layout, content: Sequence[ViewFile]) -> CorruptError:
    """Return the error of a blob of a view that does not show the right bytes."""
    try:
        for file in content:
            verify_blob(layout, file.sha256, file.xxh3, file.size)
    except CorruptError as error:
        return error
    return CorruptError("a view was changed while it was made: the command can run again", hint="reg fsck")


class _Builder:
    """Fills the folder of a view that is being built; a reflink that the file system refuses is tried only once."""

    def __init__(self, layout: Layout, building: Path, mode: Mode) -> None:
        self._layout = layout
        self._building = building
        self._clones = mode != "copy"
        self._links = mode != "copy" and (mode == "hardlink" or os.geteuid() != 0)
        self._any_owner = mode == "hardlink"

    def fill(self, content: Sequence[ViewFile]) -> None:
        """Create all files; those that share a blob's bytes are not yet verified."""
        made: set[str] = set()
        with hold_folders():
            for file in content:
                target = f"{self._building}/{file.path}"
                folder = target.rpartition("/")[0]
                if folder not in made:
                    files.make_dirs(Path(folder))
                    made.add(folder)
                self._share(file, target)

    def _share(self, file: ViewFile, target: str) -> None:
        blob = get_blob(self._layout, file.sha256)
        self._clones = self._clones and _reflink(blob, target)
        if self._clones or (self._may_link(blob) and _link(blob, target)):
            return
        with NewFile(target, 0o444) as copy:
            copy_blob(self._layout, file.sha256, file.xxh3, copy)

    def _may_link(self, blob: Path) -> bool:
        return self._links and (self._any_owner or files.get_status(blob).st_uid == os.geteuid())


def _link(blob: Path, target: str) -> bool:
    try:
        files.link(blob, target)
    except OSError:  # EPERM, EMLINK, EXDEV: a copy serves as well
        return False
    return True


def _reflink(blob: Path, target: str) -> bool:
    with NewFile(target, 0o444) as file, open_reader(blob) as source:
        cloned = file.clone(source)
    if not cloned:
        files.unlink(target)
    return cloned
