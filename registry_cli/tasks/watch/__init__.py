"""What a running program writes, found by looking: numbers in files of its own, and the files it makes."""
