"""Locate-then-edit: one editor whose settings make it ROME, R-ROME, EMMET, MEMIT or AlphaEdit.

The steps are the same for all: find the key of each fact, optimise the value the edited matrix should
emit there, and write it in closed form, layer by layer (``mlake.editing.locate.update`` has the algebra).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from mlake.editing.edits.edit import Edit
from mlake.editing.edits.weights import Changes, WeightEdit, editable
from mlake.editing.factors import Factors
from mlake.editing.locate.chains import Chain, advance, in_force
from mlake.editing.locate.fitting import suggested
from mlake.editing.locate.metrics import Metrics
from mlake.editing.locate.published import PRESETS, PUBLISHED
from mlake.editing.locate.settings import LATER, LocateSettings
from mlake.editing.locate.update import closed_form
from mlake.editing.locate.value import Values, optimise_values
from mlake.editing.locate.value_files import kept_values
from mlake.editing.method import Choice, Progress, Range
from mlake.editing.prompts import Prompted, prompted, refusal
from mlake.errors import EditError, UnknownNameError
from mlake.models.corpora import check_corpus
from mlake.models.deltas import RowDeltas
from mlake.models.keys import keys_at, outputs_at
from mlake.models.lm import LM
from mlake.models.openings import WORDS, sampled_openings
from mlake.records import Statement

__all__ = ["LocateThenEdit"]


@dataclass(frozen=True, slots=True)
class LocateThenEdit(LocateSettings):
    """A locate-then-edit method: its settings are those of ``LocateSettings``."""

    stackable: ClassVar[bool] = True

    def suggested(self, lm: LM, /) -> Mapping[str, Any]:
        """What the model's family asks for; layers that a row names itself stay."""
        return suggested(lm, self).settings

    def preset(self, like: str, lm: LM | None, /) -> Mapping[str, Any]:
        """What the authors' code does, and the settings that it has for the model's family."""
        known = [one for one, methods in PRESETS.items() if self.name in methods]
        if like not in known:
            raise UnknownNameError(f"preset of {self.name}", like, known)
        return {**(suggested(lm, self, like).settings if lm else {}), **PRESETS[like][self.name]}

    def families(self) -> Sequence[Mapping[str, Any]]:
        """The rows of ``PUBLISHED`` for this method."""
        return [asdict(row) for row in PUBLISHED if self.name in row.methods]

    def published(self, lm: LM, /) -> str:
        """The file that the family's settings are from, or that none was published; or how they were found.

        The last where those that come with mlake for this very model hold.
        """
        if self.origin and self.origin.tuned:
            return self.origin.tuned
        return suggested(lm, self, self.origin.like if self.origin else "").source

    def checked(self) -> Self:
        """The method, unless its text for second moments cannot be had."""
        if self.metric != "identity":
            check_corpus(self.corpus)
        return self

    def config(self) -> dict[str, Any]:
        """As of any method; what earlier runs did without saying so stays unsaid."""
        settings = LocateSettings.config(self)
        return {key: value for key, value in settings.items() if LATER.get(key) != value}

    def needs_subject(self) -> bool:
        """Whether the key is the subject's last token."""
        return self.key == "subject"

    def warning(self, batches: Sequence[Collection[str]], /) -> str | None:
        """That a preset's text for second moments is another one."""
        like = self.origin.like if self.origin else ""
        if not like or self.metric == "identity" or self.corpus == PRESETS[like][self.name]["corpus"]:
            return None
        return f"like {like}, but second moments are measured on {self.corpus}, not on Wikipedia"

    def refusal(self, lm: LM, statement: Statement, /) -> str | None:
        """Why its key or target cannot be found in its prompt."""
        contexts = self.contexts if isinstance(self.contexts, int) else 0  # sampled ones are not known yet
        return refusal(lm, statement, self.prompt, self.key, contexts)

    def search(self) -> Mapping[str, Range | Choice]:
        """Where to write, how far values go, and, for those that measure keys, what an edit may cost."""
        found: dict[str, Range | Choice] = {
            "layers": Range(0.1, 0.9, "depth", 9),
            "clamp": Range(0.75, 4.0, "log", 4),
            "steps": Range(10, 40, "linear", 3),
        }
        if self.metric == "identity":
            return found
        if self.ridge:
            found["ridge"] = Range(self.ridge / 100, 10 * self.ridge, "log", 13, cheap=True)
            found["preserve"] = Choice((0.0, 0.1, 0.3, 1.0), cheap=True)
        return found | {
            "corpus": Choice(("statements", "self"), cheap=True),
            "corpus_tokens": Range(3_000, 50_000, "log", 3, cheap=True),
        }

    def passes(self) -> float:
        """Steps of the value."""
        return float(self.value.steps)

    def prompts(self) -> int:
        """The plain prompt and one behind each context prefix."""
        each = [len(WORDS) if isinstance(one, int) else 1 for one in _listed(self.contexts)]
        return 1 + (self.contexts if isinstance(self.contexts, int) else sum(each))

    def edit(
        self,
        lm: LM,
        statements: Sequence[Statement],
        /,
        *,
        text: Sequence[str] = (),
        history: Sequence[Edit] = (),
        progress: Progress = lambda done: None,
    ) -> WeightEdit:
        """Compute an edit that makes the model state these facts. The model is left as it was.

        Args:
            lm: The model.
            statements: The facts, each in the language it is edited in.
            text: Ordinary text for second moments, where ``corpus`` is ``statements``.
            history: Earlier edits, in force on ``lm``; AlphaEdit keeps their keys.
            progress: Called with the number of facts just finished.

        Raises:
            EditError: No facts, a layer that the model lacks, or numbers that are not finite.
            SubjectError: A subject or target that cannot be found in its prompt.
        """
        contexts = self._prefixes(lm, history)
        with editable(lm) as changes:
            chain = self._chain(lm, statements, contexts, changes)
            metrics = Metrics(self, lm, text, history, _said(statements))
            self._advance([chain], metrics, progress)
        return self._finished(lm, statements, chain, contexts, metrics)

    def edit_many(
        self,
        lm: LM,
        batches: Sequence[Sequence[Statement]],
        /,
        *,
        text: Sequence[str] = (),
        history: Sequence[Edit] = (),
        progress: Progress = lambda done: None,
    ) -> list[WeightEdit]:
        """One edit for each batch, each from the model as it is: what ``edit`` gives, up to rounding.

        The values of all batches are optimised in one call, and each layer is read for all of them at once.
        A method that edits fact after fact takes a fact of every batch at a time.

        Args:
            lm: The model; its weights are as they were afterwards.
            batches: The facts of each edit; what they say is left out of ``text`` for all of them.
            text: As in ``edit``.
            history: As in ``edit``.
            progress: As in ``edit``.

        Raises:
            EditError: As in ``edit``.
            SubjectError: As in ``edit``.
        """
        contexts = self._prefixes(lm, history)
        chains = [self._chain(lm, batch, contexts) for batch in batches]
        metrics = Metrics(self, lm, text, history, _said([one for batch in batches for one in batch]))
        self._advance(chains, metrics, progress)
        return [
            self._finished(lm, batch, chain, contexts, metrics)
            for batch, chain in zip(batches, chains, strict=True)
        ]

    def _prefixes(self, lm: LM, history: Sequence[Edit]) -> int | tuple[str, ...]:
        """Context prefixes; sampled ones are those of the first edit, made from the unedited model."""
        listed = _listed(self.contexts)
        lengths = [one for one in listed if isinstance(one, int)]
        if not lengths:
            return self.contexts if isinstance(self.contexts, int) else tuple(map(str, listed))
        for edit in history:
            if "contexts" in edit.report:
                return tuple(edit.report["contexts"])
        return sampled_openings(lm, lengths, seed=self.seed)

    def _chain(
        self,
        lm: LM,
        statements: Sequence[Statement],
        contexts: int | tuple[str, ...],
        weights: Changes | None = None,
    ) -> Chain:
        self._check(lm, statements)
        facts = [
            prompted(lm, one, kind=self.prompt, key=self.key, contexts=contexts, essence=self.essence)
            for one in statements
        ]
        return Chain([[fact] for fact in facts] if self.sequential else [facts], weights)

    def _advance(self, chains: Sequence[Chain], metrics: Metrics, progress: Progress) -> None:
        advance(chains, lambda live, batches: self._step(live, batches, metrics, progress))

    def _step(
        self,
        chains: Sequence[Chain],
        batches: Sequence[Sequence[Prompted]],
        metrics: Metrics,
        progress: Progress,
    ) -> None:
        """Optimise the values of the facts of a step, then write each batch's layer by layer."""
        lm = metrics.lm
        facts = [fact for batch in batches for fact in batch]
        groups = [at for at, batch in enumerate(batches) for _ in batch]
        tasks, where = [f.task for f in facts], (self.layers[-1], self.site)

        def optimise() -> Values:
            return optimise_values(
                lm,
                tasks,
                layer=where[0],
                site=self.site,
                settings=self.value,
                deltas=in_force(lm, chains),
                groups=groups,
                progress=progress,
            )

        unedited = not metrics.history and not any(chain.edit.factors for chain in chains)
        values = kept_values(lm, tasks, where, self.value, optimise) if unedited else optimise()
        for index, layer in enumerate(self.layers):
            every = self._due(lm, index, facts, values, in_force(lm, chains), groups)
            due, keys, met = (torch.split(part, list(map(len, batches)), dim=1) for part in every)
            each = metrics.each(layer, chains, batches, keys)
            for at, (chain, metric) in enumerate(zip(chains, each, strict=True)):
                factors = closed_form(due[at], keys[at], metric, self.ridge, met=met[at])
                chain.add(layer, _narrow(lm, factors), keys[at].float())
        for group, losses in zip(groups, values.losses, strict=True):
            chains[group].losses.append(losses)

    def _check(self, lm: LM, statements: Sequence[Statement]) -> None:
        if not statements:
            raise EditError("no facts to edit; expected at least one statement")
        depth = len(lm.layers)
        if not self.layers or not all(0 <= layer < depth for layer in self.layers):
            raise EditError(
                f"layers {list(self.layers)} do not fit a model of {depth} layers; "
                f"expected numbers from 0 to {depth - 1} (--set layers=[…])"
            )
        if list(self.layers) != sorted(set(self.layers)):
            raise EditError(f"layers must ascend without repeats, got {list(self.layers)}")
        if self.preserve and not self.ridge:
            raise EditError("preserve needs a ridge above 0; set both, or preserve=0")
        if self.metric == "null_space" and not self.ridge:
            raise EditError("a null_space metric needs a ridge above 0, got 0; set for example ridge=10")
        if lm.arch.sandwich and self.site == "block":
            raise EditError(
                f"the {lm.arch.family} family normalises the MLP output before the residual stream, so a "
                "value optimised there cannot be written; use --set site='down' and one layer"
            )

    def _due(
        self,
        lm: LM,
        index: int,
        facts: Sequence[Prompted],
        values: Values,
        deltas: RowDeltas,
        groups: Sequence[int],
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What a layer has to add, its mean keys, and the keys at which it is met, each ``(d, n)``."""
        count = len(facts[0].task.prompts)
        every = [prompt for fact in facts for prompt in fact.task.prompts]
        owners = [group for group in groups for _ in range(count)]
        fed = keys_at(lm, self.layers[index], every, deltas=deltas, groups=owners)
        fed = fed.cpu().view(len(facts), count, -1)  # (n, prompts, d_in)
        said, of = ([f.plain for f in facts], groups) if self.residual == "plain" else (every, owners)
        out = outputs_at(lm, self.layers[-1], said, self.site, deltas=deltas, groups=of).cpu()
        now = self._mean(out.view(len(facts), len(said) // len(facts), -1))
        mean, plain = self._mean(fed).T, fed[:, 0].T
        share = len(self.layers) - index  # MEMIT, eq. 20: the rest is spread over the layers left
        return (values.target.cpu() - now).T / share, mean, plain if self.met_at_plain else mean

    def _mean(self, every: Tensor) -> Tensor:
        """Means over prompts, the plain one first: ``(n, prompts, d)`` to ``(n, d)``."""
        if self.key_mean == "halves" and every.shape[1] > 1:
            return every[:, 0] / 2 + every[:, 1:].mean(1) / 2
        return every.mean(1)

    def _finished(
        self,
        lm: LM,
        statements: Sequence[Statement],
        chain: Chain,
        contexts: int | tuple[str, ...],
        metrics: Metrics,
    ) -> WeightEdit:
        facts = [fact for step in chain.steps for fact in step]
        report = {
            "method": self.config(),
            "model": lm.name,
            "model_revision": lm.revision,
            **({} if contexts == self.contexts else {"contexts": list(_listed(contexts))}),
            **metrics.report,
            "facts": [
                {"fact": s.fact, "lang": s.lang, "notes": list(f.notes), "losses": list(_rounded(steps))}
                for s, f, steps in zip(statements, facts, chain.losses, strict=True)
            ],
        }
        return replace(chain.edit, report=report)


def _listed(contexts: int | tuple[str, ...] | tuple[int, ...]) -> tuple[str, ...] | tuple[int, ...]:
    return () if isinstance(contexts, int) else contexts


def _said(statements: Sequence[Statement]) -> frozenset[str]:
    """What facts that are edited say, before and after."""
    return frozenset(text for s in statements for text in (s.question, s.old_sentence, s.new_sentence))


def _rounded(steps: Sequence[Sequence[float]]) -> Iterator[list[float]]:
    for step in steps:
        yield [round(term, 6) for term in step]


def _narrow(lm: LM, factors: Factors) -> Factors:
    """Factors as they are stored: float32, or float64 for a float64 model."""
    wide = lm.dtype == torch.float64
    return factors if wide else Factors(factors.left.float(), factors.right.float())
