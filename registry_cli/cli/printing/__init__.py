"""Prints results that a table of rows cannot show: comparisons, trees, sparklines. Each comes from a core function."""
