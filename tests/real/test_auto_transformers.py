"""Real training with transformers and PEFT under `reg log --auto`, by scripts that never heard of us."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.lab import Lab
from tests.real.lines import clone_with, count_lines, find_path, has_bytes, list_lines, list_parents, need

pytestmark = pytest.mark.frameworks

BASE = """
import sys
import torch
from tokenizers import Tokenizer, models
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

torch.manual_seed(int(sys.argv[1]))
config = BertConfig(
    vocab_size=20, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
    max_position_embeddings=8, id2label={0: "neg", 1: "pos"}, label2id={"neg": 0, "pos": 1},
)
words = {word: number for number, word in enumerate(["[PAD]", "[UNK]", *"abcdefgh"])}
model = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
tokenizer = PreTrainedTokenizerFast(tokenizer_object=model, unk_token="[UNK]", pad_token="[PAD]")
BertForSequenceClassification(config).save_pretrained("base")
tokenizer.save_pretrained("base")
tokenizer.save_pretrained("tokenizer")
"""
TUNE = """
import json
import sys
import torch
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainingArguments

start = sys.argv[1] if sys.argv[1:] else None
config = AutoConfig.from_pretrained("given")
tokenizer = AutoTokenizer.from_pretrained("given")
model = AutoModelForSequenceClassification.from_pretrained("given", config=config)
assert tokenizer.pad_token == "[PAD]"

class Words(torch.utils.data.Dataset):
    def __len__(self):
        return 16

    def __getitem__(self, at):
        return {"input_ids": torch.tensor([2 + at % 4, 3, 4]), "labels": at % 2}

class Quiet(Trainer):
    def log(self, logs, *args, **kwargs):
        super().log(logs, *args, **kwargs)

arguments = TrainingArguments(
    "more" if start else "out", num_train_epochs=3 if start else 2,
    per_device_train_batch_size=8, learning_rate=0.01, eval_strategy="epoch",
    save_strategy="epoch", logging_steps=1, report_to=[], use_cpu=True, disable_tqdm=True,
)
trainer = Quiet(
    model=model, args=arguments, train_dataset=Words(), eval_dataset=Words(), processing_class=tokenizer
)
trainer.train(resume_from_checkpoint=start)
trainer.save_model("more-tuned" if start else "tuned")
model.eval()
with torch.no_grad():
    told = model(torch.tensor([[2, 3, 4]])).logits.tolist()
json.dump({"told": told, "history": trainer.state.log_history}, open("told.json", "w"))
"""
ADAPT = """
from accelerate import Accelerator
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForSequenceClassification

base = AutoModelForSequenceClassification.from_pretrained("given")
adapted = get_peft_model(base, LoraConfig(task_type="SEQ_CLS", r=2))
adapted.save_pretrained("lora")
accelerator = Accelerator(cpu=True)
accelerator.prepare(adapted)
accelerator.save_state("state")
"""
MERGE = """
from peft import PeftModel
from transformers import AutoModelForSequenceClassification

base = AutoModelForSequenceClassification.from_pretrained("given")
PeftModel.from_pretrained(base, "lora").merge_and_unload().save_pretrained("merged")
"""


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    need("transformers", "tokenizers", "torch", "accelerate", "safetensors")
    lab = Lab(tmp_path / "work")
    for name, text in {"base.py": BASE, "tune.py": TUNE, "adapt.py": ADAPT, "merge.py": MERGE}.items():
        lab.write(name, text)
    return lab


def _log(lab: Lab, script: str, *words: str) -> None:
    name, *arguments = script.split()
    lab.log("--auto", *words, "--name", name, "--", "python", f"{name}.py", *arguments)


def test_a_trainer_its_checkpoints_and_another_base(lab: Lab) -> None:
    from torch import no_grad, tensor
    from transformers import AutoModelForSequenceClassification

    _log(lab, "base 1")
    [base] = list_lines(lab).pop("base")
    assert count_lines(lab) == {"base": 1}
    assert has_bytes(base, lab.root / "base")
    assert (base["framework"], base["labels"]) == ("PyTorch", {"neg": 0, "pos": 1})
    design = json.loads(lab.reg("model", "show", base["ref"], "--design").stdout)
    assert design["architectures"] == ["BertForSequenceClassification"]

    shutil.copytree(lab.root / "base", lab.root / "given")
    _log(lab, "tune")
    task = lab.task("tune")
    assert [(one.name, one.version) for one in task.inputs] == [("given", base["id"])]
    assert task.curves["loss"].count == 4
    assert task.curves["eval_loss"].count == 2
    lines = list_lines(lab)
    assert {name: len(rows) for name, rows in lines.items()} == {"base": 1, "checkpoint": 2, "tuned": 1}
    told = json.loads((lab.root / "told.json").read_text())
    losses = [logs["eval_loss"] for logs in told["history"] if "eval_loss" in logs]
    assert [row["step"] for row in lines["checkpoint"]] == [2, 4]
    assert [row["metrics"]["eval_loss"] for row in lines["checkpoint"]] == pytest.approx(losses)
    assert has_bytes(lines["checkpoint"][0], lab.root / "out/checkpoint-2")
    assert "optimizer.pt" in {file["path"] for file in lines["checkpoint"][1]["files"]}
    [tuned] = lines["tuned"]
    assert (tuned["step"], list_parents(tuned)) == (4, [(base["id"], "input")])
    model = AutoModelForSequenceClassification.from_pretrained(find_path(lab, tuned)).eval()
    with no_grad():
        assert model(tensor([[2, 3, 4]])).logits.tolist() == told["told"]

    _log(lab, "base 2")
    other = list_lines(lab)["base"][-1]
    shutil.rmtree(lab.root / "given")
    clone_with(lab, "tune", "given", other)
    again = list_lines(lab)["tuned"][-1]
    assert list_parents(again) == [(other["id"], "input")]


def test_a_training_goes_on_from_another_checkpoint(lab: Lab) -> None:
    _log(lab, "base 1")
    shutil.copytree(lab.root / "base", lab.root / "given")
    _log(lab, "tune")
    lines = list_lines(lab)
    [base], [two, four] = lines["base"], lines["checkpoint"]
    shutil.copytree(lab.root / "out/checkpoint-2", lab.root / "start")
    _log(lab, "tune start")
    assert {(one.name, one.version) for one in lab.task("tune").inputs} == {("given", base["id"]), ("start", two["id"])}
    assert lab.task("tune").curves["loss"].count == 4
    draft = clone_with(lab, "tune", "start", four)
    assert lab.task(draft).curves["loss"].count == 2


def test_adapters_have_their_base_for_a_parent(lab: Lab) -> None:
    need("peft")
    _log(lab, "base 1")
    shutil.copytree(lab.root / "base", lab.root / "given")
    _log(lab, "adapt")
    _log(lab, "merge")
    lines = list_lines(lab)
    assert {name: len(rows) for name, rows in lines.items()} == {"base": 1, "lora": 1, "state": 1, "merged": 1}
    base, adapter, merged = (lines[name][0] for name in ("base", "lora", "merged"))
    assert list_parents(adapter) == [(base["id"], "input")]
    assert json.loads(lab.reg("model", "show", adapter["ref"], "--design").stdout)["peft_type"] == "LORA"
    assert has_bytes(adapter, lab.root / "lora")
    assert has_bytes(lines["state"][0], lab.root / "state")
    assert sorted(list_parents(merged)) == sorted([(base["id"], "input"), (adapter["id"], "input")])


def test_filters(lab: Lab) -> None:
    _log(lab, "base 1", "--auto-off", "safetensors", "--auto-only", "transformers=model*")
    assert count_lines(lab) == {}
    _log(lab, "base 1", "--auto-only", "transformers=ba*")
    assert count_lines(lab) == {"base": 1}
