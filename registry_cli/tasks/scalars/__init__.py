"""What a running script tells: numbers, tables and plots, and facts about itself, in files that others may read."""
