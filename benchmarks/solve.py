"""``python -m benchmarks.solve``: the d × d solves of each batch, against what is held from the first one."""

import argparse
import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor

from benchmarks.cost import clock
from mlake.editing.locate.update import InverseMoment, NullSpace, closed_form, grown

_RIDGE = 1000.0
_KEPT = 0.3 / _RIDGE
_CPU = torch.device("cpu")
Row = dict[str, Any]


def _normal(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _moment(width: int) -> Tensor:
    """A second moment with the condition number that real ones have, about 1e4."""
    turn = _normal(width, width, seed=0) / width**0.5
    c: Tensor = turn * torch.logspace(0, -3, width, dtype=torch.float64) @ turn.T
    c.diagonal().add_(1e-4)
    return c


def _seconds(work: Callable[[], object], times: int = 3) -> float:
    return min(clock(work, _CPU) for _ in range(times))


def _rate(width: int) -> float:
    """Multiply-adds of a matrix product in double precision, counted twice, a second."""
    one, other = torch.ones(2048, width, dtype=torch.float64), torch.ones(width, 512, dtype=torch.float64)
    return 2.0 * 2048 * width * 512 / _seconds(lambda: one @ other)


def _row(name: str, reference: float, fast: float, flops: float, rate: float, **more: Any) -> Row:
    return {
        "name": name, "unit": "s/layer/batch", "reference": reference, "fast": fast,
        "ratio": reference / fast, "floor": flops / rate, **more,
    }  # fmt: skip


def _off(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).abs().max() / expected.abs().max())


def solve(width: int, *, facts: int, others: int) -> Iterator[Row]:
    """MEMIT's update: without the prompts' other keys, and with them."""
    rate, c = _rate(width), _moment(width)
    keys, residual = _normal(width, facts, seed=1), _normal(256, facts, seed=2)
    found: dict[str, Tensor] = {}

    def direct(moment: Tensor) -> None:
        system = torch.addmm(moment, keys, keys.T, beta=_RIDGE)
        found["direct"] = torch.linalg.solve(system, keys @ residual.T).T

    def held(metric: Any) -> None:
        found["held"] = closed_form(residual, keys, metric(), _RIDGE).dense()

    made: list[InverseMoment] = []
    once = _seconds(lambda: made.append(InverseMoment.of(c)), 1)
    slow, fast = _seconds(lambda: direct(c), 1), _seconds(lambda: held(lambda: made[0]))
    size = {"width": width, "facts": facts}
    flops = 2.0 * width**2 * facts
    yield _row("solve", slow, fast, flops, rate, once=once, **size, off=_off(found["held"], found["direct"]))
    more = _normal(width, others, seed=3)
    again = _seconds(lambda: held(lambda: InverseMoment.of(grown(c, more, _KEPT))), 1)
    slow = _seconds(lambda: direct(grown(c, more, _KEPT)), 1)
    assert made[0].sound
    fast = _seconds(lambda: held(lambda: made[0].keeping(more, _KEPT)))
    flops += width**2 * others + 2.0 * width * others**2
    error = _off(found["held"], found["direct"])
    yield _row("solve, preserve", slow, fast, flops, rate, again=again, **size, others=others, off=error)


def null_space(width: int, *, facts: int, edits: int) -> Iterator[Row]:
    """AlphaEdit's metric: the first batch, and later ones, whose earlier keys grow in number."""
    rate, c = _rate(width), _moment(width)
    made: list[NullSpace] = []
    once = _seconds(lambda: made.append(NullSpace.of(c, threshold=2e-2)), 1)
    metric, basis = made[0], made[0].basis
    every = _normal(width, facts * (edits + 1), seed=1)
    for edit in range(1, edits + 1):
        past, keys = every[:, : facts * edit], every[:, facts * edit : facts * (edit + 1)]
        before = metric
        fast = _seconds(partial(_kept, before, past, keys))
        metric = before.keeping(past, 10.0)
        if edit & (edit - 1) == 0:  # 1, 2, 4, …
            slow = _seconds(partial(_anew, made[0], past, keys), 1)
            flops = 8.0 * width * facts * (basis.shape[1] + past.shape[1])
            size = {"width": width, "facts": facts, "basis": basis.shape[1], "past": past.shape[1]}
            error = _off(metric.times(keys), _anew(made[0], past, keys))
            yield _row("null space", slow, fast, flops, rate, once=once, **size, off=error)


def _kept(space: NullSpace, past: Tensor, keys: Tensor) -> Tensor:
    """With what is held from the batches before."""
    return space.keeping(past, 10.0).times(keys)


def _anew(space: NullSpace, past: Tensor, keys: Tensor) -> Tensor:
    """Woodbury's identity with all earlier keys, in each batch."""
    kept, free = space.times(past), space.times(keys)
    small = kept.T @ kept
    small.diagonal().add_(10.0)
    left: Tensor = free - kept @ torch.linalg.solve(small, kept.T @ free)
    return left


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.solve", description=__doc__)
    parser.add_argument("--facts", type=int, default=100)
    parser.add_argument("--others", type=int, default=1000, help="other keys of the edit prompts")
    parser.add_argument("--edits", type=int, default=8, help="edits before, for the null space")
    parser.add_argument("--large", action="store_true", help="11008 dimensions too, as in a 7B Llama")
    flags = parser.parse_args()
    for width in (2048, 11008) if flags.large else (2048,):
        for row in solve(width, facts=flags.facts, others=flags.others):
            _print(row)
        if width == 2048:
            for row in null_space(width, facts=flags.facts, edits=flags.edits):
                _print(row)


def _print(row: Row) -> None:
    rounded = {key: float(f"{one:.3g}") if isinstance(one, float) else one for key, one in row.items()}
    print(json.dumps(rounded | {"threads": torch.get_num_threads()}), flush=True)


if __name__ == "__main__":
    main()
