"""The authors' release, with what was added to it."""
