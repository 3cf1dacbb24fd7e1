"""The query language: text to tree (`parse`), tree to SQL (`compile`), SQL to rows (`run`). Knows no records."""
