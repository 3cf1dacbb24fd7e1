"""Exports a task as one file that runs it anywhere."""
