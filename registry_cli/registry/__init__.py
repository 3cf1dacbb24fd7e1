"""Floor 5: the operations that a user names."""
