"""A data set as others publish and read them: tables, cards, and the files beside them.

The columns of every table stand in ``columns``: Parquet's schema, cards and Croissant follow them.
"""
