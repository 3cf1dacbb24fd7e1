"""Engines that run tasks: the port that every engine implements, and the local one that is always there."""
