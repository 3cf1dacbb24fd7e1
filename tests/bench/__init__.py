"""Benchmarks, run by hand: `python -m tests.bench NAME…`. They print ratios; no test asserts a time."""
