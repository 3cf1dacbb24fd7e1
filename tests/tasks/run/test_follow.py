"""Saves into versions: the newest of each path has its last bytes, and what is said of those that could not be kept."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from registry_cli import clock
from registry_cli.dataclass import replace
from registry_cli.ids import ModelName
from registry_cli.records.task import Auto, Recipe
from registry_cli.registry.add import add_files
from registry_cli.registry.draft import Draft
from registry_cli.store.files import open_observer
from registry_cli.tasks.attempt.notes import SavedNote, SkippedNote, WishNote, dump_note
from tests.tasks.making import tell
from tests.tasks.run.following import Play


@pytest.fixture
def play(tmp_path: Path) -> Play:
    return Play(tmp_path)


def test_a_save_becomes_a_version_once_it_has_come_to_rest(play: Play) -> None:
    play.save("out/m.pt", "one", framework="PyTorch")
    play.poll(after=0.4)
    assert play.made() == []
    play.poll(after=0.7)
    play.poll()
    play.rest()
    assert play.made() == ["m one"]
    [row] = play.follower.outputs
    assert (row.framework, row.task, row.files[0].path) == ("PyTorch", play.attempt.task.id, "m.pt")
    assert play.told() == []


def test_three_saves_of_one_path_are_three_versions_in_order(play: Play) -> None:
    held = []
    for data in ("one", "two"):
        note = play.save("last.pt", data)
        play.now -= 0.9  # so soon that nobody could have taken it
        held.append(play.hold(note))
    play.save("last.pt", "three")
    play.poll()
    play.rest()
    assert play.made() == ["last one", "last two", "last three"]
    assert {row.files[0].path for row in play.follower.outputs} == {"last.pt"}
    assert list(play.live.held.iterdir()) == []
    assert play.told() == []


def test_a_copy_of_what_was_taken_is_not_needed(play: Play) -> None:
    note = play.save("m.pt", "one")
    play.poll()
    held = play.hold(note)
    play.save("m.pt", "two")
    play.poll()
    assert play.made() == ["m one", "m two"]
    assert not held.exists()


def test_what_was_held_survives_a_save_that_failed_half_way(play: Play) -> None:
    note = play.save("m.pt", "one")
    play.hold(note)
    play.write("m.pt", "tw")
    play.rest()
    assert play.made() == ["m one"]


def test_the_same_content_again_on_its_path_makes_three(play: Play) -> None:
    for data in ("a", "b", "a"):
        play.save("m.pt", data)
        play.poll()
    play.save("m.pt", "a")
    play.rest()
    assert play.made() == ["m a", "m b", "m a"]


def test_the_newest_version_of_each_path_has_its_last_bytes(play: Play) -> None:
    for data in ("a", "b", "a"):
        for name in ("best.pt", "last.pt") if data == "a" else ("last.pt",):
            play.save(name, data)
        play.poll()
    play.save("last.pt", "a")
    play.rest()
    assert play.made() == ["best a", "last a", "last b", "last a"]
    [blob] = {row.files[0].sha256 for row in play.follower.outputs if play.read(row) == "a"}
    assert blob


def test_equal_bytes_of_two_steps_are_two_versions(play: Play) -> None:
    for step in (1, 2):
        play.save(f"step-{step}/m.pt", "same")
    play.save("m.pt", "same")
    play.rest()
    assert [name.split()[1] for name in play.made()] == ["1", "2", "same"]


def test_retention_keeps_the_best_model_whose_bytes_are_the_last_too(tmp_path: Path) -> None:
    play = Play(tmp_path, Auto(keep="last 1"))
    for data in ("a", "b", "a"):
        for name in ("best.pt", "last.pt") if data == "a" else ("last.pt",):
            play.save(name, data)
        play.poll()
    play.save("last.pt", "c")
    play.rest()
    assert play.made() == ["best a", "last c"]


def test_a_copy_in_a_saved_folder_does_not_replace_a_line(play: Play) -> None:
    save_folder(play, "out", "m.pt")
    play.poll()
    play.follower.poll(play.registry, play.now + 102)
    play.save("out/m.pt", "m.pt")
    play.save("m.pt", "m.pt")
    play.rest()
    assert play.made() == ["out m.pt", "m m.pt"]


def test_what_the_script_committed_makes_no_second(play: Play) -> None:
    play.save("m.pt", "mine")
    add_files(play.registry, Draft(ModelName("own/name"), task=play.attempt.task.id), [play.cwd / "m.pt"])
    play.poll()
    assert play.made() == []
    play.save("other.pt", "mine")
    play.poll()
    play.save("m.pt", "next")
    play.poll()
    play.save("m.pt", "mine")
    play.rest()
    assert play.made() == ["other mine", "m next", "m mine"]
    assert play.told() == []


def test_steps_are_one_line(play: Play) -> None:
    for step in (500, 1000):
        play.save(f"out/ckpt-{step}.pt", f"c{step}")
    play.save("out/epoch_3/model.pt", "e3")
    play.save("out/epoch_4/model.pt", "e4")
    play.save("told-7.pt", "t", step=42)
    play.poll()
    assert play.made() == ["ckpt 500 c500", "ckpt 1000 c1000", "model 3 e3", "model 4 e4", "told-7 42 t"]


def test_two_paths_have_two_names(play: Play) -> None:
    play.save("a/m.pt", "a")
    play.save("b/m.pt", "b")
    play.poll()
    assert play.made() == ["m a", "b/m b"]


def test_a_line_that_the_framework_knows_names_the_model(play: Play) -> None:
    for epoch in (1, 2):
        play.save(f"{epoch}/net.keras", str(epoch), step=epoch, line=str(play.cwd / "net.keras"))
    play.poll()
    assert play.made() == ["net 1 1", "net 2 2"]


def test_each_template_is_a_line_of_its_own(play: Play) -> None:
    for epoch in (1, 2):
        for template in ("best-{epoch}.keras", "best_{epoch:02d}.keras", "last-{epoch}.keras"):
            play.save(template.format(epoch=epoch), f"{template[:5]}{epoch}", step=epoch, template=template)
        for template in ("{epoch}/net.keras", "{epoch:02d}/net.keras"):
            line = str(play.cwd / "net.keras")
            play.save(template.format(epoch=epoch), f"{epoch}", step=epoch, line=line, template=template)
    play.save("best.keras", "plain")
    play.poll()
    names = ["best", "best_epoch", "last", "net", "epoch/net"]
    assert [made.split()[0] for made in play.made()] == [*names, *names, "best.keras"]


def test_what_a_version_knows(play: Play) -> None:
    moment = play.now + 1
    with play.live.scalars("7").open("w") as file:
        file.write(f"loss\t1\t0.5\t{moment - 1:.6f}\nloss\t2\t0.25\t{moment:.6f}\nloss\t3\t0.1\t{moment + 0.5:.6f}\n")
    play.save("m.pt", "one", config='{"layers": 2}', labels={"cat": 1}, scores={"acc": 0.9})
    play.save("m2.pt", "two")
    play.poll()
    one, two = play.follower.outputs
    assert one.metrics == {"loss": 0.25, "acc": 0.9}
    assert two.metrics == {"loss": 0.1}
    assert one.labels == {"cat": 1}
    assert one.design is not None
    assert (one.design.media, one.design.text) == ("application/json", '{"layers": 2}')


def test_scalars_of_a_moment_that_lies_back(play: Play) -> None:
    old = play.save("old.pt", "old")
    (play.cwd / "old.pt").rename(play.cwd / ".registry/away")  # gone for a while, as a script may have it
    play.save("new.pt", "new")
    with play.live.scalars("7").open("w") as file:
        file.write(f"loss\t1\t0.5\t{old.time:.6f}\nloss\t2\t0.25\t{play.now:.6f}\n")
    play.poll()
    (play.cwd / ".registry/away").rename(play.cwd / "old.pt")
    play.rest()
    assert [(row.name[-3:], row.metrics) for row in play.follower.outputs] == [
        ("new", {"loss": 0.25}), ("old", {"loss": 0.5})]  # fmt: skip


def test_deleted_and_overwritten_files_are_counted(play: Play) -> None:
    for name in ("a.pt", "b.pt"):
        play.save(name, name)
        (play.cwd / name).unlink()
    for data in ("one", "two", "three"):
        play.save("m.pt", data)
    play.note(SkippedNote(play.tick(), "buffer", 3))
    play.note(SkippedNote(play.tick(), "remote"))
    play.note(SkippedNote(play.tick(), "data", 2))
    play.poll()
    play.rest()
    assert play.made() == ["m three"]
    assert play.told() == [
        "3 saves into buffers without a name were not kept", "1 save to another machine was not kept",
        "2 saves of data were not logged, as they held no model",
        "2 files were deleted before they could be kept", "2 saves were overwritten before they could be kept",
    ]  # fmt: skip


def test_a_file_that_is_written_aside_is_kept_under_its_name(play: Play) -> None:
    for step in (1, 2):
        play.save("m.tmp", f"s{step}")
        (play.cwd / "m.tmp").rename(play.cwd / f"m-step{step}.pt")
    play.poll()
    play.rest()
    assert play.made() == ["m-step 1 s1", "m-step 2 s2"]
    assert play.told() == []


def test_a_file_that_others_changed_is_no_version(play: Play) -> None:
    play.save("m.pt", "one")
    play.write("m.pt", "one and more")
    play.poll()
    assert play.made() == []
    play.rest()
    assert play.made() == []
    assert play.told() == ["1 save was overwritten before it could be kept"]


class Overwriting:
    """Writes a file again while the one before it is taken."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def before(self, op: str, path: str, detail: object) -> None:
        if op == "create":
            self.path.write_text("torn")

    def after(self, op: str, path: str, detail: object) -> None:
        pass


def test_a_file_that_is_written_while_another_is_taken_waits(play: Play) -> None:
    play.save("a.pt", "a")
    play.save("b.pt", "whole")
    with open_observer(Overwriting(play.cwd / "b.pt")):
        play.poll()
    assert play.made() == ["a a"]
    play.rest()
    assert play.made() == ["a a"]


def test_only_a_copy_of_the_attempts_own_is_touched(play: Play) -> None:
    precious = play.write("precious", "mine")
    inside = play.live.held / "link"
    inside.symlink_to(precious)
    for name, held in (("a.pt", precious), ("b.pt", inside), ("c.pt", play.live.held / "../../state.toml")):
        note = play.save(name, name)
        play.note(replace(note, held=str(held)))
    play.poll()
    play.rest()
    assert play.made() == ["a a.pt", "b b.pt", "c c.pt"]
    assert precious.read_text() == "mine"
    assert inside.is_symlink()
    assert play.live.state.exists()


def set_aside(play: Play, note: SavedNote) -> Path:
    """Move a file to the held ones, as a process does that is about to write over it."""
    return Path(note.path).rename(play.live.held / "aside")


def find_blob(play: Play) -> Path:
    """Return the blob of the one file that was kept."""
    [row] = play.follower.outputs
    [file] = row.files
    assert file.sha256
    return play.registry.layout.blob(file.sha256)


def test_what_was_set_aside_is_found_though_nobody_told_of_it(play: Play) -> None:
    set_aside(play, play.save("m.pt", "one"))
    play.write("m.pt", "tw")  # the process was killed here
    play.rest()
    assert play.made() == ["m one"]
    assert play.told() == []


def test_what_is_aside_waits_for_its_word(play: Play) -> None:
    note = play.save("m.pt", "one")
    held = set_aside(play, note)
    play.poll()
    assert play.made() == [], "the save may yet fail, and the file go back"
    assert held.exists()
    play.note(replace(note, held=str(held)))
    play.poll()
    assert play.made() == ["m one"]


def test_what_was_set_aside_is_not_copied_again(play: Play) -> None:
    note = play.save("m.pt", "one")
    held = set_aside(play, note)
    inode = held.stat().st_ino
    play.note(replace(note, held=str(held)))
    play.poll()
    assert find_blob(play).stat().st_ino == inode


def test_what_somebody_may_still_write_to_is_copied(play: Play) -> None:
    note = play.save("m.pt", "one")
    held = set_aside(play, note)
    with held.open("r+b") as writer:
        play.note(replace(note, held=str(held)))
        play.poll()
        writer.write(b"two")
    assert play.made() == ["m one"]
    assert find_blob(play).read_text() == "one"


def test_of_two_that_look_the_same_each_is_its_own(play: Play) -> None:
    first = play.save("a.pt", "one")
    second = play.save("b.pt", "two")
    os.utime(second.path, ns=(0, first.mtime))
    held = Path(second.path).rename(play.live.held / "aside")
    play.note(replace(second, mtime=first.mtime, held=str(held)))
    Path(first.path).unlink()
    play.rest()
    assert play.made() == ["b two"]
    assert play.told() == ["1 file was deleted before it could be kept"]


def test_a_second_copy_of_one_save_is_dropped(play: Play) -> None:
    note = play.save("m.pt", "one")
    play.hold(note)
    play.hold(note)
    play.poll()
    assert play.made() == ["m one"]
    assert list(play.live.held.iterdir()) == []


def save_folder(play: Play, name: str, *files: str) -> None:
    for file in files:
        play.write(f"{name}/{file}", file)
    play.note(SavedNote(play.now, str(play.cwd / name), 0, 0, "folder"))


def test_a_folder_is_one_version_once_it_is_quiet(play: Play) -> None:
    save_folder(play, "checkpoint-5", "model.safetensors", "config.json")
    play.poll(after=1)
    play.save("checkpoint-5/optimizer.pt", "optimizer.pt")
    play.poll(after=0.7)
    assert play.made() == []
    play.poll(after=1.4)
    play.poll()
    play.rest()
    assert play.made() == ["checkpoint 5 config.json,model.safetensors,optimizer.pt"]
    assert play.told() == []


def test_versions_are_as_old_as_their_saves(play: Play) -> None:
    play.now = clock.now().timestamp() - 1000  # before the time that records have in tests
    save_folder(play, "checkpoint-5", "model.safetensors")
    play.save("m.pt", "one")
    saved = play.now
    play.poll(after=0.7)
    assert play.made() == ["m one"], "a folder must be quiet for a while"
    play.poll()
    play.poll()
    play.rest()
    rows = sorted(play.follower.outputs, key=lambda row: row.created)
    assert [row.name.rpartition("/")[2] for row in rows] == ["checkpoint", "m"]
    assert [row.created.timestamp() for row in rows] == pytest.approx([saved - 1, saved], abs=0.001)


def test_a_folder_leaves_out_what_is_no_part_of_it(play: Play) -> None:
    save_folder(play, "out", "config.json", "checkpoint-5/config.json", "runs/events.out.tfevents.1", "sub/own/a.bin")
    save_folder(play, "out/sub/own", "a.bin")
    play.rest()
    assert play.made() == ["out config.json", "own a.bin"]


def test_a_checkpoint_of_several_files_is_one_version(play: Play) -> None:
    for name in ("ckpt-1.index", "ckpt-1.data-00000-of-00001", "ckpt-10.index", "checkpoint"):
        play.write(f"tf/{name}", name)
    play.note(SavedNote(play.now, str(play.cwd / "tf/ckpt-1"), 0, 0, "prefix", framework="TensorFlow"))
    play.poll()
    play.follower.poll(play.registry, play.now + 101)
    assert play.made() == ["ckpt 1 ckpt-1.data-00000-of-00001,ckpt-1.index"]


def test_two_processes_save_the_same_path(play: Play) -> None:
    play.save("m.pt", "from one", writer="1")
    play.save("m.pt", "from two", writer="2")
    play.save("m.pt", "from one again", writer="1")
    play.poll()
    play.rest()
    assert play.made() == ["m from one again"]
    assert play.told() == ["2 saves were overwritten before they could be kept"]


def test_a_torn_line_waits_until_it_is_whole(play: Play) -> None:
    play.write("m.pt", "one")
    status = (play.cwd / "m.pt").stat()
    line = dump_note(SavedNote(play.now, str(play.cwd / "m.pt"), status.st_size, status.st_mtime_ns))
    with play.live.notes("9").open("w") as file:
        file.write('\n{"kind":"unheard of"}\nnonsense\n' + line[:20])
        file.flush()
        play.poll()
        assert play.made() == []
        file.write(line[20:])
    play.poll()
    assert play.made() == ["m one"]


def test_what_output_names_and_what_lies_in_the_registry_is_left(tmp_path: Path) -> None:
    play = Play(tmp_path, recipe=Recipe(("x",), outputs=("out/*.pt", "all")))
    play.save("out/m.pt", "m")
    play.save("all/a/b.pt", "b")
    play.save(".registry/tmp/x.pt", "x")
    play.save("m.bin", "bin")
    play.rest()
    assert play.made() == ["m bin"]


def test_a_model_of_the_recipe_has_all(tmp_path: Path) -> None:
    play = Play(tmp_path, recipe=Recipe(("x",), model="own/line"))
    play.save("a.pt", "a")
    play.save("b.pt", "b")
    play.rest()
    assert {row.name for row in play.follower.outputs} == {"own/line"}


@pytest.mark.parametrize("where", ["prompt", "script"])
def test_retention_while_training(tmp_path: Path, where: str) -> None:
    keep = "last 2, best 1 min(metrics.loss)"
    play = Play(tmp_path, Auto(keep=keep) if where == "prompt" else None)
    if where == "script":
        play.note(WishNote(play.now, keep=keep))
    for step, loss in enumerate((0.5, 0.1, 0.3, 0.4, 0.9)):
        play.save(f"ckpt-{step}.pt", str(step), scores={"loss": loss})
        play.poll()
    assert play.made() == ["ckpt 1 1", "ckpt 3 3", "ckpt 4 4"]
    assert play.told() == []


def test_content_that_retention_took_away_is_kept_again(tmp_path: Path) -> None:
    play = Play(tmp_path, Auto(keep="last 1"))
    for name, data in (("ckpt-1.pt", "a"), ("ckpt-2.pt", "b"), ("final.pt", "a")):
        play.save(name, data)
        play.poll()
    assert play.made() == ["ckpt 2 b", "final a"]


def test_rules_that_cannot_be_read_are_told_once(play: Play) -> None:
    play.note(WishNote(play.now, keep="all of it"))
    play.save("a.pt", "a")
    play.save("b.pt", "b")
    play.rest()
    assert play.made() == ["a a", "b b"]
    assert len(play.told()) == 1
    assert "keep all of it" in play.told()[0]


class Full:
    """No room for blobs."""

    full = True

    def before(self, op: str, path: str, detail: object) -> None:
        if self.full and op == "create" and "/tmp/" in path.partition(".registry")[2]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)

    def after(self, op: str, path: str, detail: object) -> None:
        pass


def test_a_full_registry_is_told_at_the_end_and_tried_again(play: Play) -> None:
    full = Full()
    with open_observer(full):
        for name in ("a.pt", "b.pt", "c.pt"):
            play.save(name, name)
            play.poll()
            play.poll()
        assert play.made() == []
        (play.cwd / "c.pt").unlink()
        play.rest()
    assert play.told() == ["3 saves were not kept: no space left on device"]


def test_what_failed_once_is_kept_at_the_end(play: Play) -> None:
    full = Full()
    with open_observer(full):
        play.save("a.pt", "a")
        play.poll()
        full.full = False
        play.rest()
    assert play.made() == ["a a"]
    assert play.told() == []


def test_a_signal_ends_what_is_left(play: Play) -> None:
    play.save("a.pt", "a")
    play.save("b.pt", "b")
    signals = iter([None, "SIGINT"])
    play.follower.rest(play.registry, lambda: next(signals))
    assert play.made() == ["a a"]
    assert play.told() == ["SIGINT came: 1 save was not kept"]


def test_metrics_told_before_anything_is_saved(play: Play) -> None:
    tell(play.attempt, points={"loss": [0.5]})
    play.save("m.pt", "m")
    play.rest()
    assert play.follower.outputs[0].metrics == {"loss": 0.5}
