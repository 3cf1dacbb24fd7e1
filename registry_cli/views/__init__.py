"""What records look like from outside, as plain dicts and as text: what tables, JSON and pages are made of."""
