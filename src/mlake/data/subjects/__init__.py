"""Subjects that questions name, recovered where the data do not give them."""
