"""What to try next, as a function of what was tried: a search that was cut off goes on as if it had not been.

Successive halving over facts (Jamieson and Talwalkar 2016, run as trials come in: Li et al. 2020): new
settings are asked about a few facts, the better half of them about twice as many, and so on. The edit holds
whole batches at every rung, since what an edit costs depends on how many facts are in it.
"""

import random
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mlake.errors import RunError
from mlake.tuning.front import front, ranked, useful
from mlake.tuning.space import Axis
from mlake.tuning.trial import OBJECTIVES, Trial, latest

__all__ = ["Job", "check_optuna", "next_job", "rungs_of"]

_RUNGS = 3
_HALF = 2
_EACH = 4  # settings that share what takes long, before something else that takes long is tried
_RANDOM = 10  # trials before the sampler has enough to learn from
_ASKED = 8  # times the sampler may propose what was tried
_DRAWS = 2000
_WORST = -100.0  # nats and shares are all above


class Job(NamedTuple):
    """Settings to measure.

    Attributes:
        number: Number of the trial.
        settings: Its settings.
        rung: The rung to measure it at.
    """

    number: int
    settings: Mapping[str, Any]
    rung: int


def rungs_of(facts: int) -> tuple[int, ...]:
    """How many facts are asked about at each rung."""
    return tuple(sorted({max(1, round(facts / _HALF**power)) for power in range(_RUNGS)}))


def check_optuna() -> None:
    """Refuse to search without the sampler.

    Raises:
        RunError: It is not installed.
    """
    try:
        import optuna  # noqa: F401
    except ImportError:
        raise RunError("mlake tune needs the optuna package; install it: pip install 'mlake[tune]'") from None


def next_job(
    axes: Sequence[Axis],
    defaults: Mapping[str, Any],
    trials: Sequence[Trial],
    *,
    rungs: int,
    seed: int,
    closing: bool,
) -> Job | None:
    """What to measure next; None where everything has been tried.

    Args:
        axes: The settings to search.
        defaults: Their values by default, which are tried first and at every rung.
        trials: What was tried.
        rungs: How many rungs there are.
        seed: Seed of all draws.
        closing: Whether time is nearly up: then what is on the front is asked about all facts first.
    """
    if not trials:
        return Job(0, defaults, 0)
    if trials[0].rung < rungs - 1 and not trials[0].failed:
        return Job(0, trials[0].settings, trials[0].rung + 1)
    risen = _promoted(trials, rungs)
    if closing and risen is None:
        risen = _unfinished(trials, rungs)
    if risen is not None:
        return Job(risen.number, risen.settings, risen.rung + 1)
    settings = _new(axes, trials, seed)
    return None if settings is None else Job(len(trials), settings, 0)


def _promoted(trials: Sequence[Trial], rungs: int) -> Trial | None:
    """The trial to ask about more facts: one of the better half of its rung, the highest rung first."""
    for rung in reversed(range(rungs - 1)):
        here = {one.number: one.rungs[rung] for one in latest(trials) if rung in one.rungs}
        better = ranked(here)[: len(here) // _HALF]
        for number in better:
            if trials[number].rung == rung:
                return trials[number]
    return None


def _unfinished(trials: Sequence[Trial], rungs: int) -> Trial | None:
    """A trial that no other beats by what was measured so far, and that was not asked about all facts."""
    ahead = front([Trial(one.number, one.settings, {0: one.best}) for one in latest(trials)])
    below = [trials[one.number] for one in ahead if trials[one.number].rung < rungs - 1]
    return max(below, key=lambda one: (one.rung, -one.number), default=None)


def _new(axes: Sequence[Axis], trials: Sequence[Trial], seed: int) -> dict[str, Any] | None:
    """Settings that were not tried: by the sampler, or any where it repeats itself."""
    known = [dict(one.settings) for one in trials]
    held = _held(axes, trials, seed)
    for attempt in range(_ASKED):
        settings = _drawn(axes, trials, held, seed + _ASKED * len(trials) + attempt)
        if settings not in known:
            return settings
    dice = random.Random(f"{seed} {len(trials)}")
    for fixed in (held, {}):
        draws = ({one.name: _value(one, fixed, dice) for one in axes} for _ in range(_DRAWS))
        found = next((settings for settings in draws if settings not in known), None)
        if found is not None:
            return found
    return None


def _value(axis: Axis, held: Mapping[str, int], dice: random.Random) -> Any:
    return axis.values[held[axis.name]] if axis.name in held else dice.choice(axis.values)


def _held(axes: Sequence[Axis], trials: Sequence[Trial], seed: int) -> dict[str, int]:
    """Places on the dear axes that the next trial must have; none for a free choice.

    A few trials share them. Then one of them changes from what did best, so that little time goes a long way;
    the setting with most values left to try comes first, which is the blocks.
    """
    dear = [axis for axis in axes if not axis.cheap]
    if len(dear) == len(axes):
        return {}
    keys = [tuple(axis.values.index(one.settings[axis.name]) for axis in dear) for one in trials]
    counts = Counter(keys)
    for key in reversed(keys):
        if counts[key] < _EACH:
            return _named(dear, key)
    done = {one.number: one.rungs[0] for one in latest(trials) if 0 in one.rungs}
    if not done:
        return {}
    first = keys[ranked(done)[0]]
    free = [
        [new for place in range(len(axis.values)) if (new := _changed(first, at, place)) not in counts]
        for at, axis in enumerate(dear)
    ]
    most = max(free, key=len)
    return _named(dear, random.Random(f"{seed} {len(counts)}").choice(most)) if most else {}


def _changed(key: tuple[int, ...], at: int, place: int) -> tuple[int, ...]:
    return (*key[:at], place, *key[at + 1 :])


def _named(axes: Sequence[Axis], key: Sequence[int]) -> dict[str, int]:
    return {axis.name: place for axis, place in zip(axes, key, strict=True)}


def _drawn(
    axes: Sequence[Axis], trials: Sequence[Trial], held: Mapping[str, int], seed: int
) -> dict[str, Any]:
    """Settings that the sampler proposes, after all that was tried."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    places: dict[str, Any] = {axis.name: _places(axis) for axis in axes}
    names = [name for name in OBJECTIVES if all(name in one.best.objectives for one in latest(trials))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        tree = optuna.samplers.TPESampler(seed=seed, n_startup_trials=_RANDOM, multivariate=True)
        sampler = optuna.samplers.PartialFixedSampler(dict(held), tree) if held else tree
        study = optuna.create_study(directions=["maximize"] * len(names), sampler=sampler)
        uses = useful({one.number: one.best for one in latest(trials)})
        for trial in trials:
            study.add_trial(_told(trial, axes, places, names, trial.number in uses))
        found = study.ask(places).params
    return {axis.name: axis.values[found[axis.name]] for axis in axes}


def _places(axis: Axis) -> Any:
    from optuna.distributions import CategoricalDistribution, IntDistribution

    count = len(axis.values)
    return IntDistribution(0, count - 1) if axis.ordered else CategoricalDistribution(tuple(range(count)))


def _told(
    trial: Trial, axes: Sequence[Axis], places: Mapping[str, Any], names: Sequence[str], use: bool
) -> Any:
    """A trial as the sampler knows it; what is of no use is worse than all else in every way."""
    import optuna

    failed = bool(trial.failed) or not trial.rungs
    return optuna.trial.create_trial(
        params={axis.name: axis.values.index(trial.settings[axis.name]) for axis in axes},
        distributions=dict(places),
        state=optuna.trial.TrialState.FAIL if failed else optuna.trial.TrialState.COMPLETE,
        values=None if failed else [trial.best.objectives[name] if use else _WORST for name in names],
    )
