"""Recognises secrets, which must never be stored: names, values, files and URLs that grant access. Reads no file."""
