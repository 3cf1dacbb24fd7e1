"""Automatic logging: reports a framework's own saves, loads and scores without any change to the script.

`tables` has one module per framework with a short table of the functions to patch, and `catalogue` lists them;
`patching` patches these functions. Knows no task and no registry: all reports go to a `Sink`.
"""
