"""A language model as writer: what it is told, its calls recorded, its replies proved."""
