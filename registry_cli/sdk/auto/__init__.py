"""Automatic logging in a script's process: turned on, told to its task, and ended with it."""
