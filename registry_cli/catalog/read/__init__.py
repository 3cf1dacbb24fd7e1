"""The questions of higher floors to the index, as named functions; addresses are resolved here too."""
