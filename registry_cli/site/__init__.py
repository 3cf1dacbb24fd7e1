"""What Python itself runs at its start where this folder is on its path; `reg log --auto` puts it there."""
