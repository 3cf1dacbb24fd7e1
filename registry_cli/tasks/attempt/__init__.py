"""The folder of an attempt: the contract between a script, which appends to its files, and a runner, which reads them.

Scalars, facts and notes are lines of files that other processes may read while they grow; hints are written before.
"""
