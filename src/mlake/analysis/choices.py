"""Multiple choice, the second form in which MLaKE asks (section 2.1.3): a question with lettered options.

Two ways to read a choice, each a scorer of the rows that come out:

- ``choice_likelihood``: the letter that the model gives the highest probability as its next token, letters
  compared among themselves. A letter's probability is that of its token with and without a leading space.
- ``choice_generated``: the model answers, and the letter, or else the option's text, is read from what it
  says (``mlake.analysis.letters``). An answer that names none, or several, counts as wrong, and
  ``choice_unread`` counts it.

Both are 1 for the accepted option, which is the *new* answer where a question is about the edited fact.
``choice_likelihood_old`` and ``choice_generated_old`` are the same for the old answer, where it is an option.
"""

import string
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mlake.analysis.letters import read_choice
from mlake.errors import DataError, ModelError
from mlake.languages import lacking, language
from mlake.models.batches import by_length, pad_left
from mlake.models.generate import answers
from mlake.models.lm import LM
from mlake.models.prompts import PLAIN, PromptStyle
from mlake.models.room import room_for
from mlake.models.tokens import token_ids
from mlake.records import Probe
from mlake.scorers.row import ScoredRow

__all__ = [
    "MAX_NEW_TOKENS",
    "Choice",
    "ask_choices",
    "choice_rows",
    "score_choices",
]

MAX_NEW_TOKENS = 32
"""Enough for a letter with a few words before it, or for the part of an option that tells it apart."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a model chose.

    Attributes:
        probe: The question.
        gold: Index of the accepted option.
        old: Index of the old answer's option; None if there is none.
        likely: Index of the option with the likeliest letter; None for a model on a server.
        generated: Index of the option that the answer names; None if it names none or several.
        text: The answer.
    """

    probe: Probe
    gold: int
    old: int | None
    likely: int | None
    generated: int | None
    text: str


def choice_rows(
    lm: LM, probes: Sequence[Probe], progress: Callable[[int], object] | None = None
) -> list[ScoredRow]:
    """Ask and score multiple choice; see ``ask_choices`` and ``score_choices``."""
    return score_choices(ask_choices(lm, probes, progress))


def ask_choices(
    lm: LM, probes: Sequence[Probe], progress: Callable[[int], object] | None = None
) -> list[Choice]:
    """Ask multiple choice both ways, each in batches. Options keep the order of the data set.

    Args:
        lm: The model, edited or not.
        probes: Questions with options.
        progress: Called with the number of questions answered since the last call.

    Raises:
        DataError: A question has no options, more than 26, or accepts none of them.
        LanguageError: A question's language has no wording for multiple choice.
        UnknownNameError: A question is in a language that mlake does not know.
        ModelError: A prompt does not fit into the model's positions, or no token is a letter alone.
    """
    golds = [_checked(probe) for probe in probes]
    prompts = [_prompt(lm.style, probe) for probe in probes]
    given = replace(lm, style=replace(lm.style, template="{question}"))
    replies = answers(given, prompts, max_new_tokens=MAX_NEW_TOKENS, progress=progress)
    counts = [len(probe.options) for probe in probes]
    likely = _likely(given, prompts, counts) if lm.at_hand else [None] * len(probes)
    return [
        Choice(
            probe=probe,
            gold=gold,
            old=_option(probe, probe.reject),
            likely=letter,
            generated=read_choice(reply.after_thought().text, probe.options, probe.lang),
            text=reply.text,
        )
        for probe, gold, letter, reply in zip(probes, golds, likely, replies, strict=True)
    ]


def score_choices(choices: Iterable[Choice]) -> list[ScoredRow]:
    """Five rows a question: both ways for the accepted and for the old option, and whether none was named.

    Nothing is known of likely letters where a model is on a server.
    """
    rows = []
    for one in choices:
        has_old, read = one.old is not None, one.likely is not None
        values = {
            "choice_likelihood": float(one.likely == one.gold) if read else None,
            "choice_generated": float(one.generated == one.gold),
            "choice_likelihood_old": float(one.likely == one.old) if has_old and read else None,
            "choice_generated_old": float(one.generated == one.old) if has_old else None,
            "choice_unread": float(one.generated is None),
        }
        probe = one.probe
        rows += [
            ScoredRow(None, None, probe.kind, probe.id, probe.fact, probe.lang, scorer, value)
            for scorer, value in values.items()
        ]
    return rows


def _checked(probe: Probe) -> int:
    """Index of the accepted option."""
    if not 0 < len(probe.options) <= len(string.ascii_uppercase):
        raise DataError(f"question {probe.id!r} has {len(probe.options)} options; expected 1 to 26")
    gold = _option(probe, probe.accept)
    if gold is None:
        raise DataError(
            f"question {probe.id!r} accepts {probe.accept[:1]}, which is none of its options; "
            "give an option's letter or its text"
        )
    return gold


def _option(probe: Probe, names: Sequence[str]) -> int | None:
    """Index of the option that is meant by its text or by its letter."""
    letters = string.ascii_uppercase[: len(probe.options)]
    for name in names:
        if name in probe.options:
            return probe.options.index(name)
        if len(name) == 1 and name in letters:
            return letters.index(name)
    return None


def _prompt(style: PromptStyle, probe: Probe) -> str:
    """The whole prompt.

    The plain template ends in ``A:``, which reads as a letter, so a plain model gets the language's cue.
    """
    wording = language(probe.lang).choice
    if wording is None:
        raise lacking("wording of multiple choice", probe.lang, "leave these questions out")
    options = zip(string.ascii_uppercase, probe.options, strict=False)
    lines = [probe.text, *(f"{letter}. {option}" for letter, option in options)]
    style = style.asking(probe.text)
    if style.template == PLAIN:
        return "\n".join([*lines, wording.cue])
    return style.prompt("\n".join([*lines, wording.ask]))


@torch.no_grad()
def _likely(lm: LM, prompts: Sequence[str], counts: Sequence[int]) -> Sequence[int | None]:
    """Index of the letter that is likeliest right after each prompt, among as many as it has options."""
    if not prompts:
        return []
    encoded = token_ids(lm, prompts, special=not lm.style.chat)
    tokens = [_letter_tokens(lm, letter) for letter in string.ascii_uppercase[: max(counts)]]
    found = [0] * len(prompts)
    for batch in by_length([len(ids) for ids in encoded], room_for(lm, 1)):
        ids, mask = pad_left([encoded[i] for i in batch], lm.pad_id, lm.device)
        hidden: Tensor = lm.model.base_model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=(mask.cumsum(-1) - 1).clamp(min=0),
            use_cache=False,
        ).last_hidden_state
        logits = lm.logits(hidden[:, -1])  # (rows, vocabulary)
        # Scores are (rows, letters).
        scores = lm.finite(torch.stack([logits[:, one].logsumexp(-1) for one in tokens], dim=-1))
        for row, i in enumerate(batch):
            found[i] = int(scores[row, : counts[i]].argmax())
    return found


def _letter_tokens(lm: LM, letter: str) -> list[int]:
    """Tokens that are a letter alone, after a line break and after a space."""
    encoded = lm.tokenizer([f"\n{letter}", f" {letter}"], add_special_tokens=False)["input_ids"]
    ends = dict.fromkeys(ids[-1] for ids in encoded)
    tokens = [token for token in ends if lm.tokenizer.decode([token]).strip() == letter]
    if not tokens:
        raise ModelError(f"{lm.name!r} has no token that is {letter!r} alone; read generated answers instead")
    return tokens
