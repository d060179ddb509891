"""StableKE: fine-tuning on each fact in other words and on what is around it (Wei et al. 2024)."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, Self

from mlake.chat_server import ChatServer
from mlake.editing.edits.edit import Edit
from mlake.editing.edits.parameters import ParameterEdit
from mlake.editing.finetune.augment import Augmented, augmented
from mlake.editing.finetune.examples import examples
from mlake.editing.finetune.generated import LocalWriter, ServerWriter, Writer
from mlake.editing.finetune.requests import VERSION as REQUESTS_VERSION
from mlake.editing.finetune.templates import VERSION as TEMPLATES_VERSION
from mlake.editing.finetune.training import Epoch, Schedule, train
from mlake.editing.finetune.weights import Weights, training_all, training_low_rank
from mlake.editing.method import Method, Progress, Range
from mlake.errors import EditError, ModelError
from mlake.models.bars import Told
from mlake.models.lm import LM
from mlake.models.load import load
from mlake.records import Statement

__all__ = ["Source", "StableKE"]

Source = Literal["self", "server", "local", "templates"]

_OWN_TOKENS = 48  # of what a model says about a name: a sentence or two


@dataclass(frozen=True, slots=True)
class StableKE(Method):
    """Fine-tuning on augmented facts.

    Attributes:
        source: Who writes: the edited model ``self`` (what it knows around the fact), a model behind a
            ``server`` or a ``local`` model (paraphrases too), or ``templates``, which are not the paper's.
        texts: Texts of each fact, half of them around it; of templates half are questions.
        epochs: Most passes over the texts.
        rate: Learning rate.
        stop: Training ends after a pass in which the questions' mean loss was below this.
        rank: Rank of the low-rank update of the blocks' linear maps; 0 trains all parameters.
        text_batch: Texts in a step.
        seed: Seed of the templates' and batches' order, and of the low-rank start.
        url: Address of the server; its key comes from ``$OPENAI_API_KEY``.
        model: The server's name of the model, or what ``mlake.models.load`` loads.
    """

    source: Source = "self"
    texts: int = 8
    epochs: int = 20
    rate: float = 1e-5
    stop: float = 0.25
    rank: int = 0
    text_batch: int = 8
    seed: int = 0
    url: str = ""
    model: str = ""

    def fitted(self, lm: LM, /) -> Self:
        """The method itself.

        Raises:
            EditError: The source needs a model or a server that is not named.
            ModelError: The server's address is none, or holds a secret, which would be written to specs;
                or the factors have no place, as the model's blocks are not understood.
        """
        if self.source in ("server", "local") and not self.model:
            raise EditError(f"source={self.source} needs a model to write texts; set model=NAME")
        if self.source == "server" and not self.url:
            raise EditError("source=server needs its address; set url=http://127.0.0.1:8000/v1 or another")
        if self.source == "server":
            ChatServer(self.url, self.model)
        if self.rank and isinstance(lm.structure, ModelError):
            raise lm.structure
        return self

    def search(self) -> Mapping[str, Range]:
        """How far and how long to train."""
        return {
            "rate": Range(self.rate / 10, self.rate * 10, "log", 5),
            "epochs": Range(5, 40, "log", 4),
            "texts": Range(4, 16, "log", 3),
        }

    def passes(self) -> float:
        """Training goes back to the weights as well, which is half as much again."""
        return 1.5 * self.epochs * self.texts

    def trained_weights(self, lm: LM, /) -> int:
        """All, or next to none."""
        return 0 if self.rank else sum(weight.numel() for weight in lm.model.parameters())

    def edit(
        self,
        lm: LM,
        statements: Sequence[Statement],
        /,
        *,
        text: Sequence[str] = (),
        history: Sequence[Edit] = (),
        progress: Progress = lambda done: None,
    ) -> ParameterEdit:
        """Train the model to state these facts. The model is left as it was, bit for bit.

        Args:
            lm: The model.
            statements: The facts, each in the language it is edited in.
            text: Not used.
            history: What the model says of itself is not kept for later runs where it is edited already.
            progress: Called with the number of facts just finished.

        Raises:
            EditError: No facts, or training that fails.
            ModelError: The model that writes texts fails.
        """
        if not statements:
            raise EditError("no facts to edit; expected at least one statement")
        writer, own = self._writer(lm, history), self.source == "self"
        facts = augmented(statements, texts=self.texts, seed=self.seed, writer=writer, rephrases=not own)
        report = self._report(lm, facts, writer)
        del writer  # its model need not be in memory beside the trained one
        told = Told(len(statements), progress)
        schedule = Schedule(self.epochs, self.rate, self.text_batch, self.stop, self.seed)
        with self._weights(lm) as weights:
            losses = train(
                lm, weights, examples(lm, facts), schedule, lambda passes: told.share(_share(passes))
            )
            factors, values = weights.found()
        told.finish()
        return ParameterEdit(factors, values, report | {"losses": _rounded(losses)})

    def _weights(self, lm: LM) -> AbstractContextManager[Weights]:
        return training_low_rank(lm, self.rank, self.seed) if self.rank else training_all(lm)

    def _writer(self, lm: LM, history: Sequence[Edit]) -> Writer | None:
        self.fitted(lm)
        if self.source == "self":
            return LocalWriter(lm, most=_OWN_TOKENS, pinned=not history)
        if self.source == "server":
            return ServerWriter(ChatServer(self.url, self.model))
        return LocalWriter(load(self.model)) if self.source == "local" else None

    def _report(self, lm: LM, facts: Sequence[Augmented], writer: Writer | None) -> dict[str, Any]:
        versions = [TEMPLATES_VERSION] if writer is None else [REQUESTS_VERSION, TEMPLATES_VERSION]
        return {
            "method": self.config(),
            "model": lm.name,
            "model_revision": lm.revision,
            "texts": {
                "source": self.source,
                "versions": versions,
                "writer": None if writer is None else writer.identity,
            },
            "facts": [
                {"fact": one.statement.fact, "lang": one.statement.lang, **one.counts._asdict()}
                for one in facts
            ],
        }


def _share(passes: float) -> float:
    """Share of the work that so many passes over the texts are.

    How many it takes is not known beforehand; three are common, so one counts as half of the work, two as
    two thirds.
    """
    return passes / (passes + 1)


def _rounded(losses: Sequence[Epoch]) -> list[dict[str, float | None]]:
    return [
        {name: None if loss is None else round(loss, 6) for name, loss in one._asdict().items()}
        for one in losses
    ]
