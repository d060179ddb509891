"""What an editor is trained on: edits, other wordings of them, and facts that they should not touch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import NamedTuple

from mlake.editing.prompts import NO_SENTENCE, prompted
from mlake.errors import EditError
from mlake.languages import lacking, language
from mlake.models.lm import LM
from mlake.models.spans import Encoded, encode
from mlake.models.tokens import check_fit
from mlake.records import Fact, Statement

__all__ = ["Draw", "Example", "draw", "examples"]


@dataclass(frozen=True, slots=True)
class Example:
    """A fact in one language, as prompts with their targets.

    Attributes:
        fact: Id of the fact.
        edit: Its question with the new answer.
        near: Other wordings with the new answer; one is drawn at a time.
        far: Its question with the old answer, kept while other facts are edited; None if that is unknown.
        said: The fact as it is edited.
    """

    fact: str
    edit: Encoded
    near: tuple[Encoded, ...]
    far: Encoded | None
    said: Statement


class Draw(NamedTuple):
    """Prompts of one training step.

    Attributes:
        edit: The facts to edit.
        near: One other wording of each.
        far: Questions about other facts.
        told: The facts to edit as they are stated.
    """

    edit: list[Encoded]
    near: list[Encoded]
    far: list[Encoded]
    told: list[Statement]


def examples(lm: LM, facts: Sequence[Fact], langs: Sequence[str]) -> dict[str, list[Example]]:
    """Training data by language.

    Another wording is a ``paraphrase`` probe where a fact has one. Elsewhere it is the edited sentence up to
    its answer, or the question behind one of the language's neutral sentences.

    Raises:
        EditError: Facts are not stated in a language.
        LanguageError: A fact has no paraphrase, and its language nothing to make one of.
        SubjectError: A fact has no new answer.
    """
    found = {}
    for lang in langs:
        language(lang)
        found[lang] = [_example(lm, fact, lang) for fact in facts if lang in fact.statements]
        if not found[lang]:
            have = ", ".join(dict.fromkeys(code for fact in facts for code in fact.statements))
            raise EditError(f"no fact to train on is stated in {lang!r}; they have: {have} (--lang)")
    return found


def _example(lm: LM, fact: Fact, lang: str) -> Example:
    said = fact.statements[lang]
    edit = _asked(lm, said)
    far = _asked(lm, replace(said, new=said.old)) if said.old.strip() else None
    space = lm.style.joint(language(lang).space)
    near = tuple(
        encode(lm, lm.style.prompt(probe.text), target=space + said.new, special=not lm.style.chat)
        for probe in fact.probes
        if probe.kind == "paraphrase" and probe.lang == lang
    )
    longest = max((len(one.ids) for one in near), default=0)
    check_fit(lm, longest, f"the longest paraphrase of fact {fact.id!r} takes", "shorten or leave it out")
    return Example(fact.id, edit, near or _reworded(lm, said), far, said)


def _asked(lm: LM, said: Statement) -> Encoded:
    return prompted(lm, said, kind="question", key="prompt", contexts=0).plain


def _reworded(lm: LM, said: Statement) -> tuple[Encoded, ...]:
    """The question behind each neutral sentence, and as often the edited sentence, where it can be used."""
    row = language(said.lang)
    if not row.contexts:
        raise lacking("contexts", row.code, "editors are trained on them where a fact has no paraphrase")
    behind = prompted(lm, said, kind="question", key="prompt", contexts=len(row.contexts))
    contexts = behind.task.prompts[1:]
    sentence = prompted(lm, said, kind="sentence", key="prompt", contexts=0)
    return contexts if NO_SENTENCE in sentence.notes else contexts + (sentence.plain,) * len(contexts)


def draw(pool: Mapping[str, Sequence[Example]], random: Random, *, count: int, others: int) -> Draw:
    """Draw a step: facts in one language, and questions about others in any.

    Args:
        pool: Training data by language.
        random: Source of randomness.
        count: Facts that are edited together; fewer where a language has no more.
        others: Questions about facts that are not edited.
    """
    lang = random.choice(sorted(pool))
    chosen = random.sample(list(pool[lang]), min(count, len(pool[lang])))
    inside = {one.fact for one in chosen}
    every = [one for code in sorted(pool) for one in pool[code]]
    outside = [one.far for one in every if one.far is not None and one.fact not in inside]
    return Draw(
        [one.edit for one in chosen],
        [random.choice(one.near) for one in chosen],
        random.sample(outside, min(others, len(outside))),
        [one.said for one in chosen],
    )
