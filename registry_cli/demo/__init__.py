"""The training that `reg demo` runs: a small classifier on a real data set, in plain Python.

It stands for a user's own training script, so it writes its weights to a plain file and uses only `registry_cli.sdk`
of the registry.
"""
