"""Every command and its options as completion needs them: plain literals, quickly read.

Written by `python -m registry_cli.cli.complete.generate`; do not edit.
"""

from __future__ import annotations

# fmt: off
# ruff: noqa: E501
SCHEMA = 1
"""Version of the index that completion can read."""
ROLES = ('continue', 'base', 'input', 'adapter', 'merge', 'distill', 'quantize', 'derive')
FIELDS = ('name', 'project', 'number', 'id', 'framework', 'author', 'created', 'step', 'published', 'archived', 'size', 'task', 'comment', 'tags', 'aliases')
SETTINGS: tuple[tuple[str, str], ...] = (('author', 'who makes changes, where REG_AUTHOR is not set'), ('views', 'how `reg model path` shares bytes'), ('view.', 'a query saved by `reg model query --save-view NAME`'))
ALIASES = {'ls': 'list', 'rm': 'remove', 'mv': 'rename'}
OPTIONS: tuple[tuple[tuple[str, ...], str, bool, str], ...] = (
    (('--registry',), 'DIR', False, 'Use this registry; also understood after the command'),
    (('--version', '-V'), '', False, 'Print the version'),
    (('--help', '-h'), '', False, 'Show this message and exit'),
    (('--shared',), '', False, "Let the folder's group write too"),
    (('--user',), '', False, 'Make your own registry, used wherever there is no other'),
    (('--json',), '', False, 'Print JSON'),
    (('--quiet', '-q'), '', False, 'Print ids only'),
)
COMMANDS: dict[str, tuple[str, tuple[int, ...], tuple[str, ...]]] = {
    '': ("A model registry that needs no server: git's way of working, for machine-learning models.", (0, 1, 2), ()),
    'init': ('Make a registry', (3, 4, 5, 6, 0, 2), ('DIR',)),
    'config': ('Read and change settings of this copy', (0, 2), ()),
    'help': ('Explain a topic or a command', (0, 2), ('TOPIC...',)),
    'model': ('Keep, find, compare and publish models', (0, 2), ()),
}
