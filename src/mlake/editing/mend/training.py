"""Training an editor: edit, and see whether the model took the fact and nothing else (eq. 5 and 6)."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

import torch
from torch import Tensor

from mlake.editing.mend.examples import Example, draw, examples
from mlake.editing.mend.files import TrainedFile
from mlake.editing.mend.gradients import edited_matrices
from mlake.editing.mend.hypernet import GradientNetwork
from mlake.editing.mend.network import Network, TrainSettings
from mlake.editing.mend.trial import tried, validated
from mlake.errors import EditError
from mlake.models.lm import LM
from mlake.records import Benchmark

__all__ = ["TrainSettings", "Trainer"]

_ADAM = "adam."
_LAST = "last."
_PARTS = {"step", "exp_avg", "exp_avg_sq"}  # what Adam remembers of a weight
_EVERY = 60.0  # seconds after which training is kept
_SHARE = 20  # how many times as long as the last keeping took it must be until the next


class Trainer:
    """Training of one editor; may be cut off at any step.

    Every step draws from a generator seeded by its number, so that training that was cut off and goes on
    ends in the same bits. Now and then the editor is tried on facts that it is not trained on; the one that
    did best there is what the file is used for.

    Attributes:
        step: Steps done.
        curve: Each validation: ``step`` and the fields of ``Point``. The first one is of the editor before
            training, which normalises the gradient and takes a step.
    """

    def __init__(
        self,
        lm: LM,
        benchmark: Benchmark,
        *,
        facts: tuple[int, int],
        langs: Sequence[str],
        settings: TrainSettings,
        kind: type[Network] = GradientNetwork,
    ):
        """Prepare training from the start.

        Args:
            lm: The model; left as it is.
            benchmark: The data.
            facts: Start and stop of the slice of its facts to train on.
            langs: Languages to edit in.
            settings: How to train.
            kind: The network to train.

        Raises:
            EditError: Facts are not stated in a language.
            SubjectError: A fact has no new answer.
        """
        self.lm, self.settings, self.step = lm, settings, 0
        self.curve: list[dict[str, float]] = []
        chosen = benchmark.facts[slice(*facts)]
        last = len(chosen) - min(settings.validation, len(chosen) // 5)
        self.pool: Mapping[str, Sequence[Example]] = examples(lm, chosen[:last], langs)
        stated = [lang for lang in langs if any(lang in fact.statements for fact in chosen[last:])]
        self._unseen = examples(lm, chosen[last:], stated)
        self.matrices = edited_matrices(lm)
        self.network = kind.untrained(lm, self.matrices, settings)
        self.adam = torch.optim.Adam(self.network.groups(settings), lr=settings.rate)
        self._best: Mapping[str, Tensor] | None = None
        self._head = _head(kind, lm, benchmark, facts, langs, settings)

    @property
    def measured(self) -> int:
        """Steps at the start that train nothing."""
        return self.settings.measured

    def advance(self) -> dict[str, float]:
        """Do the next step. One that is cut off leaves everything as it was.

        Returns:
            ``edit`` and ``locality`` of ``Point``; nothing where the step only measured.

        Raises:
            EditError: A loss or a gradient is not finite.
        """
        before = self._state()
        try:
            losses = self._advanced()
        except BaseException:
            self._restore(before, self.step)
            raise
        self.step += 1
        return losses

    def _advanced(self) -> dict[str, float]:
        random = Random(f"{self.settings.seed}:{self.step}")
        drawn = draw(self.pool, random, count=self.settings.batch_size, others=self.settings.others)
        found = self.network.features(self.lm, self.matrices, drawn.edit, drawn.told)
        self.network.see(found)
        if self.step < self.settings.measured:
            return {}
        self.adam.zero_grad()
        point = tried(self.lm, self.matrices, self.network(found), drawn)
        loss = self.network.loss(point.edit, point.locality.to(point.edit), self.settings)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.settings.clip)
        if not torch.isfinite(norm):
            raise EditError(
                f"step {self.step + 1} of training gave a gradient that is not finite; "
                "lower --rate, or load the model in float32 (--dtype fp32)"
            )
        self.adam.step()
        self.network.stepped()
        return {name: value for name, value in point.numbers().items() if name in ("edit", "locality")}

    def run(self, path: Path, steps: int, show: Callable[[Mapping[str, float]], object]) -> TrainedFile:
        """Train up to a number of steps and write the file: now and then, when interrupted, and at the end.

        Args:
            path: The file.
            steps: Steps in all; those done already count.
            show: Called after each step with its losses.

        Returns:
            What was written.

        Raises:
            EditError: A number is not finite, or the file cannot be written.
        """
        due = monotonic() + _EVERY
        try:
            self._validate()
            while self.step < steps:
                show(self.advance())
                self._validate()
                start = monotonic()
                if start >= due:
                    self.kept().write(path)
                    due = monotonic() + max(_EVERY, _SHARE * (monotonic() - start))
        finally:
            self.kept().write(path)
        return TrainedFile.read(path, type(self.network))

    def _validate(self) -> None:
        """Try the editor where that is due, and keep it if it is the best so far."""
        first, step = self.settings.measured, self.step
        due = step == first or (step > first and step % self.settings.every == 0)
        if not self._unseen or not due or any(point["step"] == step for point in self.curve):
            return
        point = validated(
            self.lm, self.matrices, self.network, self._unseen,
            count=self.settings.batch_size, others=self.settings.others,
        )  # fmt: skip
        earlier = [self._total(one) for one in self.curve]
        if self._total(point) < min(earlier, default=float("inf")):
            self._best = _copied(self.network.state_dict())
        self.curve.append({"step": step, **point})
        self.network.validated(point, self.settings)

    def _total(self, point: Mapping[str, float]) -> float:
        weights = self.settings
        return weights.edit_weight * point["edit"] + weights.locality_weight * point["locality"]

    def kept(self) -> TrainedFile:
        """The training so far."""
        best = min(self.curve, key=self._total)["step"] if self.curve else self.step
        head = {**self._head, "step": self.step, "best": best, "curve": self.curve}
        return TrainedFile.of(head, self._best or self.network.state_dict(), self._state())

    def resume(self, path: Path) -> None:
        """Go on from a file, as ``restore`` does."""
        self.restore(TrainedFile.read(path, type(self.network)))

    def restore(self, kept: TrainedFile) -> None:
        """Go on from where an earlier training was.

        Raises:
            EditError: It was another training, or what it left does not fit.
        """
        for key, value in self._head.items():
            if kept.head.get(key) != value:
                raise EditError(
                    f"the file was trained with {key.replace('_', ' ')} {_brief(kept.head.get(key))}, now "
                    f"{_brief(value)}; give another --out, or delete the file to start anew"
                )
        state, best = kept.state(), kept.weights()
        _check_state(self.network, state, best)
        self.curve = [dict(point) for point in kept.head["curve"]]
        self._best = best if self.curve else None
        self._restore(state, kept.head["step"])

    def _state(self) -> dict[str, Tensor]:
        """A copy of the network and of the optimiser's memory of it."""
        adam = {
            f"{_ADAM}{name}/{part}": value
            for name, weight in self.network.named_parameters()
            for part, value in self.adam.state.get(weight, {}).items()
        }
        return _copied({_LAST + name: value for name, value in self.network.state_dict().items()} | adam)

    def _restore(self, state: Mapping[str, Tensor], step: int) -> None:
        self.network.load_state_dict(
            {name.removeprefix(_LAST): value for name, value in state.items() if name.startswith(_LAST)}
        )
        self.adam.state.clear()
        for name, weight in self.network.named_parameters():
            start = f"{_ADAM}{name}/"
            found = {k.removeprefix(start): v for k, v in state.items() if k.startswith(start)}
            if found:
                # Adam keeps its count of steps on the CPU, wherever its weights are.
                self.adam.state[weight] = {
                    part: value.clone() if part == "step" else value.to(weight.device, copy=True)
                    for part, value in found.items()
                }
        self.step = step


def _head(
    kind: type[Network],
    lm: LM,
    benchmark: Benchmark,
    facts: tuple[int, int],
    langs: Sequence[str],
    settings: TrainSettings,
) -> dict[str, Any]:
    """All that an editor depends on besides the number of steps. No times: equal training, equal files."""
    return {
        "format": kind.format,
        "version": version("mlake"),
        "model": lm.name,
        "model_revision": lm.revision,
        "dtype": str(lm.dtype).removeprefix("torch."),
        "template": lm.style.template,
        "data": benchmark.name,
        "data_revision": benchmark.revision,
        "data_sha256": benchmark.sha256,
        "facts": list(facts),
        "fact_ids": [fact.id for fact in benchmark.facts[slice(*facts)]],
        "langs": list(langs),
        "settings": asdict(settings),
    }


def _copied(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}


def _check_state(network: torch.nn.Module, state: Mapping[str, Tensor], best: Mapping[str, Tensor]) -> None:
    """Refuse a training that is not of this network.

    Raises:
        EditError: Something is missing, too much, or of another shape.
    """
    shapes = {name: value.shape for name, value in network.state_dict().items()}
    expected = {_LAST + name: shape for name, shape in shapes.items()}
    if any(name.startswith(_ADAM) for name in state):
        for name, weight in network.named_parameters():
            expected |= {
                f"{_ADAM}{name}/{part}": torch.Size() if part == "step" else weight.shape for part in _PARTS
            }
    found = {name: value.shape for name, value in state.items()}
    if found != expected or {name: value.shape for name, value in best.items()} != shapes:
        raise EditError(
            "the training in the file does not fit its network: the file is damaged; "
            "give another --out, or delete the file to start anew"
        )


def _brief(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."
