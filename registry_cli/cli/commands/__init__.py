"""One module per command; its path is the words typed."""
