"""Polls what a running program writes: numbers in files of its own, and the files it makes."""
