"""The folder of `sitecustomize`, which Python runs at start-up; `reg log --auto` puts the folder on Python's path."""
