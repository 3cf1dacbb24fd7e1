"""Floor 4: what the log means: changes and their rules, the fold, the index, queries, addresses."""
