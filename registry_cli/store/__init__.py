"""Floor 2: bytes on disk. Knows no model."""
