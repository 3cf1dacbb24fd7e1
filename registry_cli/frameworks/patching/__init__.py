"""The mechanism of automatic logging: replaces functions by wrappers and restores them. Knows no framework."""
