"""Review of built texts by people: what they see, what they decide, how far they agree, and their page."""
