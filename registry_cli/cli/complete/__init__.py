"""Shell completion without Typer: every module here loads while a user waits after a tab, so each imports little."""
