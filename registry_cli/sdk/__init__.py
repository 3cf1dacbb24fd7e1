"""What a training script calls. Every name is also an attribute of `registry_cli`; `reg help clearml` compares."""
