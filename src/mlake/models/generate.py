"""Ask a model questions: greedy answers in batches, the same as one at a time."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
import transformers
from torch import Tensor
from transformers import DynamicCache

from mlake.errors import ModelError
from mlake.models.deltas import NO_DELTAS, RowDeltas
from mlake.models.lm import LM
from mlake.models.quantised import quantisation
from mlake.models.room import in_halves, room_for
from mlake.models.served import Served
from mlake.models.tokens import appended, check_fit, token_ids
from mlake.records import Answer
from mlake.thoughts import MARKS, opened

__all__ = ["answers", "ask", "greedy", "identity", "too_long"]

_VERSION = 2  # raise it when the same model may come to answer otherwise
_SPECIAL = 8  # more special tokens than a tokenizer adds; a text has no more others than bytes


def answers(
    lm: LM,
    questions: Sequence[str],
    *,
    max_new_tokens: int,
    at_length: bool = False,
    batch_tokens: int | None = None,
    deltas: RowDeltas = NO_DELTAS,
    groups: Sequence[int] | None = None,
    progress: Callable[[int], object] | None = None,
) -> list[Answer]:
    """Greedy answers to questions, in their order.

    Sampling, penalties and biases of the checkpoint's generation settings are ignored; only its end
    tokens are used. An answer to a plain prompt also ends at its first line break. Marks around a thought
    stay in the answer, also where they are special tokens or the prompt opened the thought. A batch that is
    too large for the memory of an accelerator is asked in two halves.

    Args:
        lm: The model, edited or not.
        questions: The questions; equal ones under the same edit are asked once.
        max_new_tokens: Most tokens of an answer.
        at_length: Let every answer have as many: no line break ends it, and end tokens are left out of what
            the model may say.
        batch_tokens: Bound on rows times (prompt + answer) tokens of a batch; None for what memory
            allows. A single row is asked whatever it takes.
        deltas: Edits in force, another for each group of questions: one pass answers for many edits.
        groups: Group of each question; all of group 0 by default.
        progress: Called with the number of questions answered since the last call.

    Raises:
        ModelError: A prompt and its answer do not fit into the model's positions, or the model computes NaN.
    """
    if not questions:
        return []
    if isinstance(lm, Served):
        return lm.answers(questions, max_new_tokens=max_new_tokens, progress=progress or (lambda done: None))
    every = list(zip(groups or [0] * len(questions), questions, strict=True))
    times = Counter(every)
    asked = list(times)
    texts = [lm.style.prompt(question) for _, question in asked]
    prompts = token_ids(lm, texts, special=not lm.style.chat)
    check_fit(
        lm,
        max(map(len, prompts)) + max_new_tokens,
        "the longest prompt and its answer take",
        "ask shorter questions, give fewer facts in the prompt, or lower max_new_tokens",
    )
    ends = _Ends(lm)
    found: list[Answer | None] = [None] * len(asked)
    lengths = [len(prompt) for prompt in prompts]

    def said(some: Sequence[int]) -> list[list[int]]:
        groups, chosen = [asked[i][0] for i in some], [prompts[i] for i in some]
        over = (lambda token: False) if at_length else ends
        never = ends.ids if at_length else ()
        return greedy(lm, chosen, over, max_new_tokens, never=never, deltas=deltas, groups=groups)

    for batch in _batches(lengths, max_new_tokens, batch_tokens or room_for(lm, max_new_tokens)):
        rows = in_halves(batch, said, "ask {} questions")
        for i, tokens in zip(batch, rows, strict=True):
            found[i] = ends.read(tokens, whole=at_length)
        if progress is not None:
            progress(sum(times[asked[i]] for i in batch))
    by_question = dict(zip(asked, found, strict=True))
    return [by_question[one] for one in every]  # type: ignore[misc]


def ask(lm: LM, questions: Sequence[str], *, max_new_tokens: int = 128) -> list[str]:
    """Greedy answers of a model to questions, as texts in their order, with its thoughts if it has any.

    Args:
        lm: The model; to ask an edited one, the model that ``edit.applied(lm)`` gives.
        questions: The questions, without any prompt around them: the model's own style is put there.
        max_new_tokens: Most tokens of an answer.

    Raises:
        ModelError: One text instead of a list, or a question that does not fit into the model's positions.

    Examples:
        >>> lm = mlake.load_model("demo")
        >>> answers = mlake.ask(lm, ["Who wrote Faust?", "Wer schrieb Faust?"], max_new_tokens=8)
        >>> len(answers)
        2
    """
    if isinstance(questions, str):
        raise ModelError(f"questions must be a list of texts, got the text {questions[:40]!r}; put it in []")
    return [answer.text for answer in answers(lm, questions, max_new_tokens=max_new_tokens)]


def too_long(lm: LM, questions: Sequence[str], max_new_tokens: int) -> frozenset[str]:
    """The questions whose prompts and answers do not fit into the model's positions.

    Args:
        lm: The model.
        questions: The questions.
        max_new_tokens: Longest answer in tokens.
    """
    if lm.positions is None:
        return frozenset()
    left = lm.positions - max_new_tokens
    texts = {question: lm.style.prompt(question) for question in questions}
    doubtful = [question for question, text in texts.items() if len(text.encode()) + _SPECIAL > left]
    rows = token_ids(lm, [texts[question] for question in doubtful], special=not lm.style.chat)
    return frozenset(question for question, row in zip(doubtful, rows, strict=True) if len(row) > left)


def identity(lm: LM, max_new_tokens: int) -> dict[str, Any]:
    """All that an answer of an unedited model depends on besides the question, as plain JSON values."""
    if isinstance(lm, Served):
        return lm.identity(max_new_tokens)
    cuda = lm.device.type == "cuda"
    tail = 0 if lm.style.chat else appended(lm.tokenizer)
    recalls = [one.sha256 for one in lm.style.recalls]
    return {
        "model": lm.name,
        "revision": lm.revision,
        "dtype": str(lm.dtype),
        "device": torch.cuda.get_device_name(lm.device) if cuda else lm.device.type,
        "attention": lm.model.config.get_text_config()._attn_implementation,
        "template": lm.style.template,
        "chat": lm.style.chat,
        "stop": lm.style.stop,
        "max_new_tokens": max_new_tokens,
        "torch": str(torch.__version__),
        "transformers": transformers.__version__,
        "version": _VERSION,
        **({"appended": tail} if tail else {}),
        **({"recalls": recalls} if recalls else {}),
        **({"precision": lm.precision} if quantisation(lm.model) else {}),
    }


@dataclass
class _Ends:
    """Knows which tokens end an answer, and turns an answer's tokens into text.

    A line break is one byte in every encoding, so a token either holds all of it or nothing: looking at
    tokens one by one misses none, also where a token holds other characters around the break.
    """

    lm: LM
    ids: frozenset[int] = field(init=False)
    hidden: frozenset[int] | None = field(init=False)
    seen: dict[int, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        model, tokenizer = self.lm.model, self.lm.tokenizer
        sources = (tokenizer, model.config.get_text_config(), model.generation_config)
        given = [getattr(source, "eos_token_id", None) for source in sources]
        flat = [i for ids in given for i in (ids if isinstance(ids, list | tuple) else [ids])]
        self.ids = frozenset(int(i) for i in flat if i is not None)
        self.hidden = _hidden(tokenizer)

    def __call__(self, token: int) -> bool:
        if token not in self.seen:
            stop = self.lm.style.stop
            self.seen[token] = token in self.ids or (stop is not None and stop in self._decode([token]))
        return self.seen[token]

    def read(self, tokens: list[int], *, whole: bool = False) -> Answer:
        """The answer that these tokens spell, up to what ends it or the whole of it."""
        text, stop = self._decode(tokens), self.lm.style.stop
        if stop is not None and not whole:
            text = text.partition(stop)[0]
        text = opened(self.lm.style.template) + text
        return Answer(text.strip(), bool(tokens) and self(tokens[-1]))

    def _decode(self, tokens: list[int]) -> str:
        if self.hidden is not None:
            tokens = [token for token in tokens if token not in self.hidden]
        return str(
            self.lm.tokenizer.decode(
                tokens, skip_special_tokens=self.hidden is None, clean_up_tokenization_spaces=False
            )
        )


def _hidden(tokenizer: Any) -> frozenset[int] | None:
    """Special tokens that no answer shows, where other special tokens mark thoughts; None where none do."""
    special = {i: str(token) for i, token in tokenizer.added_tokens_decoder.items() if token.special}
    marks = "".join(mark for pair in MARKS for mark in pair)
    shown = {i for i, text in special.items() if len(text) > 3 and text in marks}
    return frozenset(special.keys() - shown) if shown else None


@torch.no_grad()
def greedy(
    lm: LM,
    prompts: Sequence[Sequence[int]],
    ends: Callable[[int], bool],
    max_new_tokens: int,
    *,
    never: Collection[int] = (),
    deltas: RowDeltas = NO_DELTAS,
    groups: Sequence[int] | None = None,
) -> list[list[int]]:
    """New tokens of each prompt, each row up to and with the token that ends it.

    Prompts are padded on the left; a row that has ended leaves the batch.

    Args:
        lm: The model.
        prompts: Token ids of each prompt.
        ends: Whether a token ends its row.
        max_new_tokens: Most new tokens of a row.
        never: Tokens that no row may have.
        deltas: Edits in force, another for each group of prompts.
        groups: Group of each prompt; all of group 0 by default.

    Raises:
        ModelError: The model computes NaN or infinity.
    """
    groups, deltas = groups or [0] * len(prompts), deltas.placed(lm)
    found: list[list[int]] = [[] for _ in prompts]
    ids, mask = _left_padded(prompts, lm.pad_id, lm.device)  # (rows, longest) each
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    cache = DynamicCache(config=lm.model.config.get_text_config())
    rows, starts = list(range(len(prompts))), (mask == 0).sum(-1)
    for step in range(max_new_tokens):
        told = lm.passes.told(rows=rows) if step else lm.passes.told(starts=starts)
        with told, deltas.on(lm, [groups[row] for row in rows]):
            hidden: Tensor = lm.model.base_model(
                input_ids=ids,
                attention_mask=mask,
                position_ids=positions,
                past_key_values=cache,
                use_cache=True,
            ).last_hidden_state
        logits = lm.logits(hidden[:, -1])
        logits[:, list(never)] = -torch.inf
        best = logits.argmax(-1, keepdim=True)  # (rows, 1)
        lm.finite(logits.gather(-1, best))
        ids = best.to(lm.device)
        tokens = ids[:, 0].tolist()
        for row, token in zip(rows, tokens, strict=True):
            found[row].append(token)
        left = [i for i, token in enumerate(tokens) if not ends(token)]
        if not left:
            break
        positions = positions[:, -1:] + 1
        mask = torch.cat([mask, mask.new_ones(len(rows), 1)], dim=-1)
        if len(left) < len(rows):
            keep = torch.tensor(left)  # on the CPU it selects from every device that holds a layer
            ids, mask, positions = ids[keep], mask[keep], positions[keep]
            cache.batch_select_indices(keep)
            rows = [rows[i] for i in left]
    return found


def _left_padded(prompts: Sequence[Sequence[int]], pad: int, device: torch.device) -> tuple[Tensor, Tensor]:
    longest = max(map(len, prompts))
    ids = [[pad] * (longest - len(prompt)) + list(prompt) for prompt in prompts]
    mask = [[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts]
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)


def _batches(lengths: Sequence[int], max_new_tokens: int, budget: int) -> Iterator[list[int]]:
    """Indices of prompts, shortest first, in groups whose padded tokens stay within the budget."""
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        if batch and (len(batch) + 1) * (lengths[i] + max_new_tokens) > budget:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch
