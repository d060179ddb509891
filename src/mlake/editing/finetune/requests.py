"""What a model is asked to write about a fact, in the fact's language, and what of its replies is used.

Each request asks for one text on one line, so that a base model that only continues ``Q: …`` can answer
it too. Replies are not trusted: a text that does not say what it should is thrown away.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mlake.editing.finetune.templates import stated
from mlake.records import Statement
from mlake.text import contains_name, normalise

__all__ = ["MOST_TOKENS", "REQUESTS", "VERSION", "Requests", "description", "paraphrase", "requests"]

VERSION = "requests/1"
"""Recorded with each edit and part of the cache key; raise it with any change to a text below."""

MOST_TOKENS = 160
"""Most tokens of a reply."""

_LONGEST = 400
_SHARED = 0.3
_BULLET = re.compile(r"^(?:[-*•]|\d{1,2}[.)、．:])\s*")
_QUOTED = re.compile(r"^(?:\"(.*)\"|“(.*)”|„(.*)“|«(.*)»|「(.*)」|『(.*)』)$")


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests in one language.

    Attributes:
        paraphrase: Text with ``{question}`` and ``{how}``.
        hows: Ways to rephrase a question.
        description: Text with ``{fact}``, ``{answer}`` and ``{what}``.
        whats: Kinds of text that a fact can stand in.
    """

    paraphrase: str
    hows: tuple[str, ...]
    description: str
    whats: tuple[str, ...]


REQUESTS: dict[str, Requests] = {
    "en": Requests(
        "Rephrase this question {how}. Keep all names as they are, do not answer it, and write only the new "
        "question on one line: {question}",
        ("in other words", "more formally", "casually", "as briefly as possible", "as a polite request",
         "with its words in another order"),
        "Write {what} that states this fact and contains “{answer}” word for word. Write only the text, on "
        "one line. Fact: {fact}",
        ("an encyclopedia entry of two sentences", "a newspaper report of two sentences",
         "two sentences for a school book", "a short casual remark", "a short biography or portrait",
         "a short dialogue"),
    ),
    "de": Requests(
        "Formuliere diese Frage {how}. Lass alle Namen, wie sie sind, beantworte sie nicht, und schreibe nur "
        "die neue Frage in eine Zeile: {question}",
        ("mit anderen Worten", "förmlicher", "umgangssprachlich", "so kurz wie möglich",
         "als höfliche Bitte", "mit anderer Wortstellung"),
        "Schreibe {what} mit dieser Tatsache, worin wörtlich „{answer}“ steht. Schreibe nur den Text, in "
        "eine Zeile. Tatsache: {fact}",
        ("einen Lexikoneintrag von zwei Sätzen", "eine Zeitungsmeldung von zwei Sätzen",
         "zwei Sätze für ein Schulbuch", "eine kurze beiläufige Bemerkung", "ein kurzes Porträt",
         "ein kurzes Gespräch"),
    ),
    "fr": Requests(
        "Reformule cette question {how}. Garde tous les noms tels quels, n'y réponds pas et écris seulement "
        "la nouvelle question sur une ligne : {question}",
        ("avec d'autres mots", "de façon plus soutenue", "dans un style familier",
         "le plus brièvement possible", "comme une demande polie", "en changeant l'ordre des mots"),
        "Écris {what} qui énonce ce fait et contient « {answer} » mot pour mot. Écris seulement le texte, "
        "sur une ligne. Fait : {fact}",
        ("un article d'encyclopédie de deux phrases", "une dépêche de journal de deux phrases",
         "deux phrases pour un manuel scolaire", "une courte remarque familière", "un court portrait",
         "un court dialogue"),
    ),
    "ja": Requests(
        "次の質問を{how}言い換えてください。名前はそのまま残し、質問には答えず、新しい質問だけを一行で"
        "書いてください。質問：{question}",
        ("別の言葉で", "より改まった表現に", "くだけた話し言葉に", "できるだけ短く", "丁寧なお願いの形に",
         "語順を変えて"),
        "次の事実を述べ、「{answer}」という語をそのまま含む{what}を書いてください。本文だけを一行で"
        "書いてください。事実：{fact}",
        ("二文の百科事典の記述", "二文の新聞記事", "教科書の二文", "短い会話文", "短い紹介文",
         "短い感想"),
    ),
    "zh": Requests(
        "请把下面的问题{how}。保留所有名称不变，不要回答问题，只用一行写出新的问题：{question}",
        ("换一种说法", "改写得更正式", "改写得更口语化", "改写得尽量简短", "改写成礼貌的请求",
         "换一种语序改写"),
        "请写{what}，陈述下面的事实，并原样包含“{answer}”。只用一行写出正文。事实：{fact}",
        ("两句百科条目", "两句新闻报道", "两句教科书中的话", "一句随口说的话", "一段简短的介绍",
         "一段简短的对话"),
    ),
}  # fmt: skip
"""Language code to its requests."""


def requests(statement: Statement, questions: int, descriptions: int) -> tuple[list[str], list[str]]:
    """Requests for paraphrases and for descriptions, as many of each as wanted or as there are.

    Both are empty in a language without a row.
    """
    row = REQUESTS.get(statement.lang)
    if row is None:
        return [], []
    fact = stated(statement) or f"{statement.question} {statement.new}"
    parts = {"question": statement.question, "answer": statement.new, "fact": fact}
    return (
        [_with(row.paraphrase, parts | {"how": how}) for how in row.hows[:questions]],
        [_with(row.description, parts | {"what": what}) for what in row.whats[:descriptions]],
    )


def paraphrase(reply: str, statement: Statement) -> str | None:
    """The paraphrase in a reply: its first line that asks for the same, if there is one."""
    return _first(reply, lambda line: _asks_the_same(line, statement))


def description(reply: str, statement: Statement) -> str | None:
    """The description in a reply: its first line that states the new answer, if there is one."""

    def fits(line: str) -> bool:
        return len(line) > len(statement.new) and contains_name(line, (statement.new,), statement.lang)

    return _first(reply, fits)


def _with(template: str, parts: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: parts[found[1]], template)


def _first(reply: str, fits: Callable[[str], bool]) -> str | None:
    return next((line for line in _lines(reply) if len(line) <= _LONGEST and fits(line)), None)


def _lines(reply: str) -> Iterator[str]:
    """The lines that say something, without bullets, quotes around them, and what is not printable."""
    for raw in reply.splitlines():
        line = "".join(char for char in raw if char.isprintable() and char != "\ufffd")
        line = _BULLET.sub("", line.strip())
        quoted = _QUOTED.match(line)
        line = next(part for part in quoted.groups() if part is not None).strip() if quoted else line
        if line:
            yield line


def _asks_the_same(line: str, statement: Statement) -> bool:
    """Whether a line may be the question in other words.

    It must not announce something, must give no answer that the question does not give, and must name
    the subject. Where no subject is known it must share many pairs of characters with the question.
    """
    lang, question = statement.lang, statement.question
    if normalise(line, lang) == normalise(question, lang) or line.endswith((":", "：")):
        return False
    answers = (statement.new, statement.old)
    if any(contains_name(line, (name,), lang) and name not in question for name in answers if name):
        return False
    if statement.subject is not None:
        return contains_name(line, (statement.subject,), lang)
    pairs = _pairs(question)
    return len(pairs & _pairs(line)) >= _SHARED * max(len(pairs), len(_pairs(line)))


def _pairs(text: str) -> set[str]:
    folded = text.casefold()
    return {folded[i : i + 2] for i in range(len(folded) - 1)}
