"""Verbs of `reg task`, one module each."""
