"""Garbage collection: announces unused blobs, moves them to the trash and deletes them, each step first in the log.

No version and no task can lose its bytes to a collector, however long any process is suspended:

1. An entry that names a blob in use is void (`catalog/fold/blob_effects.py`): the log decides each step, not a clock.
2. Bytes are moved after `sweep` is in the log. A writer that relied on them has then lost its slot; before each attempt
   at the next slot it checks its bytes and restores them (`Staging.install`). After it has its slot it checks once
   more, and the collector, after it has moved a file, reads the log once more: one of the two sees the other. If both
   die, readers still find the bytes in the trash.
3. A file is deleted from the trash after a `purge` entry that was written when the file was already there. A writer
   that relies on it either has an entry before that one, which voids it, or has none yet and checks again as in 2.
4. No two moves use the same name in the trash, so a collector that wakes up late puts nothing where another deletes.
"""
