"""The index: the SQLite file that caches the catalog, where it lies, and how it is opened, checked and made anew."""
