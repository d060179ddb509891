"""Facts of your own: CSV, JSON Lines, or a folder in the authors' layout."""
