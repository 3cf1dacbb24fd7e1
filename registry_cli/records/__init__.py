"""Floor 1: frozen dataclasses and their canonical TOML bytes."""
