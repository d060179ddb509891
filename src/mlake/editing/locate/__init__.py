"""Locate-then-edit: the closed form behind ROME, R-ROME, EMMET, MEMIT and AlphaEdit."""
