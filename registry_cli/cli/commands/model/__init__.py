"""The `reg model` verbs."""
