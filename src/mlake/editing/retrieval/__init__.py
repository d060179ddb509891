"""Finding texts that mean the same, in whatever language: a file per way of embedding them."""
