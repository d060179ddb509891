"""Building a benchmark: a table of stages from statements of Wikidata to a release."""
