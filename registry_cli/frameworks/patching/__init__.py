"""The mechanism: which functions are replaced when, by what, and how that is taken back. Knows no framework."""
