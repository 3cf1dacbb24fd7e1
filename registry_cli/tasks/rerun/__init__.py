"""Tasks that are run again: clones and their edits, the work tree and environment that are restored, the comparison."""
