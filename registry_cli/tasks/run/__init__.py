"""The runner of a task: starts its command, makes versions of its saves and inputs of its loads, and ends it.

The processes of a task append notes to the attempt's folder; its runner reads them.
"""
