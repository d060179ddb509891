"""What can be set of a locate-then-edit method."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from mlake.editing.locate.value import Site, ValueSettings
from mlake.editing.method import Method
from mlake.editing.prompts import EssenceIn, KeyAt, PromptKind
from mlake.models.corpora import CorpusForm

__all__ = ["LATER", "LocateSettings", "MetricName"]

LATER: Mapping[str, Any] = {
    "residual": "plain",
    "null_unit": "absolute",
    "essence": "language",
    "corpus_form": "bare",
    "memory": False,
    "projector": "text",
    "spread": "share",
    "anchor": False,
    "merge": "together",
    "merge_covariance": "shared",
    "merge_scale": 1.0,
}
"""Settings that earlier runs did not have, and what they did: so set, a run keeps the id it had."""

MetricName = Literal["identity", "moment", "null_space"]


@dataclass(frozen=True, slots=True)
class LocateSettings(Method):
    """Settings of a locate-then-edit method.

    Attributes:
        metric: M of the update: ``identity``, ``moment`` (inverse second moment) or ``null_space``.
        ridge: λ of the update, on the scale of mean second moments.
        layers: Blocks whose down-projections change, ascending; the value is optimised at the last.
        site: Where the value is optimised: ``down``, ``block`` or ``attention+down`` (see
            ``optimise_values``).
        sequential: Facts one after another, each on the model that the ones before left (ROME).
        value: How values are optimised.
        prompt: Edit prompt.
        key: Key token.
        essence: Language of the KL term's prompt: that of the edit, or ``english`` for all.
        contexts: Context prefixes; or how many of the language's own; or lengths, in tokens, of English ones
            that are sampled from the model, five of each (``mlake.models.openings``).
        key_mean: How keys are averaged over prefixes: ``all`` alike, or ``halves``: the plain prompt
            counts as much as all prefixed ones together, as in MEMIT's code.
        met_at_plain: The residual is met at the plain prompt's key instead of the mean, as in ROME's
            code; R-ROME uses the mean throughout.
        residual: What a value is compared with: the output at the ``plain`` prompt, as in MEMIT's and ROME's
            code, or the ``mean`` over all prompts, so that the mean key emits the value, as in R-ROME's.
        null_threshold: What counts as free (``null_space`` only), in units of ``null_unit``.
        null_unit: ``energy``: the directions of least energy that hold this share of the trace of C together;
            or ``absolute``: those whose eigenvalue is below.
        preserve: Weight of each other token of the edit prompts, whose key should go on emitting what it
            does; an edited key has weight 1. 0 leaves them out, as the published methods do.
        moments: Model whose second moments are used: ``clean``, the unedited one; or ``edited``, the one
            that the layers before have left, as in the authors' code when statistics are not on disk yet.
        corpus: Text for second moments, see ``mlake.models.corpora``.
        corpus_tokens: Tokens that are read from it.
        corpus_form: How statements are put: ``bare``; ``asked``, each question in the model's prompt with
            its answer behind it, as the model is asked; or ``both``.
        seed: Seed of everything random (sampled text).
        memory: Whether the keys of earlier edits count in the second moment (``moment`` only), so that
            batches in sequence give what one batch gives; ``null_space`` keeps them anyway.
        projector: What the null space is that of: ordinary ``text``; or the text with the keys of earlier
            edits in ``others``, languages that are not edited now, or with ``all`` of them (LangEdit).
        spread: How several layers share the work: ``share``, each an equal part of what is left, as in
            MEMIT; ``root``, a part as large as one over the root of the layers left, as in PMET; ``blue``,
            the first and the last layer alone, each with a value of its own; ``forward``, every layer what
            it emits once the value stands at the first one.
        anchor: Whether values are brought to one length, the mean of those of the first edit's facts (NAS).
        merge: How statements in several languages go into an edit: ``together`` in one batch, or each
            language by itself and then the ``sum``, the ``mean`` or ``tsvm`` of their updates
            (``mlake.editing.locate.merging``).
        merge_covariance: Whether a language that is merged keeps the keys of the others (``shared``) or not
            (``own``).
        merge_scale: What a merged update is multiplied by.
    """

    family: ClassVar[str] = "closed form"
    weighs: ClassVar[str] = "a rank and a key for each fact, in each layer"

    metric: MetricName = "moment"
    ridge: float = 0.0
    layers: tuple[int, ...] = ()
    site: Site = "block"
    sequential: bool = False
    value: ValueSettings = field(default_factory=ValueSettings)
    prompt: PromptKind = "question"
    key: KeyAt = "subject"
    essence: EssenceIn = "language"
    contexts: int | tuple[str, ...] | tuple[int, ...] = 5
    key_mean: Literal["all", "halves"] = "all"
    met_at_plain: bool = False
    residual: Literal["plain", "mean"] = "plain"
    null_threshold: float = 2e-2
    null_unit: Literal["energy", "absolute"] = "absolute"
    preserve: float = 0.0
    moments: Literal["clean", "edited"] = "clean"
    corpus: str = "statements"
    corpus_tokens: int = 50_000
    corpus_form: CorpusForm = "both"
    seed: int = 0
    memory: bool = False
    projector: Literal["text", "others", "all"] = "text"
    spread: Literal["share", "root", "blue", "forward"] = "share"
    anchor: bool = False
    merge: Literal["together", "sum", "mean", "tsvm"] = "together"
    merge_covariance: Literal["shared", "own"] = "shared"
    merge_scale: float = 1.0

    @property
    def read(self) -> Literal["down", "block"]:
        """What is compared with a value: the output that its written part is one of."""
        return "block" if self.site == "block" else "down"

    @property
    def written(self) -> tuple[int, ...]:
        """The layers whose matrices change."""
        ends = (*self.layers[:1], *self.layers[-1:])
        return tuple(dict.fromkeys(ends)) if self.spread == "blue" else self.layers
