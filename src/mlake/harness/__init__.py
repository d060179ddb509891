"""Other people's evaluation tools: the questions of a data set as their tasks, scored as mlake scores.

Nothing here imports such a tool, except for the file that a tool itself loads.
"""
