"""Notebooks and prompts of IPython: their cells as a task's code, and their output as its console.

It works on the shell of IPython that runs in this process already, and imports IPython only to run cells again.
"""
