"""What must never be written down: names, values, files and addresses that let somebody in. Reads no file."""
