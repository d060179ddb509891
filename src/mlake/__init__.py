"""mlake."""
