"""What the frameworks of today write is told by its content: real files, under names that say nothing.

Every framework writes in a process of its own, so that neither its warnings nor its threads are this one's.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from registry_cli.formats.sniff import Facts, sniff, sniff_folder
from tests.real.lines import need

pytestmark = pytest.mark.frameworks

DATA = """
import os, warnings
warnings.simplefilter("ignore")
os.environ.setdefault("KERAS_BACKEND", "torch")
import numpy as np
X = np.random.RandomState(0).rand(40, 3).astype("float32")
y = (X[:, 0] > 0.5).astype("int64")
"""
Expected = dict[str, tuple[str, str]]


def write(code: str) -> None:
    """Run `code` in a process of its own, in the test's folder."""
    done = subprocess.run([sys.executable, "-c", DATA + code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def tell(path: str) -> Facts:
    """Sniff a file under a name that is of no help."""
    return sniff(Path(path), "weights")


def tell_folder(path: str) -> tuple[str | None, dict[str, Facts]]:
    """Sniff a folder under the names within it."""
    root = Path(path)
    entries = {
        file.relative_to(root).as_posix(): sniff(file, file.relative_to(root).as_posix())
        for file in sorted(root.rglob("*"))
        if file.is_file()
    }
    return sniff_folder(list(entries.items())), entries


def check(expected: Expected) -> None:
    found = {name: tell(name) for name in expected}
    told = {name: (facts.framework, facts.fields.get("format")) for name, facts in found.items()}
    assert told == expected


def test_numpy() -> None:
    need("numpy")
    write('np.save("one.npy", X); np.savez("plain.npz", X=X, y=y); np.savez_compressed("packed.npz", X=X, y=y)')
    check({"one.npy": ("NumPy", "npy"), "plain.npz": ("NumPy", "npz"), "packed.npz": ("NumPy", "npz")})
    assert tell("packed.npz").fields["parameters"] == 160


def test_scikit_learn() -> None:
    need("sklearn", "joblib", "skops")
    write("""
import joblib, pickle, skops.io
from sklearn.linear_model import LogisticRegression
model = LogisticRegression().fit(X, y)
joblib.dump(model, "plain.joblib")
for method in ("zlib", "gzip", "bz2", "xz", "lzma"):
    joblib.dump(model, method, compress=(method, 3))
for protocol in range(2, 6):
    with open(f"pickle{protocol}", "wb") as file:
        pickle.dump(model, file, protocol)
skops.io.dump(model, "model.skops")
""")
    packed: Expected = dict.fromkeys(("plain.joblib", "zlib", "gzip", "bz2", "xz", "lzma"), ("ScikitLearn", "joblib"))
    pickled: Expected = dict.fromkeys((f"pickle{n}" for n in range(2, 6)), ("ScikitLearn", "pickle"))
    check(packed | pickled | {"model.skops": ("ScikitLearn", "skops")})
    assert str(tell("model.skops").fields["producer"]).startswith("skops ")


def test_xgboost() -> None:
    need("xgboost", "sklearn", "joblib", "skops")
    write("""
import joblib, skops.io, xgboost
model = xgboost.XGBClassifier(n_estimators=2, n_jobs=1).fit(X, y)
booster = xgboost.train({"booster": "gblinear"}, xgboost.DMatrix(X, y), 2)
for suffix in ("json", "ubj"):
    model.save_model(f"trees.{suffix}")
    booster.save_model(f"linear.{suffix}")
joblib.dump(model, "model.joblib")
joblib.dump(model, "packed.joblib", compress=3)
skops.io.dump(model, "model.skops")
""")
    check(
        {
            **dict.fromkeys(("trees.json", "linear.json"), ("XGBoost", "xgboost-json")),
            **dict.fromkeys(("trees.ubj", "linear.ubj"), ("XGBoost", "xgboost-ubj")),
            **dict.fromkeys(("model.joblib", "packed.joblib"), ("XGBoost", "pickle")),
            "model.skops": ("XGBoost", "skops"),
        }
    )
    producers = {tell(name).fields["producer"] for name in ("trees.json", "linear.json", "trees.ubj", "linear.ubj")}
    assert len(producers) == 1


def test_lightgbm() -> None:
    need("lightgbm", "sklearn", "joblib")
    write("""
import joblib, lightgbm
model = lightgbm.LGBMClassifier(n_estimators=2, min_child_samples=2, n_jobs=1, verbose=-1).fit(X, y)
model.booster_.save_model("model.txt")
joblib.dump(model, "model.joblib")
""")
    check({"model.txt": ("LightGBM", "lightgbm-text"), "model.joblib": ("LightGBM", "joblib")})


def test_catboost() -> None:
    need("catboost")
    write("""
import catboost
quiet = {"iterations": 2, "verbose": 0, "allow_writing_files": False, "thread_count": 1}
words = [[value, "ab"[n % 2]] for n, value in enumerate("xyz" * 13 + "x")]
with_words = catboost.CatBoostClassifier(one_hot_max_size=1, cat_features=[0, 1], **quiet).fit(words, y)
for name, model in {
    "even": catboost.CatBoostClassifier(**quiet).fit(X, y),
    "uneven": catboost.CatBoostRegressor(grow_policy="Lossguide", **quiet).fit(X, y),
    "words": with_words,
}.items():
    model.save_model(f"{name}.cbm")
    model.save_model(f"{name}.json", format="json")
    if name == "even":
        model.save_model("even.onnx", format="onnx")
""")
    names = ("even", "uneven", "words")
    cbm: Expected = {f"{name}.cbm": ("CatBoost", "catboost-cbm") for name in names}
    json: Expected = {f"{name}.json": ("CatBoost", "catboost-json") for name in names}
    check(cbm | json | {"even.onnx": ("ONNX", "onnx")})
    assert str(tell("even.onnx").fields["producer"]).startswith("CatBoost")


def test_torch() -> None:
    need("torch")
    write("""
import torch
from torch.package import PackageExporter
net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU())
torch.save(net.state_dict(), "zip.pt")
torch.save({"net": net, "step": 3}, "module.pt")
for protocol in (2, 4):
    torch.save(net.state_dict(), f"old{protocol}.pt", _use_new_zipfile_serialization=False, pickle_protocol=protocol)
torch.jit.script(net).save("script.pt")
torch.jit.save(torch.jit.trace(net, torch.tensor(X)), "trace.pt")
torch.export.save(torch.export.export(net, (torch.tensor(X),)), "net.pt2")
with PackageExporter("package.pt") as package:
    package.save_pickle("net", "net.pkl", {"weight": torch.zeros(2)})
""")
    check(
        {
            **dict.fromkeys(("zip.pt", "module.pt"), ("PyTorch", "torch-zip")),
            **dict.fromkeys(("old2.pt", "old4.pt"), ("PyTorch", "torch-legacy")),
            **dict.fromkeys(("script.pt", "trace.pt"), ("TorchScript", "torchscript")),
            "net.pt2": ("PyTorch", "torch-export"),
            "package.pt": ("PyTorch", "torch-package"),
        }
    )
    assert tell("zip.pt").fields["dtypes"] == ["F32"]


def test_lightning() -> None:
    need("torch", "pytorch_lightning")
    write("""
import torch
import pytorch_lightning as lightning

class Net(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)
    def training_step(self, batch, index):
        return self.layer(batch[0]).mean()
    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)

quiet = {"enable_progress_bar": False, "enable_model_summary": False, "enable_checkpointing": False, "logger": False}
trainer = lightning.Trainer(max_epochs=1, accelerator="cpu", **quiet)
trainer.fit(Net(), torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.tensor(X)), 20))
trainer.save_checkpoint("net.ckpt")
""")
    check({"net.ckpt": ("PyTorch", "torch-zip")})
    assert str(tell("net.ckpt").fields["producer"]).startswith("pytorch-lightning ")


def test_safetensors() -> None:
    need("safetensors", "torch")
    write("""
import safetensors.numpy, safetensors.torch, torch
safetensors.torch.save_file({"w": torch.zeros(2, 3)}, "torch.safetensors", metadata={"format": "pt"})
safetensors.numpy.save_file({"w": X}, "bare.safetensors")
""")
    check({"torch.safetensors": ("PyTorch", "safetensors"), "bare.safetensors": ("Safetensors", "safetensors")})


def test_folders_of_transformers_and_peft() -> None:
    need("transformers", "peft", "torch")
    write("""
import peft, transformers
small = {"vocab_size": 20, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
model = transformers.BertForSequenceClassification(transformers.BertConfig(**small))
model.save_pretrained("model")
peft.get_peft_model(model, peft.LoraConfig(target_modules=["query"], r=2)).save_pretrained("adapter")
""")
    framework, entries = tell_folder("model")
    assert framework == "PyTorch"
    assert entries["config.json"].fields["architecture"] == "BertForSequenceClassification"
    assert entries["model.safetensors"].fields["format"] == "safetensors"
    framework, entries = tell_folder("adapter")
    assert framework == "PyTorch"
    assert str(entries["adapter_config.json"].fields["producer"]).startswith("peft")


def test_keras() -> None:
    need("keras", "torch", "h5py")
    write(KERAS)
    check(KERAS_FILES)


def test_onnx_with_external_data() -> None:
    need("onnx")
    write("""
import onnx
from onnx import TensorProto, helper, numpy_helper
weight = numpy_helper.from_array(np.zeros((64, 64), "float32"), "w")
ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 64]) for name in "xy"]
graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "g", ends[:1], ends[1:], [weight])
onnx.save(helper.make_model(graph), "one.onnx")
os.mkdir("many")
onnx.save(helper.make_model(graph), "many/net.onnx", save_as_external_data=True, location="net.data", size_threshold=0)
""")
    check({"one.onnx": ("ONNX", "onnx"), "many/net.onnx": ("ONNX", "onnx")})
    assert tell_folder("many")[0] == "ONNX"
    assert tell("one.onnx").fields["parameters"] == tell("many/net.onnx").fields["parameters"] == 64 * 64


KERAS = """
import keras
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("adam", "mse")
model.fit(X, y, verbose=0)
model.save("net.keras")
model.save_weights("net.weights.h5")
model.save("net.h5")
"""
KERAS_FILES: Expected = {
    "net.keras": ("Keras", "keras"),
    "net.weights.h5": ("Keras", "hdf5"),
    "net.h5": ("Keras", "hdf5"),
}


@pytest.mark.tensorflow
def test_tensorflow() -> None:
    need("tensorflow", "keras")
    write(f"""
os.environ.update(KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="3")
import tensorflow as tf
{KERAS}
model.export("served", verbose=False)
with open("net.tflite", "wb") as file:
    file.write(tf.lite.TFLiteConverter.from_keras_model(model).convert())
scale = tf.Module()
scale.weight = tf.Variable([1.0, 2.0])
tf.saved_model.save(scale, "saved")
os.mkdir("prefix")
tf.train.Checkpoint(scale=scale).save("prefix/scale")
with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    tf.compat.v1.get_variable("weight", [3])
    session.run(tf.compat.v1.global_variables_initializer())
    for version, folder in ((2, "graph"), (1, "older")):
        os.mkdir(folder)
        tf.compat.v1.train.Saver(write_version=version).save(session, folder + "/net", global_step=7)
""")
    index, meta = ("TensorFlow", "tf-checkpoint"), ("TensorFlow", "tf-meta-graph")
    check(
        {
            **KERAS_FILES,
            "net.tflite": ("TensorFlow_Lite", "tflite"),
            "served/saved_model.pb": ("TensorFlow", "tf-saved-model"),
            "saved/saved_model.pb": ("TensorFlow", "tf-saved-model"),
            "saved/variables/variables.index": index,
            "prefix/scale-1.index": index,
            "prefix/checkpoint": ("TensorFlow", "tf-checkpoint-state"),
            "graph/net-7.index": index,
            "graph/net-7.meta": meta,
            "older/net-7": ("TensorFlow", "tf-checkpoint-v1"),
            "older/net-7.meta": meta,
        }
    )
    folders = ("served", "saved", "prefix", "graph", "older")
    assert {tell_folder(folder)[0] for folder in folders} == {"TensorFlow"}
    told = tell("graph/net-7.index").fields
    assert (told["tensors"], told["parameters"], told["dtypes"]) == (1, 3, ["F32"])
    assert str(tell("saved/saved_model.pb").fields["producer"]).startswith("tensorflow ")
