"""What `reg demo` trains: a small classifier on a real data set, in plain Python.

It stands for a user's own training script, so it writes its weights plainly and knows of the registry only what
`registry_cli.sdk` offers.
"""
