"""Measures of an answer: a row each."""
