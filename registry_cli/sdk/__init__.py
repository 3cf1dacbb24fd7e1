"""The API of a training script. Every name is also an attribute of `registry_cli`; `reg help clearml` compares."""
