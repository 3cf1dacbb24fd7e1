"""The fold of log entries into the tables of the index: the changes, their rules and their effects."""
