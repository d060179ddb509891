"""Training MEND's editor: edit, and see whether the model took the fact and nothing else (eq. 5 and 6)."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

import torch

from mlake.editing.mend.examples import Draw, Example, draw, examples
from mlake.editing.mend.files import FORMAT, TrainedFile, untrained
from mlake.editing.mend.gradients import Gradient, edited, edited_matrices, first_block, gradients
from mlake.editing.mend.upper import Upper
from mlake.errors import EditError
from mlake.models.lm import LM
from mlake.records import Benchmark

__all__ = ["TrainSettings", "Trainer"]

_ADAM = "adam."
_EVERY = 60.0  # seconds after which training is kept
_SHARE = 20  # how many times as long as the last keeping took it must be until the next


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """How an editor is trained.

    Attributes:
        batch_size: Most facts that are edited together; a step draws from 1 to that many.
        others: Questions about other facts in a step.
        rank: Inner width of the network's layers.
        rate: Adam's learning rate of the network.
        step_rate: Adam's learning rate of the logarithms of the step sizes.
        step: Step size to start from, as a multiple of the root mean square of a matrix's weights.
        edit_weight: c_edit, weight of the new answer's negative log-likelihood.
        locality_weight: c_loc, weight of the KL divergence on other facts.
        clip: Most that the norm of the gradient may be.
        measured: Steps at the start that train nothing and only measure gradients.
        seed: Seed of everything random.
    """

    batch_size: int = 16
    others: int = 6
    rank: int = 256
    rate: float = 3e-4
    step_rate: float = 3e-2
    step: float = 1e-3
    edit_weight: float = 0.1
    locality_weight: float = 1.0
    clip: float = 100.0
    measured: int = 10
    seed: int = 0


class Trainer:
    """Training of one editor; may be cut off at any step.

    Every step draws from a generator seeded by its number, so that training that was cut off and goes on
    ends in the same bits.

    Attributes:
        step: Steps done.
    """

    def __init__(
        self,
        lm: LM,
        benchmark: Benchmark,
        *,
        facts: tuple[int, int],
        langs: Sequence[str],
        settings: TrainSettings,
    ):
        """Prepare training from the start.

        Args:
            lm: The model; left as it is.
            benchmark: The data.
            facts: Start and stop of the slice of its facts to train on.
            langs: Languages to edit in.
            settings: How to train.

        Raises:
            EditError: Facts are not stated in a language.
            SubjectError: A fact has no new answer.
        """
        self.lm, self.settings, self.step = lm, settings, 0
        self.pool: Mapping[str, Sequence[Example]] = examples(lm, benchmark.facts[slice(*facts)], langs)
        self.matrices = edited_matrices(lm)
        self.network = untrained(
            lm, self.matrices, rank=settings.rank, step=settings.step, seed=settings.seed
        )
        steps: dict[str, Any] = {"params": [self.network.log_step], "lr": settings.step_rate}
        rest: dict[str, Any] = {"params": list(self.network.networks.parameters())}
        self.adam = torch.optim.Adam([rest, steps], lr=settings.rate)
        self._head = _head(lm, benchmark, facts, langs, settings)

    @property
    def measured(self) -> int:
        """Steps at the start that train nothing."""
        return self.settings.measured

    def advance(self) -> dict[str, float]:
        """Do the next step.

        Returns:
            ``edit``, the mean negative log-likelihood of the new answers after the edit, asked in other
            words, and ``locality``, the mean KL divergence of the edited model from the unedited one on
            other facts; nothing where the step only measured.

        Raises:
            EditError: A loss or a gradient is not finite.
        """
        random = Random(f"{self.settings.seed}:{self.step}")
        drawn = draw(self.pool, random, most=self.settings.batch_size, others=self.settings.others)
        found = gradients(self.lm, self.matrices, drawn.edit)
        self.network.see(found)
        self.step += 1
        if self.step <= self.settings.measured:
            return {}
        self.adam.zero_grad()
        losses = self._backward(drawn, found)
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.settings.clip)
        if not torch.isfinite(norm):
            raise EditError(
                f"step {self.step} of training gave a gradient that is not finite; "
                "lower --rate, or load the model in float32 (--dtype fp32)"
            )
        self.adam.step()
        return losses

    def _backward(self, drawn: Draw, found: Sequence[Gradient]) -> dict[str, float]:
        """Losses of a step; their gradients with respect to the network are left in its parameters."""
        block = first_block(self.lm)
        near = Upper.of(self.lm, block, drawn.near)
        far = Upper.of(self.lm, block, drawn.far) if drawn.far else None
        with torch.no_grad():
            said = far.logs(self.lm) if far else None
        locality = torch.zeros(())
        with edited(self.matrices, self.network(found)):
            edit = near.nll(near.logs(self.lm)).mean()
            if far is not None and said is not None:
                now = far.logs(self.lm)
                locality = far.mean((said.exp() * (said - now)).sum(-1)).mean()
            total = self.settings.edit_weight * edit + self.settings.locality_weight * locality.to(edit)
            total.backward()  # type: ignore[no-untyped-call]
        return {"edit": float(edit.detach()), "locality": float(locality.detach())}

    def run(self, path: Path, steps: int, show: Callable[[Mapping[str, float]], object]) -> TrainedFile:
        """Train up to a number of steps and write the file, now and then and at the end.

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
        while self.step < steps:
            show(self.advance())
            start = monotonic()
            if start >= due and self.step < steps:
                self.kept().write(path)
                due = monotonic() + max(_EVERY, _SHARE * (monotonic() - start))
        self.kept().write(path)
        return TrainedFile.read(path)

    def kept(self) -> TrainedFile:
        """The training so far."""
        adam = {
            f"{_ADAM}{name}/{part}": value
            for name, weight in self.network.named_parameters()
            for part, value in self.adam.state.get(weight, {}).items()
        }
        return TrainedFile.of({**self._head, "step": self.step}, self.network, adam)

    def resume(self, path: Path) -> None:
        """Go on from a file, as ``restore`` does."""
        self.restore(TrainedFile.read(path))

    def restore(self, kept: TrainedFile) -> None:
        """Go on from where an earlier training was.

        Raises:
            EditError: It was another training.
        """
        for key, value in self._head.items():
            if kept.head.get(key) != value:
                raise EditError(
                    f"the file was trained with {key.replace('_', ' ')} {_brief(kept.head.get(key))}, now "
                    f"{_brief(value)}; give another --out, or delete the file to start anew"
                )
        self.network.load_state_dict(kept.weights())
        for name, weight in self.network.named_parameters():
            start = f"{_ADAM}{name}/"
            state = {k.removeprefix(start): v for k, v in kept.tensors.items() if k.startswith(start)}
            if state:
                # Adam keeps its count of steps on the CPU, wherever its weights are.
                self.adam.state[weight] = {
                    part: value.clone() if part == "step" else value.to(weight.device, copy=True)
                    for part, value in state.items()
                }
        self.step = kept.head["step"]


def _head(
    lm: LM, benchmark: Benchmark, facts: tuple[int, int], langs: Sequence[str], settings: TrainSettings
) -> dict[str, Any]:
    """All that an editor depends on besides the number of steps. No times: equal training, equal files."""
    return {
        "format": FORMAT,
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


def _brief(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."
