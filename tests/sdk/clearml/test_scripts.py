"""Small scripts of the kinds that ClearML's users write run to their end, by themselves and under `reg log`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from registry_cli.records.task import Task
from tests.sdk import scripts

pytestmark = pytest.mark.usefixtures("registry")

REPORTING = """
from registry_cli import Logger, Task

task = Task.init(project_name="examples", task_name="reporting", task_type=Task.TaskTypes.training)
logger = Logger.current_logger()
logger.report_text("a line of text")
logger.report_text("only on record %d", 20, False, 7)
for step in range(3):
    task.logger.report_scalar(title="loss", series="train", value=1 / (step + 1), iteration=step)
logger.report_media("page", "html", iteration=1, stream=__import__("io").StringIO("<b>"), file_extension=".html")
logger.report_plotly("figure", "plain", iteration=1, figure={"data": [{"x": [1], "y": [2]}]})
logger.set_default_upload_destination(uri="s3://bucket")
print(task.get_last_scalar_metrics()["loss"]["train"]["min"], flush=True)
"""

CONFIGURING = """
from registry_cli import Task

Task.add_requirements("numpy", "1.26")
Task.set_random_seed(1)
task = Task.init("examples", "configuring")
settings = task.connect({"lr": 0.1, "layers": {"a": 1}})
settings["late"] = 2
task.connect_configuration({"net": [1, 2]}, name="Net")
task.connect_configuration(configuration="train.py", name="script")
task.set_parameter("General/epochs", 5)
task.set_model_label_enumeration({"cat": 1})
task.set_base_docker("image:1")
task.execute_remotely(queue_name="default")
task.upload_artifact("numbers", [1, 2, 3])
task.upload_artifact("script", artifact_object="train.py")
task.flush(wait_for_uploads=True)
print(task.artifacts["numbers"].get(), flush=True)
task.mark_completed()
"""

MODELS = """
from registry_cli import InputModel, Model, OutputModel, Task

task = Task.init(project_name="examples", task_name="models", output_uri=True)
open("net.bin", "wb").write(b"weights")
output = OutputModel(task=task, name="net", framework="PyTorch", label_enumeration={"cat": 1})
output.update_weights("net.bin", auto_delete_file=False, iteration=1)
output.publish()
found = Model.query_models(project_name="examples")[0]
base = InputModel(model_id=found.id)
task.connect(base, name="base")
print(open(base.get_local_copy(), "rb").read(), InputModel.query_models(model_name="net")[0].published, flush=True)
task.close()
"""

PRINTED = {REPORTING: "0.333", CONFIGURING: "[1, 2, 3]", MODELS: "b'weights' True"}


def run(folder: Path, text: str, *, under: bool) -> tuple[str, Task]:
    if not under:
        printed = scripts.run(folder, text)
    else:
        scripts.write(folder, text)
        printed = scripts.reg(folder, "log", "--", sys.executable, "train.py")
    return printed, scripts.newest(folder)


@pytest.mark.sweep(6)
@pytest.mark.parametrize("under", [False, True], ids=["by itself", "under reg log"])
@pytest.mark.parametrize("text", PRINTED, ids=["reporting", "configuring", "models"])
def test_scripts_of_these_kinds_run(tmp_path: Path, text: str, under: bool) -> None:
    printed, task = run(tmp_path, text, under=under)
    assert (task.project, task.status, task.exit_code) == ("examples", "completed", 0)
    assert PRINTED[text] in printed
    files = {file.path for file in task.files}
    if text == REPORTING:
        assert "a line of text\n" in printed
        assert "only on record" not in printed
        console = scripts.read_blob(tmp_path, task, "console.log")
        assert b"a line of text\n" in console
        assert b"only on record 7\n" in console
        assert task.params["task_type"] == "training"
        assert files >= {"media/page/html/1.html", "plots/figure/plain/1.plotly.json"}
    if text == CONFIGURING:
        assert task.params == {"lr": 0.1, "layers": {"a": 1}, "late": 2, "epochs": 5}
        assert files >= {"configuration/script/train.py", "artifacts/numbers/data.json", "artifacts/script/train.py"}
        assert scripts.read_blob(tmp_path, task, "artifacts/script/train.py").decode() == text
    if text == MODELS:
        assert [one.name for one in task.inputs] == ["base"]


@pytest.mark.slow
def test_what_is_kept_survives_an_abrupt_end(tmp_path: Path) -> None:
    scripts.run(
        tmp_path,
        """
        import os
        from registry_cli import Task
        task = Task.init("examples", "abrupt")
        task.upload_artifact("numbers", [1, 2])
        task.logger.report_text("a line")
        task.set_comment("why")
        os._exit(3)
        """,
        code=3,
    )
    task = scripts.wait_for_end(tmp_path)
    assert (task.status, task.comment) == ("crashed", "why")
    assert scripts.read_blob(tmp_path, task, "artifacts/numbers/data.json") == b"[\n  1,\n  2\n]\n"
