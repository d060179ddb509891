"""Wikidata from a dump: blocks of lines, read side by side, and what is joined from them."""
