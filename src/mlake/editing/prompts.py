"""From statements to what an edit is optimised on: prompts with targets, keys and essence prompts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mlake.errors import EditError, ModelError, SubjectError
from mlake.languages import language
from mlake.models.lm import LM
from mlake.models.spans import Encoded, encode
from mlake.models.tokens import check_fit
from mlake.records import Statement
from mlake.text import last_whole

__all__ = [
    "NO_SENTENCE",
    "WITHIN_WORD",
    "EssenceIn",
    "KeyAt",
    "PromptKind",
    "Prompted",
    "ValueTask",
    "need_facts",
    "prompted",
    "refusal",
]

PromptKind = Literal["question", "sentence", "bare"]
KeyAt = Literal["subject", "question", "prompt"]
EssenceIn = Literal["language", "english"]

NO_SENTENCE = "no usable sentence: edited with the question"
"""Note that the edited sentence could not be taken."""

WITHIN_WORD = "the subject stands in the question only within a word: edited there"
"""Note that no occurrence of the subject has word edges around it."""


@dataclass(frozen=True, slots=True)
class ValueTask:
    """One fact to optimise a value for.

    Attributes:
        prompts: The prompt behind each context prefix, with its target; the first has no prefix.
        essence: A prompt such as "{subject} is a" whose continuation is kept by the KL term, or None.
    """

    prompts: tuple[Encoded, ...]
    essence: Encoded | None


@dataclass(frozen=True, slots=True)
class Prompted:
    """A statement as prompts.

    Attributes:
        task: The prompts, plain one first, and the essence prompt.
        notes: Fall-backs that were taken.
    """

    task: ValueTask
    notes: tuple[str, ...] = ()

    @property
    def plain(self) -> Encoded:
        """The prompt without a context prefix."""
        return self.task.prompts[0]


@dataclass(frozen=True, slots=True)
class _Text:
    """Text of a prompt, split where a context prefix goes in."""

    before: str
    after: str
    target: str
    key_end: int | None  # in ``after``
    special: bool


def need_facts(statements: Sequence[Statement]) -> None:
    """Refuse an edit of nothing.

    Raises:
        EditError: There are no statements.
    """
    if not statements:
        raise EditError("no facts to edit; expected at least one statement")


def prompted(
    lm: LM,
    statement: Statement,
    *,
    kind: PromptKind,
    key: KeyAt,
    contexts: Sequence[str] | int,
    essence: EssenceIn = "language",
) -> Prompted:
    """Build the prompts of one statement.

    Args:
        lm: The model: its tokenizer and prompt style.
        statement: The fact.
        kind: ``question`` asks as the evaluation does; ``sentence`` takes the edited sentence up to its
            new answer, and falls back to the question where the answer does not follow the subject;
            ``bare`` is the question alone, with a space before the new answer in any language.
        key: Key token: the subject's last, the question's last, or the prompt's last, which may be of its
            template.
        contexts: Prefixes, or how many of the language's own to use.
        essence: Language of the essence prompt: that of the statement, or English in any case.

    Raises:
        SubjectError: The subject is not known or not in the question, or the target is empty.
        ModelError: A prompt does not fit into the model's positions.
    """
    row = language(statement.lang)
    notes: list[str] = []
    subject = statement.subject if key == "subject" else None
    if key == "subject" and subject is None:
        raise SubjectError(
            f"fact {statement.fact!r} has no subject in {statement.lang!r}; add one that stands verbatim in "
            "its question, or edit at the question's last token (--no-subject)"
        )
    text = _sentence(statement, subject) if kind == "sentence" else None
    if text is None:
        if kind == "sentence":
            notes.append(NO_SENTENCE)
        end = _key_end(statement, subject, key)
        text = _bare(statement, end) if kind == "bare" else _question(lm, statement, end, row.space)
        if subject is not None and last_whole(statement.question, subject, statement.lang) is None:
            notes.append(WITHIN_WORD)
    if not text.target.strip():
        raise SubjectError(f"fact {statement.fact!r} has no new answer in {statement.lang!r}; add new_answer")
    prefixes = row.contexts[:contexts] if isinstance(contexts, int) else tuple(contexts)
    if contexts and not prefixes:
        notes.append(f"no contexts in {row.code}: edited with the prompt alone")
    asked = "en" if essence == "english" else row.code
    if not language(asked).essence:
        notes.append(f"no essence in {row.code}: edited without the KL term")
    try:
        prompts = tuple(_encoded(lm, text, prefix) for prefix in ("", *prefixes))
        kept = _essence(lm, statement, key, asked)
    except SubjectError as error:
        raise SubjectError(f"fact {statement.fact!r} in {statement.lang!r}: {error}") from error
    check_fit(
        lm,
        max(len(one.ids) for one in prompts),
        f"the longest prompt of fact {statement.fact!r} in {statement.lang!r} takes",
        "shorten its question and new answer, or give shorter contexts",
    )
    return Prompted(ValueTask(prompts, kept), tuple(notes))


def refusal(
    lm: LM, statement: Statement, kind: PromptKind, key: KeyAt, contexts: Sequence[str] | int = 0
) -> str | None:
    """Why a statement cannot be put into prompts; None where it can. Arguments as in ``prompted``."""
    try:
        plain = prompted(lm, statement, kind=kind, key=key, contexts=0).plain
        if lm.positions is not None and 2 * len(plain.ids) > lm.positions:  # contexts may make it too long
            prompted(lm, statement, kind=kind, key=key, contexts=contexts)
    except (ModelError, SubjectError) as error:
        return str(error)
    return None


def _key_end(statement: Statement, subject: str | None, key: KeyAt) -> int | None:
    """Character offset in the question just after what is keyed; None for the prompt's end."""
    if key == "question":
        return len(statement.question.rstrip())
    if subject is None:
        return None
    found = _place(statement.question, subject, statement.lang)
    if found < 0:
        raise SubjectError(
            f"subject {subject!r} of fact {statement.fact!r} does not stand in its question "
            f"{statement.question!r}; write it as it stands there"
        )
    return found + len(subject)


def _question(lm: LM, statement: Statement, end: int | None, space: str) -> _Text:
    style = lm.style.asking(statement.question)
    at, prompt = style.question_at(), style.prompt(statement.question)
    target = style.joint(space) + statement.new
    return _Text(prompt[:at], prompt[at:], target, end, special=not style.chat)


def _bare(statement: Statement, end: int | None) -> _Text:
    return _Text("", statement.question, f" {statement.new}", end, special=True)


def _place(text: str, subject: str, lang: str) -> int:
    """Where the subject stands: "It" in "the Italian novel It" is the last word; -1 if it is not there."""
    whole = last_whole(text, subject, lang)
    return text.find(subject) if whole is None else whole


def _sentence(statement: Statement, subject: str | None) -> _Text | None:
    sentence = statement.new_sentence
    start = sentence.rfind(statement.new)
    if start <= 0:
        return None
    head = sentence[:start].rstrip()
    end = None
    if subject is not None:
        found = _place(head, subject, statement.lang)
        if found < 0:
            return None
        end = found + len(subject)
    return _Text("", head, sentence[len(head) : start + len(statement.new)], end, special=True)


def _encoded(lm: LM, text: _Text, prefix: str) -> Encoded:
    end = None if text.key_end is None else len(text.before) + len(prefix) + text.key_end
    return encode(
        lm, text.before + prefix + text.after, target=text.target, subject_end=end, special=text.special
    )


def _essence(lm: LM, statement: Statement, key: KeyAt, lang: str) -> Encoded | None:
    template = language(lang).essence
    if statement.subject is None or not template:
        return None
    text = template.replace("{}", statement.subject, 1)
    end = template.index("{}") + len(statement.subject)
    return encode(lm, text, subject_end=end if key == "subject" else None)
