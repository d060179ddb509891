"""Fine-tuning: plain, bounded, of one place, low-rank, and StableKE (Wei et al. 2024) on augmented facts."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal, Self

from mlake.chat_server import ChatServer
from mlake.editing.edits.edit import Edit
from mlake.editing.finetune.augment import Augmented, augmented, reworded
from mlake.editing.finetune.augment import bare as bare_texts
from mlake.editing.finetune.examples import Objective, examples
from mlake.editing.finetune.generated import LocalWriter, ServerWriter, Writer
from mlake.editing.finetune.places import Where, parameters
from mlake.editing.finetune.published import PUBLISHED, Suggested, suggested
from mlake.editing.finetune.requests import VERSION as REQUESTS_VERSION
from mlake.editing.finetune.side import training_side
from mlake.editing.finetune.templates import VERSION as TEMPLATES_VERSION
from mlake.editing.finetune.training import Epoch, Schedule, train
from mlake.editing.finetune.weights import Weights, training_low_rank, training_some
from mlake.editing.method import Method, Progress, Range
from mlake.editing.prompts import need_facts
from mlake.errors import EditError
from mlake.models.bars import Told
from mlake.models.lm import LM
from mlake.models.load import load
from mlake.records import Statement

__all__ = ["FineTune", "Order", "Source"]

Source = Literal["self", "server", "local", "templates", "wordings", "bare"]
Order = Literal["breadth", "depth"]

_OWN_TOKENS = 48  # of what a model says about a name: a sentence or two


@dataclass(frozen=True, slots=True)
class FineTune(Method):
    """Fine-tuning on facts.

    Attributes:
        source: What is trained on: the question and the new answer alone (``bare``), or texts written by the
            edited model ``self`` (what it knows around the fact), by a model behind a ``server`` or a
            ``local`` model (paraphrases too), ``templates``, which are not StableKE's, or the questions of
            these alone (``wordings``).
        texts: Texts of each fact, half of them around it; of templates half are questions; ``bare`` has one.
        epochs: Most passes over the texts.
        rate: Learning rate.
        stop: Training ends after a pass in which the questions' mean loss was below this.
        rank: Rank of the low-rank update of linear maps, or neurons at the ``side``; 0 trains the parameters
            themselves.
        text_batch: Texts in a step.
        seed: Seed of the templates' and batches' order, and of the low-rank start.
        url: Address of the server; its key comes from ``$OPENAI_API_KEY``.
        model: The server's name of the model, or what ``mlake.models.load`` loads.
        where: What is trained: ``all``, with ``rank`` every linear map of the blocks; a ``block``; its
            ``down``-projection; the maps that make queries and values (``query_value``); or neurons at the
            ``side`` of one block's MLP.
        layers: Blocks of it; none takes all blocks.
        objective: Whether each token of an answer is scored behind those before it (``tokens``), or all of
            them where the first stands (``last``), which is wrong for answers of several tokens.
        end: Whether the end after an answer is trained too.
        order: Passes over all facts (``breadth``), or each fact until it is learnt and then the next.
        alpha: What a low-rank update is multiplied by is this over ``rank``; 0 stands for ``rank``.
        box: The most by which any weight may differ from what it was; 0 for no bound.
        warm_up: Steps in which the rate rises from 0.
        clip: Gradients are clipped to this length; 0 leaves them.
        skip: No step is taken on a batch whose mean loss is below this.
    """

    family: ClassVar[str] = "fine-tuning"
    weighs: ClassVar[str] = "what is trained: one matrix or all, or low-rank factors"

    LATER: ClassVar[Mapping[str, Any]] = {
        "where": "all",
        "layers": (),
        "objective": "tokens",
        "end": True,
        "order": "breadth",
        "alpha": 0.0,
        "box": 0.0,
        "warm_up": 5,
        "clip": 1.0,
        "skip": 0.0,
    }
    """Settings that earlier runs did not have, and what they did: so set, a run keeps the id it had."""

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
    where: Where = "all"
    layers: tuple[int, ...] = ()
    objective: Objective = "tokens"
    end: bool = True
    order: Order = "breadth"
    alpha: float = 0.0
    box: float = 0.0
    warm_up: int = 5
    clip: float = 1.0
    skip: float = 0.0

    @property
    def mergeable(self) -> bool:
        """Neurons beside an MLP are no weights of the model."""
        return self.where != "side"

    def config(self) -> dict[str, Any]:
        """As of any method; what earlier runs did without saying so stays unsaid."""
        settings = Method.config(self)
        return {key: value for key, value in settings.items() if self.LATER.get(key) != value}

    def suggested(self, lm: LM, /) -> Mapping[str, Any]:
        """What was published for the model's family."""
        found = self._suggested(lm)
        return found.settings if found else {}

    def published(self, lm: LM, /) -> str:
        """The file that the family's settings are from, or that none was published."""
        if self.origin and self.origin.tuned:
            return self.origin.tuned
        found = self._suggested(lm)
        return found.source if found else ""

    def families(self) -> Sequence[Mapping[str, Any]]:
        """The rows of ``PUBLISHED`` for this method."""
        return [asdict(row) for row in PUBLISHED if self.name in row.methods]

    def checked(self) -> Self:
        """The method, unless its settings say two things.

        Raises:
            EditError: The facts alone are no several texts; or a bound, which whole weights have, is set for
                factors.
        """
        if self.source == "bare" and self.texts != 1:
            raise EditError(
                f"source=bare has one text a fact, got texts={self.texts}; set source=templates too"
            )
        if self.rank and self.box:
            raise EditError(
                f"box={self.box:g} bounds whole weights, got rank={self.rank}; set rank=0 or box=0"
            )
        if self.where == "side" and (not self.rank or len(self.layers) > 1):
            raise EditError(
                f"where=side has rank neurons beside the MLP of one block, got rank={self.rank} and "
                f"layers={list(self.layers)}; set rank=64 and one layer"
            )
        return self

    def fitted(self, lm: LM, /) -> Self:
        """The method itself.

        Raises:
            EditError: The source needs a model or a server that is not named; or the place is not there.
            ModelError: The server's address is none, or holds a secret, which would be written to specs;
                or the place is not known, as the model's blocks are not understood.
        """
        if self.source in ("server", "local") and not self.model:
            raise EditError(f"source={self.source} needs a model to write texts; set model=NAME")
        if self.source == "server" and not self.url:
            raise EditError("source=server needs its address; set url=http://127.0.0.1:8000/v1 or another")
        if self.source == "server":
            ChatServer(self.url, self.model)
        if self.rank or self.where != "all":
            depth, last = len(lm.layers), max(self.layers, default=0)
            if last >= depth:
                raise EditError(f"layers={list(self.layers)}: the model has blocks 0 to {depth - 1}")
        return self

    def search(self) -> Mapping[str, Range]:
        """How far and how long to train, and where, or on how much."""
        found = {
            "rate": Range(self.rate / 10, self.rate * 10, "log", 5),
            "epochs": Range(self.epochs / 4, self.epochs * 2, "log", 4),
        }
        if self.where in ("block", "down", "side"):
            found["layers"] = Range(0.1, 0.9, "depth", 9)
        if self.box:
            found["box"] = Range(self.box, self.box * 100, "log", 5)
        if self.source != "bare":
            found["texts"] = Range(4, 16, "log", 3)
        return found

    def passes(self) -> float:
        """Training goes back to the weights as well, which is half as much again."""
        return 1.5 * self.epochs * self.texts

    def trained_weights(self, lm: LM, /) -> int:
        """Those of the place, or next to none."""
        return (
            0 if self.rank else sum(one.numel() for one in parameters(lm, self.where, self.layers).values())
        )

    def edit(
        self,
        lm: LM,
        statements: Sequence[Statement],
        /,
        *,
        text: Sequence[str] = (),
        history: Sequence[Edit] = (),
        progress: Progress = lambda done: None,
    ) -> Edit:
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
        need_facts(statements)
        writer = self._writer(lm, history)
        facts = self._augmented(statements, writer)
        report = self._report(lm, facts, writer)
        del writer  # its model need not be in memory beside the trained one
        told = Told(len(statements), progress)
        passes: list[list[Epoch]] = []
        with self._weights(lm) as weights:
            groups = list(self._groups(facts))
            for done, group in enumerate(groups):
                found = examples(lm, group, end=self.end)

                def share(passed: float, done: int = done) -> None:
                    told.share((done + self._share(passed)) / len(groups))

                passes.append(train(lm, weights, found, self._schedule(), share))
            edit = weights.edit(report | {"losses": self._losses(passes)})
        told.finish()
        return edit

    def _share(self, passes: float) -> float:
        """Share of the work that so many passes over the texts are.

        With an early end, how many it takes is not known beforehand; three are common, so one counts as half
        of the work, two as two thirds.
        """
        return passes / (passes + 1 if self.stop else self.epochs)

    def _augmented(self, statements: Sequence[Statement], writer: Writer | None) -> list[Augmented]:
        if self.source == "bare":
            return bare_texts(statements)
        if self.source == "wordings":
            return reworded(statements, texts=self.texts, seed=self.seed)
        rephrases = self.source != "self"
        return augmented(statements, texts=self.texts, seed=self.seed, writer=writer, rephrases=rephrases)

    def _groups(self, facts: Sequence[Augmented]) -> Iterator[Sequence[Augmented]]:
        """What is trained on together."""
        if self.order == "breadth":
            yield facts
        else:
            yield from ([fact] for fact in facts)

    def _schedule(self) -> Schedule:
        return Schedule(
            self.epochs,
            self.rate,
            self.text_batch,
            self.stop,
            self.seed,
            self.warm_up,
            self.clip,
            self.skip,
            self.objective,
        )

    def _losses(self, passes: Sequence[Sequence[Epoch]]) -> list[dict[str, float | None]]:
        """Losses of each pass; where facts are trained alone, of the last one and how many it took."""
        if self.order == "breadth":
            return _rounded(passes[0])
        return [{"passes": len(one)} | _rounded(one)[-1] for one in passes]

    def _weights(self, lm: LM) -> AbstractContextManager[Weights]:
        if not self.rank:
            return training_some(lm, self.where, self.layers, box=self.box)
        if self.where == "side":
            (layer,) = self.layers or (len(lm.layers) - 1,)
            return training_side(lm, self.rank, layer, self.seed)
        return training_low_rank(
            lm, self.rank, self.seed, alpha=self.alpha, where=self.where, layers=self.layers
        )

    def _suggested(self, lm: LM) -> Suggested | None:
        if self.where == "all":
            return None
        return suggested(self.name, lm.arch.family, len(lm.layers))

    def _writer(self, lm: LM, history: Sequence[Edit]) -> Writer | None:
        self.fitted(lm)
        if self.source == "self":
            return LocalWriter(lm, most=_OWN_TOKENS, pinned=not history)
        if self.source == "server":
            return ServerWriter(ChatServer(self.url, self.model))
        return LocalWriter(load(self.model)) if self.source == "local" else None

    def _report(self, lm: LM, facts: Sequence[Augmented], writer: Writer | None) -> dict[str, Any]:
        versions = [TEMPLATES_VERSION] if writer is None else [REQUESTS_VERSION, TEMPLATES_VERSION]
        versions = [] if self.source == "bare" else versions
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


def _rounded(losses: Sequence[Epoch]) -> list[dict[str, float | None]]:
    return [
        {name: None if loss is None else round(loss, 6) for name, loss in one._asdict().items()}
        for one in losses
    ]
