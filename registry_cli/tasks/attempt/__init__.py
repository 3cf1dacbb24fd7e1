"""The folder of an attempt: the contract between a script, which appends to its files, and a runner, which reads them.

Scalars, facts, notes and hints are lines of files that others may read while they grow.
"""
