"""Edits as values: a file per kind of edit."""
