"""Floor 3: bounded readers of weight files; they never execute and never unpickle."""
