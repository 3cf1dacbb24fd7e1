"""Floor 4: the catalog, which is the meaning of the log: changes, rules, the fold, the index, queries, addresses."""
