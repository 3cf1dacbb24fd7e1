"""Captures the surroundings of a run: code, Python, variables, host, data and arguments."""
