"""Floor 5: the operations a user names."""
