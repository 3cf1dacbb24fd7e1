"""A task as one file that runs it anywhere."""
