"""What each change of the log does: the fold of entries into the tables of the index."""
