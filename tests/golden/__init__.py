"""Registries as earlier programs wrote them: today's must read their bytes to the same catalog, for ever."""
