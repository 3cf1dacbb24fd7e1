"""Runs the cells of the task that this process belongs to: `reg task run` starts it."""

from registry_cli.sdk.notebook.replay import main

if __name__ == "__main__":
    main()
