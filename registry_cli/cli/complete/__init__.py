"""Shell completion without Typer: every module here is read while a user waits for a key, so each imports little."""
