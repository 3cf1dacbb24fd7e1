"""Automatic logging in a script's real processes: those that begin a task, join one, are forked, spawned or killed."""

from __future__ import annotations

import os
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

import registry_cli as reg
from registry_cli import env
from registry_cli.records.task import Auto, Task
from registry_cli.tasks.attempt.autolog_setting import dump_auto
from registry_cli.tasks.find import TaskQuestion, find_tasks
from tests.sdk import scripts
from tests.sdk.autolog import toynet

pytestmark = pytest.mark.usefixtures("registry")

START = """
import os, sys
import registry_cli as reg, toynet
task = reg.Task.init("proj", "job")
"""


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    return toynet.prepare(tmp_path)


def script(body: str, start: str = START) -> str:
    return start + "\n".join(line.removeprefix("    ") for line in body.splitlines()) + "\n"


def made(folder: Path, *, number: bool = True) -> list[str]:
    """Return the versions of the registry, oldest first."""
    with reg.Registry.open(folder) as registry:
        return [version.ref if number else version.name for version in registry.query(sort="created")]


@pytest.mark.slow
def test_labels_of_the_task_reach_what_frameworks_save(tmp_path: Path, variables: dict[str, Any]) -> None:
    scripts.run(tmp_path, script("""
    toynet.save({"w": 0}, "plain.json")
    task.set_model_label_enumeration({"cat": 1, "dog": 2})
    toynet.save({"w": 1}, "labelled.json")
    """), **variables)  # fmt: skip
    with reg.Registry.open(tmp_path) as registry:
        labels = {name: registry.get_row(f"proj/job/{name}").labels for name in ("plain", "labelled")}
    assert labels == {"plain": {}, "labelled": {"cat": 1, "dog": 2}}


@pytest.mark.slow
def test_what_an_artifact_saves_inside_is_no_save_of_the_script(tmp_path: Path, variables: dict[str, Any]) -> None:
    printed = scripts.run(tmp_path, script("""
    class Whole:
        def __reduce__(self):
            toynet.save({"w": 1}, "part.json")
            return dict, ()
    task.upload_artifact("whole", Whole())
    toynet.save({"w": 2}, "own.json")
    """), **variables)  # fmt: skip
    assert (printed, made(tmp_path)) == ("", ["proj/job/own:1"])


def test_saves_become_versions_and_loads_inputs(tmp_path: Path, variables: dict[str, Any]) -> None:
    with reg.Registry.open(tmp_path) as registry:
        (tmp_path / "base.json").write_text('{"w": 0}')
        base = reg.commit(tmp_path / "base.json", "a/base", registry=registry)
    printed = scripts.run(tmp_path, script("""
    os.rename("base.json", "start.json")
    toynet.load("start.json")
    for step in range(2):
        toynet.score("loss", 1 / (step + 1), step)
        toynet.save({"w": step}, f"ckpt-{step}.json")
    """), **variables)  # fmt: skip
    assert printed == ""
    assert made(tmp_path) == ["a/base:1", "proj/job/ckpt:1", "proj/job/ckpt:2"]
    task = scripts.newest(tmp_path)
    assert [(one.name, one.version, one.path) for one in task.inputs] == [("start", base.id, "start.json")]
    assert task.curves["loss"].count == 2
    with reg.Registry.open(tmp_path) as registry:
        row = registry.get_row("proj/job/ckpt:2")
        assert (row.framework, row.step, row.task, row.metrics["loss"]) == ("Toy", 1, task.id, 0.5)
        assert [(one.role, one.id) for one in row.parents] == [("input", base.id)]


@pytest.mark.sweep(2)
@pytest.mark.parametrize("way", ["load", "commit"])
def test_a_load_that_the_script_itself_overwrites_is_an_input(
    tmp_path: Path, variables: dict[str, Any], way: str
) -> None:
    with reg.Registry.open(tmp_path) as registry:
        (tmp_path / "net.json").write_text('{"w": 0}')
        base = reg.commit(tmp_path / "net.json", "a/base", registry=registry)
    last = "toynet.save({}, file)" if way == "load" else 'file.write("new"); file.flush(); reg.commit("net.json")'
    printed = scripts.run(tmp_path, script(f"""
    with open("net.json") as file:
        toynet.load(file)
    with open("net.json", "w") as file:
        {last}
    """), **variables)  # fmt: skip
    assert printed == ""
    with reg.Registry.open(tmp_path) as registry:
        [name] = [version.name for version in registry.query() if version.name != "a/base"]
        row = registry.get_row(name)
        assert [parent.id for parent in row.parents] == [base.id]


@pytest.mark.slow
def test_saves_that_are_renamed_at_once_are_kept(tmp_path: Path, variables: dict[str, Any]) -> None:
    printed = scripts.run(tmp_path, script("""
    os.mkdir("out")
    for step in range(3):
        toynet.save({"w": step}, "m.tmp")
        os.replace("m.tmp", f"out/ckpt-{step}.json")
        toynet.save({"w": -step}, "m.tmp")
        os.replace("m.tmp", "last.json")
    """), **variables)  # fmt: skip
    assert printed == ""
    assert sorted(made(tmp_path)) == [f"proj/job/{name}:{at}" for name in ("ckpt", "last") for at in (1, 2, 3)]


@pytest.mark.slow
def test_what_the_script_commits_itself_knows_what_was_heard(tmp_path: Path, variables: dict[str, Any]) -> None:
    with reg.Registry.open(tmp_path) as registry:
        (tmp_path / "base.json").write_text('{"w": 0}')
        base = reg.commit(tmp_path / "base.json", "a/base", registry=registry)
    scripts.run(tmp_path, script("""
    toynet.load("base.json")
    toynet.score("loss", 0.5, 1)
    open("own.bin", "wb").write(b"own")
    reg.commit("own.bin", "a/own")
    toynet.save({"w": 1}, "same.json")
    reg.commit("same.json", "a/same")
    """), **variables)  # fmt: skip
    assert made(tmp_path) == ["a/base:1", "a/own:1", "a/same:1"], "the same bytes make no second version"
    with reg.Registry.open(tmp_path) as registry:
        row = registry.get_row("a/own")
        assert (row.metrics, [one.id for one in row.parents]) == ({"loss": 0.5}, [base.id])


@pytest.mark.slow
def test_models_of_the_task_are_there_at_once(tmp_path: Path, variables: dict[str, Any]) -> None:
    printed = scripts.run(tmp_path, script("""
    toynet.save({"w": 1}, "m.json")
    print(task.models["output"][-1].name, task.publish())
    """), **variables)  # fmt: skip
    assert printed == "m True\n"


@pytest.mark.slow
@pytest.mark.sweep(3)
@pytest.mark.parametrize("wanted", ["False", "{}", "{'pytorch': False}"])
def test_a_script_may_want_nothing(tmp_path: Path, variables: dict[str, Any], wanted: str) -> None:
    start = START.replace('"job"', f'"job", auto_connect_frameworks={wanted}')
    scripts.run(tmp_path, script("toynet.save({}, 'm.json')", start), **variables)
    assert made(tmp_path) == []


@pytest.mark.slow
def test_a_script_may_want_some(tmp_path: Path, variables: dict[str, Any]) -> None:
    start = START.replace('"job"', '"job", auto_connect_frameworks={"pytorch": "final*.json", "hydra": False}')
    body = "for name in ('final.json', 'last.json', 'sub/final.json'): toynet.save({'n': name}, name)"
    (tmp_path / "sub").mkdir()
    scripts.run(tmp_path, script(body, start), **variables)
    assert len(made(tmp_path)) == 2
    assert "last" not in " ".join(made(tmp_path))


@pytest.mark.slow
def test_a_glob_with_folders_is_relative_to_where_the_script_began(tmp_path: Path, variables: dict[str, Any]) -> None:
    (tmp_path / "sub").mkdir()
    body = "os.chdir('sub'); reg.autolog(pytorch='sub/*.json')\n"
    scripts.run(tmp_path, script(body + "toynet.save({}, 'm.json'); toynet.save({'n': 1}, '../n.json')"), **variables)
    assert made(tmp_path) == ["proj/job/m:1"]


@pytest.mark.slow
def test_a_key_that_is_none_is_refused_before_a_task_begins(tmp_path: Path, variables: dict[str, Any]) -> None:
    for call in ("Task.init(auto_connect_frameworks={'pytroch': True})", "autolog(pytroch=True)",
                 "autolog(loads='some')", "autolog(keep='lots')", "autolog(False, pytorch=True)"):  # fmt: skip
        printed = scripts.run(tmp_path, f"import registry_cli as reg\nreg.{call}", code=1, **variables)
        assert "UsageError" in printed
    with reg.Registry.open(tmp_path) as registry:
        assert find_tasks(registry, TaskQuestion()) == []


@pytest.mark.slow
def test_autolog_begins_a_task_and_may_be_called_again(tmp_path: Path, variables: dict[str, Any]) -> None:
    scripts.run(tmp_path, """
    import toynet
    import registry_cli as reg
    reg.autolog(pytorch="a*.json")
    assert hasattr(toynet.save, "__wrapped__")
    for name in ("a1.json", "b1.json"): toynet.save({"n": name}, name)
    reg.autolog()
    toynet.save({"n": 2}, "b2.json")
    reg.autolog(False)
    assert not hasattr(toynet.save, "__wrapped__")
    toynet.save({"n": 3}, "b3.json")
    reg.autolog({"pytorch": ["c*", "d*"]})
    for name in ("b4.json", "c.json", "d.json"): toynet.save({"n": name}, name)
    """, **variables)  # fmt: skip
    names = [name.rpartition("/")[2] for name in made(tmp_path, number=False)]
    assert sorted(names) == ["a1", "b2", "c", "d"]


def test_autolog_off_begins_no_task(tmp_path: Path, variables: dict[str, Any]) -> None:
    scripts.run(tmp_path, "import registry_cli as reg\nreg.autolog(False)", **variables)
    with reg.Registry.open(tmp_path) as registry:
        assert find_tasks(registry, TaskQuestion()) == []


@pytest.mark.slow
def test_the_user_may_turn_it_off_altogether(tmp_path: Path, variables: dict[str, Any]) -> None:
    body = "toynet.save({}, 'm.json'); reg.autolog(); reg.autolog(nonsense=1)\ntoynet.save({}, 'n.json')"
    scripts.run(tmp_path, script(body), REG_AUTOLOG="0", **variables)
    assert made(tmp_path) == []
    scripts.run(tmp_path, "import registry_cli as reg\nreg.autolog()", REG_AUTOLOG="0", **variables)
    with reg.Registry.open(tmp_path) as registry:
        assert len(find_tasks(registry, TaskQuestion())) == 1


@pytest.mark.slow
def test_what_the_prompt_names_comes_before_the_script(tmp_path: Path, variables: dict[str, Any]) -> None:
    told = dump_auto(Auto({"pytorch": ("a*",)}))
    start = START.replace('"job"', '"job", auto_connect_frameworks={"pytorch": "b*"}')
    body = "for name in ('a.json', 'b.json'): toynet.save({'n': name}, name)"
    scripts.run(tmp_path, script(body, start), REG_AUTOLOG=told, **variables)
    assert made(tmp_path) == ["proj/job/a:1"]


@pytest.mark.slow
def test_keep_and_loads_are_the_script_s_too(tmp_path: Path, variables: dict[str, Any]) -> None:
    (tmp_path / "unknown.json").write_text('{"w": "?"}')
    start = "import registry_cli as reg, toynet\nreg.autolog(loads='all', keep='last 2')\n"
    body = "toynet.load('unknown.json')\nfor step in range(4): toynet.save({'w': step}, f'm-epoch{step}.json')"
    scripts.run(tmp_path, start + body, **variables)
    [task] = list_tasks(tmp_path)
    assert [one.name for one in task.inputs] == ["unknown"]
    assert [ref.rpartition(":")[2] for ref in made(tmp_path) if "inputs" not in ref] == ["3", "4"]


def list_tasks(folder: Path) -> list[Task]:
    with reg.Registry.open(folder) as registry:
        ids = [row.id for row in find_tasks(registry, TaskQuestion())]
    return [scripts.newest(folder, task) for task in ids]


@pytest.mark.slow
def test_under_reg_log_a_script_turns_it_on_itself(tmp_path: Path, variables: dict[str, Any]) -> None:
    scripts.write(tmp_path, script("toynet.save({}, 'm.json'); toynet.score('loss', 0.5, 1)"))
    scripts.reg(tmp_path, "log", "--", sys.executable, "train.py", **variables)
    [task] = list_tasks(tmp_path)
    assert made(tmp_path) == ["proj/job/m:1"]
    assert task.metrics == {"loss": 0.5}


CHILD = "import toynet; toynet.save({'by': 'child'}, 'child.json')"


@pytest.mark.sweep(3)
@pytest.mark.parametrize("launch", [
    "import subprocess; subprocess.run([sys.executable, 'child.py'], check=True)",
    "from multiprocessing import get_context as c; import runpy\n"
    "if __name__ == '__main__': one = c('fork').Process(target=runpy.run_path, args=('child.py',)); one.start(); "
    "one.join(); assert one.exitcode == 0",
    "pid = os.fork()\nif not pid:\n    import runpy; runpy.run_path('child.py'); os._exit(0)\nos.waitpid(pid, 0)",
], ids=["subprocess", "fork", "os._exit"])  # fmt: skip
def test_children_are_heard_too(tmp_path: Path, variables: dict[str, Any], launch: str) -> None:
    scripts.write(tmp_path, CHILD, "child.py")
    scripts.run(tmp_path, START + "toynet.save({'by': 'parent'}, 'parent.json')\n" + launch, **variables)
    assert sorted(made(tmp_path)) == ["proj/job/child:1", "proj/job/parent:1"]


@pytest.mark.slow
@pytest.mark.sweep(2)
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_workers_of_multiprocessing_are_heard_too(tmp_path: Path, variables: dict[str, Any], method: str) -> None:
    scripts.run(tmp_path, f"""
    import multiprocessing, registry_cli as reg
    def work():
        import toynet
        toynet.save({{"by": "worker"}}, "worker.json")
    if __name__ == "__main__":
        task = reg.Task.init("proj", "job")
        process = multiprocessing.get_context("{method}").Process(target=work)
        process.start(); process.join()
        assert process.exitcode == 0
    """, **variables)  # fmt: skip
    assert made(tmp_path) == ["proj/job/worker:1"]


@pytest.mark.slow
def test_a_child_whose_python_lacks_all_that_we_need_is_heard_too(tmp_path: Path, variables: dict[str, Any]) -> None:
    venv.create(tmp_path / "foreign", with_pip=False, symlinks=True)
    scripts.write(tmp_path, """
    import toynet, os, sys
    for _ in range(2): toynet.save({"n": _}, "child.json")
    toynet.load("child.json"); toynet.score("loss", 0.5, 1)
    if not os.fork(): toynet.save({}, "forked.json"); os._exit(0)
    os.wait()
    assert not {"xxhash", "tomli_w", "typer", "sqlite3"} & set(sys.modules)
    """, "child.py")  # fmt: skip
    body = f"import subprocess; subprocess.run([{str(tmp_path / 'foreign/bin/python')!r}, 'child.py'], check=True)"
    printed = scripts.run(tmp_path, START + body, **variables)
    assert printed == ""
    assert sorted(made(tmp_path)) == ["proj/job/child:1", "proj/job/child:2", "proj/job/forked:1"]
    assert scripts.newest(tmp_path).metrics == {"loss": 0.5}


@pytest.mark.slow
def test_a_task_s_children_are_as_before_when_it_has_ended(tmp_path: Path, variables: dict[str, Any]) -> None:
    printed = scripts.run(tmp_path, """
    import os, registry_cli as reg
    before = dict(os.environ)
    task = reg.Task.init("proj", "job")
    print(os.environ["PYTHONPATH"] != before["PYTHONPATH"], "REG_AUTOLOG" in os.environ)
    task.close()
    print(dict(os.environ) == before)
    """, **variables)  # fmt: skip
    assert printed == "True True\nTrue\n"


@pytest.mark.slow
def test_each_of_two_tasks_has_its_own(tmp_path: Path, variables: dict[str, Any]) -> None:
    scripts.run(tmp_path, script("""
    toynet.save({"n": 1}, "one.json")
    task.close()
    toynet.save({"n": 2}, "nobody.json")
    other = reg.Task.init("proj", "other")
    toynet.save({"n": 3}, "two.json")
    """), **variables)  # fmt: skip
    assert made(tmp_path) == ["proj/job/one:1", "proj/other/two:1"]


@pytest.mark.slow
def test_a_child_forked_before_anything_was_told_is_heard(tmp_path: Path, variables: dict[str, Any]) -> None:
    scripts.run(tmp_path, script("""
    pid = os.fork()
    if pid == 0:
        toynet.save({"by": "child"}, "child.json")
        os._exit(0)
    os.waitpid(pid, 0)
    """), **variables)  # fmt: skip
    assert made(tmp_path) == ["proj/job/child:1"]


@pytest.mark.slow
def test_two_dumps_into_one_open_file_are_one_version(tmp_path: Path, variables: dict[str, Any]) -> None:
    scripts.run(tmp_path, script("""
    with open("two.json", "w") as file:
        toynet.save({"n": 1}, file)
        toynet.save({"n": 2}, file)
    """), **variables)  # fmt: skip
    assert made(tmp_path) == ["proj/job/two:1"]
    with reg.Registry.open(tmp_path) as registry:
        [version] = registry.query()
        assert Path(version.path).read_text() == '{"n": 1}{"n": 2}'


@pytest.mark.slow
def test_what_cannot_be_told_of_a_save_does_not_lose_it(tmp_path: Path, variables: dict[str, Any]) -> None:
    printed = scripts.run(tmp_path, script("""
    toynet.save({}, os.fsdecode(b"odd-\\xff.json"))
    toynet.save({}, "even.json")
    """), **variables)  # fmt: skip
    assert made(tmp_path) == ["proj/job/even:1"]
    assert "odd-" in printed


@pytest.mark.slow
def test_only_rank_0_tells(tmp_path: Path, variables: dict[str, Any]) -> None:
    scripts.write(tmp_path, "import toynet, sys\ntoynet.save({'by': sys.argv[1]}, f'r{sys.argv[1]}.json')", "child.py")
    scripts.run(tmp_path, script("""
    import subprocess
    for rank in "01":
        subprocess.run([sys.executable, "child.py", rank], env={**os.environ, "RANK": rank}, check=True)
    """), **variables)  # fmt: skip
    assert made(tmp_path) == ["proj/job/r0:1"]
    scripts.run(tmp_path, script("toynet.save({}, 'm.json')"), RANK="1", **variables)
    assert made(tmp_path) == ["proj/job/r0:1"]


@pytest.mark.slow
def test_a_process_that_outlives_its_task_tells_nothing(tmp_path: Path, variables: dict[str, Any]) -> None:
    scripts.run(tmp_path, START, **variables)
    old = scripts.newest(tmp_path)
    told: dict[str, Any] = {env.REG_TASK: old.id, env.REG_ATTEMPT: "1", env.REG_DIR: str(tmp_path / ".registry"),
            env.REG_AUTOLOG: dump_auto(Auto()), **env.with_site(variables)}  # fmt: skip
    assert scripts.run(tmp_path, CHILD, **told) == ""
    assert made(tmp_path) == []


@pytest.mark.slow
@pytest.mark.sweep(2)
@pytest.mark.parametrize("end", ["sys.exit(3)", "raise SystemExit(3)"])
def test_a_registry_that_breaks_leaves_the_exit_code_alone(tmp_path: Path, variables: dict[str, Any], end: str) -> None:
    body = "toynet.save({}, 'm.json')\nos.rename('.registry', 'gone')  # at once: threads of ours write there\n" + end
    printed = scripts.run(tmp_path, script(body), code=3, **variables)
    assert "could not be written" in printed


@pytest.mark.slow
def test_an_attempt_s_folder_that_breaks_is_told_and_leaves_training_alone(
    tmp_path: Path, variables: dict[str, Any]
) -> None:
    printed = scripts.run(tmp_path, script("""
    import pathlib, shutil
    [folder] = pathlib.Path(".registry/tasks").glob("*/*/auto")
    shutil.rmtree(folder)
    folder.write_text("in the way")
    toynet.save({}, "m.json"); toynet.save({}, "m.json")
    print("trained")
    """), **variables)  # fmt: skip
    assert "trained\n" in printed
    assert "not all that was saved or loaded is on record" in printed
    assert scripts.newest(tmp_path).status == "completed"


@pytest.mark.slow
def test_saves_that_nobody_can_keep_are_told_and_recorded(tmp_path: Path, variables: dict[str, Any]) -> None:
    printed = scripts.run(tmp_path, script("""
    import io
    toynet.save({}, io.StringIO())
    toynet.save({}, "gone.json")
    os.unlink("gone.json")
    """), **variables)  # fmt: skip
    for words in ("buffer", "deleted"):
        assert words in printed
        assert words in (scripts.newest(tmp_path).problem or "")


@pytest.mark.slow
def test_a_framework_s_own_error_is_the_script_s(tmp_path: Path, variables: dict[str, Any]) -> None:
    printed = scripts.run(tmp_path, script("toynet.save(object(), 'm.json')"), code=1, **variables)
    assert "TypeError: Object of type object is not JSON serializable" in printed
    assert made(tmp_path) == []


@pytest.mark.slow
def test_a_clone_gets_another_input_by_the_old_path(tmp_path: Path, variables: dict[str, Any]) -> None:
    with reg.Registry.open(tmp_path) as registry:
        for number in (1, 2):
            (tmp_path / "base.json").write_text(f'{{"w": {number}}}')
            reg.commit(tmp_path / "base.json", "a/base", registry=registry)
        (tmp_path / "base.json").write_text('{"w": 1}')
    scripts.write(tmp_path, script("print('loaded', toynet.load('base.json'), toynet.load(open('base.json')))"))
    scripts.reg(tmp_path, "log", "--", sys.executable, "train.py", **variables)
    scripts.reg(tmp_path, "task", "clone", "@last", "--input", "base=a/base:2", "--name", "again")
    scripts.reg(tmp_path, "task", "run", "again", "--here", **variables)
    task = scripts.newest(tmp_path, "again")
    assert b"loaded {'w': 2} {'w': 2}\n" in scripts.read_blob(tmp_path, task, "console.log")
    with reg.Registry.open(tmp_path) as registry:
        assert [one.version for one in task.inputs] == [registry.get_row("a/base:2").id]


def test_importing_the_folder_does_not_hide_the_function(tmp_path: Path) -> None:
    first = "import registry_cli.frameworks.catalogue\nimport registry_cli as reg\n"
    second = "import registry_cli as reg\nreg.autolog\nimport registry_cli.frameworks.patching.switch\n"
    third = "from registry_cli.frameworks.patching import switch\nfrom registry_cli import autolog\nreg = switch\n" \
            "reg.autolog = autolog\n"  # fmt: skip
    for text in (first, second, third):
        assert scripts.run(tmp_path, text + "print(type(reg.autolog).__name__)") == "function\n"


@pytest.mark.slow
def test_a_start_with_autolog_imports_no_framework(tmp_path: Path) -> None:
    printed = scripts.run(tmp_path, "import registry_cli as reg, sys\nreg.autolog()\nprint(*sys.modules)")
    assert not {"torch", "numpy", "tensorflow", "sklearn", "joblib", "xgboost"} & set(printed.split())
    assert os.environ.get(env.REG_AUTOLOG) is None
