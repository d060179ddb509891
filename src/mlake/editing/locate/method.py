"""Locate-then-edit: one editor whose settings make it ROME, R-ROME, EMMET, MEMIT or AlphaEdit.

The steps are the same for all: find the key of each fact, optimise the value the edited matrix should
emit there, and write it in closed form, layer by layer (``mlake.editing.locate.update`` has the algebra).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, Self, get_args

import torch
from torch import Tensor

from mlake.editing.edits.edit import Edit
from mlake.editing.edits.weights import Changes, WeightEdit, editable
from mlake.editing.factors import Factors
from mlake.editing.locate.anchors import SKIPPED
from mlake.editing.locate.chains import Chain, advance
from mlake.editing.locate.fitting import suggested
from mlake.editing.locate.merging import merged
from mlake.editing.locate.metrics import Metrics
from mlake.editing.locate.published import PRESETS, PUBLISHED
from mlake.editing.locate.residuals import Residuals
from mlake.editing.locate.settings import LATER, LocateSettings
from mlake.editing.locate.update import closed_form
from mlake.editing.method import Choice, Progress, Range
from mlake.editing.prompts import Prompted, need_facts, prompted, refusal
from mlake.errors import EditError, UnknownNameError
from mlake.models.corpora import CorpusForm, check_corpus
from mlake.models.lm import LM
from mlake.models.openings import WORDS, sampled_openings
from mlake.records import Statement

__all__ = ["LocateThenEdit"]


@dataclass(frozen=True, slots=True)
class LocateThenEdit(LocateSettings):
    """A locate-then-edit method: its settings are those of ``LocateSettings``."""

    stackable: ClassVar[bool] = True

    def adapter_numbers(self, lm: LM, facts: int, /) -> int:
        """A rank for each fact in every layer."""
        return facts * sum(sum(lm.weight(layer).shape) for layer in self.layers)

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
        settings = LocateSettings.config(self) | {"value": self.value.told()}
        return {key: value for key, value in settings.items() if LATER.get(key) != value}

    def needs_subject(self) -> bool:
        """Whether the key is the subject's last token."""
        return self.key == "subject"

    def needs(self) -> Sequence[str]:
        """Second moments too, where the metric is made of them."""
        return [*LocateSettings.needs(self), *(["moments"] if self.metric != "identity" else [])]

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
            "rate": Range(self.value.rate / 10, self.value.rate, "log", 3),
        }
        if self.metric == "identity":
            return found
        if self.ridge:
            found["ridge"] = Range(self.ridge / 100, 10 * self.ridge, "log", 13, cheap=True)
            found["preserve"] = Choice((0.0, 0.1, 0.3, 1.0), cheap=True)
        return found | {
            "corpus_form": Choice(get_args(CorpusForm), cheap=True),
            "corpus_tokens": Range(12_000, 50_000, "log", 2, cheap=True),
        }

    def passes(self) -> float:
        """Steps of the value; twice as many where two layers have one each."""
        return float(self.value.steps) * (len(self.written) if self.spread == "blue" else 1)

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
            history: Earlier edits, in force on ``lm``; AlphaEdit and a ``memory`` keep their keys.
            progress: Called with the number of facts just finished.

        Raises:
            EditError: No facts, a layer that the model lacks, or numbers that are not finite.
            SubjectError: A subject or target that cannot be found in its prompt.
        """
        if self._merges(statements):
            return self.edit_many(lm, [statements], text=text, history=history, progress=progress)[0]
        contexts = self._prefixes(lm, history)
        with editable(lm) as changes:
            chain = self._chain(lm, statements, contexts, history, changes)
            metrics = Metrics(self, lm, text, history, _said(statements))
            self._advance([chain], metrics, progress)
        return self._finished(lm, [(statements, chain)], contexts, metrics)

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
        families = [
            [(part, self._chain(lm, part, contexts, history, family=at)) for part in self._parts(batch)]
            for at, batch in enumerate(batches)
        ]
        metrics = Metrics(self, lm, text, history, _said([one for batch in batches for one in batch]))
        self._advance([chain for family in families for _, chain in family], metrics, progress)
        return [self._finished(lm, family, contexts, metrics) for family in families]

    def _merges(self, statements: Sequence[Statement]) -> bool:
        """Whether facts are edited in each language by itself."""
        return self.merge != "together" and len({one.lang for one in statements}) > 1

    def _parts(self, statements: Sequence[Statement]) -> list[Sequence[Statement]]:
        """The statements that are edited together: all, or those of each language."""
        if not self._merges(statements):
            return [statements]
        langs = dict.fromkeys(one.lang for one in statements)
        return [[one for one in statements if one.lang == lang] for lang in langs]

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
        history: Sequence[Edit],
        weights: Changes | None = None,
        family: int = 0,
    ) -> Chain:
        self._check(lm, statements)
        facts = [
            prompted(lm, one, kind=self.prompt, key=self.key, contexts=contexts, essence=self.essence)
            for one in statements
        ]
        found: Mapping[str, float] = next((e.report["anchors"] for e in history if "anchors" in e.report), {})
        return Chain(
            [[fact] for fact in facts] if self.sequential else [facts],
            weights,
            anchors={int(layer): length for layer, length in found.items()},
            langs=frozenset(one.lang for one in statements),
            family=family,
        )

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
        residuals = Residuals(self, metrics, chains, batches, progress)
        for index, layer in enumerate(residuals.layers):
            parts = residuals.at(index)
            each = metrics.each(layer, chains, batches, [keys for _, keys, _ in parts])
            for chain, metric, (due, keys, met) in zip(chains, each, parts, strict=True):
                factors = closed_form(due, keys, metric, self.ridge, met=met)
                chain.add(layer, _narrow(metrics.lm, factors), self._kept(metrics.lm, keys))
        residuals.finish()

    def _kept(self, lm: LM, keys: Tensor) -> Tensor:
        """Keys as they are stored; a memory of a float64 model is as exact as its edits."""
        return keys if self.memory and lm.dtype == torch.float64 else keys.float()

    def _check(self, lm: LM, statements: Sequence[Statement]) -> None:
        need_facts(statements)
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
        self._check_joint()
        if self.spread in ("blue", "forward") and self.site != "block" and len(self.layers) > 1:
            raise EditError(
                f"spread={self.spread!r} reads values behind a block, but this model's are optimised at the "
                "down-projection; edit one layer, or set spread='share'"
            )
        if lm.arch.sandwich and self.site == "block":
            raise EditError(
                f"the {lm.arch.family} family normalises the MLP output before the residual stream, so a "
                "value optimised there cannot be written; use --set site='down' and one layer"
            )

    def _check_joint(self) -> None:
        """Refuse settings on other languages and earlier edits that cannot work together."""
        shares = self.merge != "together" and self.merge_covariance == "shared"
        alone = self.metric == "identity" or not self.ridge
        if (self.memory and alone) or (shares and (alone or self.sequential)):
            what = "memory" if self.memory else f"merge={self.merge!r} with a shared covariance"
            raise EditError(
                f"{what} needs a second moment and a ridge above 0; take memit or alphaedit"
                + ("" if self.memory else ", or set merge_covariance='own'")
            )
        if self.memory and self.metric == "null_space":
            raise EditError("a null_space metric keeps the keys of earlier edits anyway; leave memory out")
        if self.projector != "text" and self.metric != "null_space":
            raise EditError(f"projector={self.projector!r} is for the metric 'null_space'; take alphaedit")
        if self.anchor and self.merge != "together":
            raise EditError("anchor and merge do not go together; set one of them")

    def _finished(
        self,
        lm: LM,
        family: Sequence[tuple[Sequence[Statement], Chain]],
        contexts: int | tuple[str, ...],
        metrics: Metrics,
    ) -> WeightEdit:
        """The edit of a batch from its chains: one, or one for each language."""
        chains = [chain for _, chain in family]
        edit = chains[0].edit
        if len(chains) > 1:
            edit = merged([chain.edit for chain in chains], self.merge, self.merge_scale)
        anchors = {str(layer): length for layer, length in chains[0].anchors.items()}
        report = {
            "method": self.config(),
            "model": lm.name,
            "model_revision": lm.revision,
            **({} if contexts == self.contexts else {"contexts": list(_listed(contexts))}),
            **metrics.report,
            **({"anchors": anchors} if anchors else {}),
            "facts": [fact for statements, chain in family for fact in _told(statements, chain)],
        }
        return replace(edit, report=report)


def _told(statements: Sequence[Statement], chain: Chain) -> Iterator[dict[str, Any]]:
    """What an edit says of each fact."""
    facts = [fact for step in chain.steps for fact in step]
    for one, fact, losses, skipped in zip(statements, facts, chain.losses, chain.skipped, strict=True):
        notes = [*fact.notes, SKIPPED] if skipped else list(fact.notes)
        yield {"fact": one.fact, "lang": one.lang, "notes": notes, "losses": list(_rounded(losses))}


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
