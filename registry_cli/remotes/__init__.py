"""Places where registries are shared, behind one port of six calls. Knows no record and no entry."""
