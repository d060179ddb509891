"""What side memories share: their block, their prompts, and what unrelated questions look like there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from mlake.editing.method import Method, Range
from mlake.editing.prompts import need_facts, prompted, refusal
from mlake.editing.side.published import place_for, places_of
from mlake.errors import EditError
from mlake.models.batches import pad_right
from mlake.models.hooks import stopping_at, watched_input
from mlake.models.lm import LM
from mlake.models.spans import Encoded
from mlake.models.tokens import token_ids
from mlake.records import Exchange, Statement
from mlake.sentences import everyday

__all__ = ["AtBlock", "encoded", "entering", "told", "unrelated"]

_ASKED = 32  # unrelated questions that a language is measured on


@dataclass(frozen=True, slots=True)
class AtBlock(Method):
    """A memory at one block.

    Attributes:
        layer: The block; what was published for the family, scaled to the model's depth, unless set.
        steps: Most steps for a value.
        stop: A fact whose loss is below this is learnt.
    """

    family: ClassVar[str] = "side memory"
    mergeable: ClassVar[bool] = False
    weighs: ClassVar[str] = "vectors of each fact, or one matrix, at one block"

    layer: int | None = None
    steps: int = 50
    stop: float = 0.05

    def suggested(self, lm: LM, /) -> Mapping[str, Any]:
        """The block."""
        return {"layer": place_for(self.name, lm)[0]}

    def families(self) -> Sequence[Mapping[str, Any]]:
        """The rows of ``PLACES`` for this method."""
        return [one._asdict() | {"like": ""} for one in places_of(self.name)]

    def published(self, lm: LM, /) -> str:
        """Where the block for this family was published."""
        return place_for(self.name, lm)[1] or "none was published for this family: mlake's own choice"

    def fitted(self, lm: LM, /) -> Self:
        """The method itself.

        Raises:
            EditError: The block is the last one, or none.
        """
        depth = len(lm.layers)
        if self.layer is None or not self.layer < depth - 1:
            raise EditError(
                f"{self.name} needs a block with another one behind it, got layer {self.layer} of {depth}; "
                f"set layer to a number from 0 to {depth - 2}"
            )
        return self

    def refusal(self, lm: LM, statement: Statement, /) -> str | None:
        """Why a statement cannot be put into a prompt."""
        return refusal(lm, statement, "question", "prompt")

    def search(self) -> Mapping[str, Range]:
        """Where it stands."""
        return {"layer": Range(0.5, 0.9, "depth")}

    def passes(self) -> float:
        """Steps run the blocks above its own."""
        return self.steps / 4


def told(method: Method, lm: LM, statements: Sequence[Statement], losses: Sequence[float]) -> dict[str, Any]:
    """What an edit says of itself: its method, model, and the loss of each fact."""
    return {
        "method": method.config(),
        "model": lm.name,
        "model_revision": lm.revision,
        "facts": [
            {"fact": one.fact, "lang": one.lang, "loss": round(loss, 6)}
            for one, loss in zip(statements, losses, strict=True)
        ],
    }


def encoded(lm: LM, statements: Sequence[Statement]) -> list[Encoded]:
    """The prompt of each statement as the evaluation asks it, with its new answer and what ends an answer.

    Raises:
        EditError: No statements.
        SubjectError: One has no new answer.
    """
    need_facts(statements)
    end, eos = lm.style.stop, lm.tokenizer.eos_token_id
    ends = lm.tokenizer(end, add_special_tokens=False)["input_ids"] if end else [] if eos is None else [eos]
    plain = [prompted(lm, one, kind="question", key="prompt", contexts=0).plain for one in statements]
    return [replace(one, ids=(*one.ids, *ends), target=one.target + len(ends)) for one in plain]


@torch.no_grad()
def entering(lm: LM, module: nn.Module, past: nn.Module, rows: Sequence[Sequence[int]]) -> list[Tensor]:
    """What a module is fed at the tokens of each row, ``(length, width)``, in float32 or wider.

    Args:
        lm: The model, with earlier edits in force.
        module: The module.
        past: A module that is reached once the other is done; nothing from there on is computed.
        rows: Token ids of prompts.
    """
    found: list[Tensor] = []
    for start in range(0, len(rows), _ASKED):
        some, seen = rows[start : start + _ASKED], list[Tensor]()
        padded, ends = pad_right(some, lm.pad_id, lm.device), torch.tensor([len(row) - 1 for row in some])
        with watched_input(module, seen.append), stopping_at(past), lm.passes.told(ends=ends):
            lm.model.base_model(input_ids=padded.ids, attention_mask=padded.mask, use_cache=False)
        wide = torch.promote_types(seen[0].dtype, torch.float32)
        found += [hidden[: len(row)].to(wide) for hidden, row in zip(seen[0], some, strict=True)]
    return found


def unrelated(lm: LM, text: Sequence[str], lang: str) -> list[list[int]]:
    """Prompts of questions on other things, those of a language where there are any.

    Args:
        lm: The model.
        text: Ordinary text of the data set.
        lang: Language code.
    """
    own = [one for one in text if isinstance(one, Exchange) and one.lang == lang][:_ASKED]
    asked = own if len(own) > 1 else list(everyday()[::5])
    return token_ids(lm, [lm.style.prompt(one) for one in asked], special=not lm.style.chat)
