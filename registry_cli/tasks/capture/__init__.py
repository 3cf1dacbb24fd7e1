"""What is found out about a run: code, Python, variables, host, data and arguments."""
