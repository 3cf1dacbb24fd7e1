"""The version, a literal: reading it costs nothing at start-up."""

__version__ = "0.1.0"
