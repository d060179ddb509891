"""Edits as values: a file a kind of edit."""
