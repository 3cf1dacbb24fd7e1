"""The index: the SQLite file that caches the catalog. Finds its place, opens it, checks it and rebuilds it."""
