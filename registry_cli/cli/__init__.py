"""Floor 8: the command line, the only floor that prints."""
