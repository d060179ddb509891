"""Runs over several workers."""
