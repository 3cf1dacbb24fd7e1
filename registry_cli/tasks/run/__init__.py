"""All that a runner does for a task: starts its command, takes saves in as versions and loads as inputs, and ends it.

The processes of a task append notes to the attempt's folder; its runner reads them.
"""
