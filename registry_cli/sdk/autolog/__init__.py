"""Automatic logging in a script's process: it is turned on, reports to the task's folder, and ends with the task."""
