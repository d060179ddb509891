"""Builds a benchmark: from facts of Wikidata to questions in many languages and a release."""
