"""Floor 6: records as plain dicts and as text, from which tables, JSON and pages are made."""
