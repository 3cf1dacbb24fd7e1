"""Prints what a table of rows cannot show: comparisons, trees, sparklines. Each prints what a core function gave."""
