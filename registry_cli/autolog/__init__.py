"""Automatic logging: a framework's own saves, loads and scores are heard, and no line of a script changes.

One module for each framework, a short table of what is hooked; `hooks/` hooks it. Knows no task and no registry: what
is heard goes to a `Sink`.
"""
