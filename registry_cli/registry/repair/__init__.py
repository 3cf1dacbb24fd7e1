"""Repairs: one module for each kind of damage. `registry/repair/repair.py` is the entry."""
