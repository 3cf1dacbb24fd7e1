"""A command as our child: its terminal, its signals and its output; nothing here knows a registry."""
