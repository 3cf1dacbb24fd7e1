"""Experiments: run, recorded, found again, cloned and run anew."""
