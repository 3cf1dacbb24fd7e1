"""Collecting what nothing uses: announced, moved to the trash, deleted, each step in the log before it is done.

Why no version and no task can lose its bytes to a collector, however long anybody sleeps:

1. An entry that names a blob in use is void (`catalog/fold/blob_effects.py`): the log decides each step,
   and not a clock.
2. Bytes are moved after `sweep` is in the log. A writer that counted on them then has lost its slot; before each try
   for the next one it looks at its bytes and brings them back (`Staging.install`). Having its slot it looks once more,
   and the collector, having moved a file, reads the log once more: one of the two sees the other. Should both die,
   readers still find the bytes in the trash.
3. A file is deleted from the trash after a `purge` entry that was written when the file lay there already. Whoever
   counts on it has either an entry before that one, which voids it, or none yet, and then looks again as in 2.
4. No two moves have the same name in the trash, so a collector that wakes up late puts nothing where another deletes.
"""
