"""Runs tasks again: clones and their edits, the restored work tree and environment, the comparison of results."""
