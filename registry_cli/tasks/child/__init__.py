"""Runs a command as a child process: its terminal, its signals and its output; nothing here knows a registry."""
