"""Automatic logging: reports a framework's own saves, loads and scores; no line of a script changes.

`tables` has one module for each framework, a short table of what is patched, and `catalogue` their names; `patching`
patches it. Knows no task and no registry: what is found goes to a `Sink`.
"""
