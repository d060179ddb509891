"""Running an evaluation: what a run is, what it asks, where it is stored."""

from mlake.evaluation.plan import Plan, make_plan
from mlake.evaluation.run import Engine, run
from mlake.evaluation.spec import RunSpec, parse_facts
from mlake.evaluation.store import Run, Store, read_run

__all__ = ["Engine", "Plan", "Run", "RunSpec", "Store", "make_plan", "parse_facts", "read_run", "run"]
