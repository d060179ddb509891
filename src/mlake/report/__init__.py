"""Scores to numbers with intervals, tables, figures and a report: no model, no torch."""
