"""Where tasks run: the port that every engine plugs into, and the one that is always there."""
