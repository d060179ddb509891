"""Benchmarks: the obvious way against the fast one, paired in one run, next to the floor of the machine."""
