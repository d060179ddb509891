"""What runs say beyond their tables: conclusions, retention, consistency."""
