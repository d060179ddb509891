"""What the repository measures of itself, next to the package and no part of it.

- ``python -m benchmarks`` times the obvious way against the fast one, paired in one run, next to the floor of
  the machine; ``reference`` is the obvious way of the value step, which tests compare with too.
- ``python -m benchmarks.solve``, ``.moments_curve``, ``.free``, ``.memory``, ``.mend``, ``.mend_curve`` are
  measurements of their own; ``.coverage`` is a simulation; ``.qwen`` assembles a chat model.
- ``python -m benchmarks.results`` makes docs/results.md and the first page's figure from the stored runs.
- ``python -m benchmarks.tokenizer`` gets the random models what they need on a machine without a network.
"""
