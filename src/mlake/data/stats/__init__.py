"""Counts over a data set."""
