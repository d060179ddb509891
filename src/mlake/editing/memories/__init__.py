"""Memories as editing methods: facts that are looked up for a question and shown before it."""

from mlake.editing.memories.method import Memory

__all__ = ["Memory"]
