"""Memories as editing methods: facts that are looked up for a question and shown before it."""

from mlake.editing.memories.method import Memory
from mlake.editing.memories.serac import Serac

__all__ = ["Memory", "Serac"]
