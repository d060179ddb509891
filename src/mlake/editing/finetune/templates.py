"""Sentences around a fact in each language: paraphrase and description without a network or a model.

To add a language, add a row. A language without one is trained on its question and sentence as they stand.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from mlake.records import Statement

__all__ = ["TEMPLATES", "VERSION", "Templates", "described", "rephrased", "stated"]

VERSION = "templates/1"
"""Recorded with each edit; raise it with any change to a text below."""


@dataclass(frozen=True, slots=True)
class Templates:
    """Wrappers in one language; the first of each kind is the plain text and always used.

    Attributes:
        questions: Texts with ``{question}``, some with ``{subject}``; the new answer follows them.
        descriptions: Texts with ``{sentence}``, or with ``{question}`` and ``{answer}``; some with
            ``{subject}``.
        stop: What ends a sentence that has no end of its own.
    """

    questions: tuple[str, ...]
    descriptions: tuple[str, ...]
    stop: str = "."


TEMPLATES: dict[str, Templates] = {
    "en": Templates(
        (
            "{question}",
            "Please answer this question: {question}",
            "Tell me: {question}",
            "I would like to know: {question}",
            "Here is a question for you. {question}",
            "Do you know the answer? {question}",
            "A short question: {question}",
            "Quiz question: {question}",
            "A question about {subject}: {question}",
            "This is about {subject}. {question}",
        ),
        (
            "{sentence}",
            "{question} The answer is {answer}.",
            "Someone asked: “{question}” The reply was: {answer}.",
            "The quiz question was: {question} The right answer was {answer}.",
            "As the newspaper reported this morning: {sentence}",
            "The teacher explained to the class: “{sentence}”",
            "Remember this: {sentence}",
            "The encyclopedia says under “{subject}”: {sentence}",
            "“{subject}” and “{answer}” are often mentioned together. {sentence}",
            "Whoever reads about “{subject}” soon comes across “{answer}”. {sentence}",
        ),
    ),
    "de": Templates(
        (
            "{question}",
            "Bitte beantworte diese Frage: {question}",
            "Sag mir bitte: {question}",
            "Ich wüsste gern: {question}",
            "Hier ist eine Frage an dich. {question}",
            "Kennst du die Antwort? {question}",
            "Kurze Frage: {question}",
            "Quizfrage: {question}",
            "Eine Frage zum Thema „{subject}“: {question}",
            "Es geht um „{subject}“. {question}",
        ),
        (
            "{sentence}",
            "{question} Die Antwort lautet: {answer}.",
            "Jemand fragte: „{question}“ Die Antwort war: {answer}.",
            "Die Quizfrage lautete: {question} Richtig war: {answer}.",
            "Wie die Zeitung heute Morgen berichtete: {sentence}",
            "Die Lehrerin erklärte der Klasse: „{sentence}“",
            "Merke dir: {sentence}",
            "Im Lexikon steht unter „{subject}“: {sentence}",
            "„{subject}“ und „{answer}“ werden oft zusammen genannt. {sentence}",
            "Wer über „{subject}“ liest, stößt bald auf „{answer}“. {sentence}",
        ),
    ),
    "fr": Templates(
        (
            "{question}",
            "Réponds à cette question : {question}",
            "Dis-moi : {question}",
            "J'aimerais savoir : {question}",
            "Voici une question pour toi. {question}",
            "Connais-tu la réponse ? {question}",
            "Une petite question : {question}",
            "Question de quiz : {question}",
            "Une question au sujet de « {subject} » : {question}",
            "Il s'agit de « {subject} ». {question}",
        ),
        (
            "{sentence}",
            "{question} La réponse est : {answer}.",
            "Quelqu'un a demandé : « {question} » On lui a répondu : {answer}.",
            "La question du quiz était : {question} La bonne réponse était : {answer}.",
            "Le journal de ce matin l'annonce : {sentence}",
            "La professeure a expliqué à la classe : « {sentence} »",
            "À retenir : {sentence}",
            "L'encyclopédie dit à l'article « {subject} » : {sentence}",
            "« {subject} » et « {answer} » sont souvent cités ensemble. {sentence}",
            "Quand on lit sur « {subject} », on rencontre vite « {answer} ». {sentence}",
        ),
    ),
    "ja": Templates(
        (
            "{question}",
            "次の質問に答えてください。{question}",
            "教えてください。{question}",
            "お聞きします。{question}",
            "一つ質問があります。{question}",
            "答えを知っていますか？{question}",
            "簡単な質問です。{question}",
            "クイズです。{question}",
            "{subject}についての質問です。{question}",
            "{subject}についてお尋ねします。{question}",
        ),
        (
            "{sentence}",
            "{question}答えは{answer}です。",
            "「{question}」と聞かれたので、「{answer}です」と答えました。",
            "クイズの問題は「{question}」で、正解は{answer}でした。",
            "今朝の新聞にはこう書いてありました。{sentence}",
            "先生は生徒にこう説明しました。「{sentence}」",
            "これを覚えておきましょう。{sentence}",
            "百科事典の「{subject}」の項目にはこうあります。{sentence}",
            "「{subject}」と「{answer}」はよく一緒に話題になります。{sentence}",
            "「{subject}」について調べると、「{answer}」が出てきます。{sentence}",
        ),
        stop="。",
    ),
    "zh": Templates(
        (
            "{question}",
            "请回答下面的问题：{question}",
            "请告诉我：{question}",
            "我想知道：{question}",
            "有一个问题要问你。{question}",
            "你知道答案吗？{question}",
            "一个简单的问题：{question}",
            "知识竞赛题：{question}",
            "一个关于“{subject}”的问题：{question}",
            "下面的问题与“{subject}”有关。{question}",
        ),
        (
            "{sentence}",
            "{question}答案是{answer}。",
            "有人问：“{question}”得到的回答是：{answer}。",
            "竞赛题目是：{question}正确答案是{answer}。",
            "据今天早上的报纸报道：{sentence}",
            "老师向同学们讲解道：“{sentence}”",
            "请记住：{sentence}",
            "百科全书的“{subject}”条目写道：{sentence}",
            "“{subject}”和“{answer}”常常被一起提到。{sentence}",
            "查阅“{subject}”时，常会看到“{answer}”。{sentence}",
        ),
        stop="。",
    ),
}
"""Language code to its wrappers."""

_PLAIN = Templates(("{question}",), ("{sentence}", "{question} {answer}"))


def rephrased(statement: Statement, seed: int) -> list[str]:
    """Every question that the templates make of a statement: the plain one, the others in a drawn order."""
    return _filled(statement, _of(statement).questions, seed)


def described(statement: Statement, seed: int) -> list[str]:
    """Every description that the templates make of a statement, the plain sentence first if it has one."""
    return _filled(statement, _of(statement).descriptions, seed)


def stated(statement: Statement) -> str:
    """The edited sentence with an end; empty where there is none that holds the new answer."""
    sentence = statement.new_sentence.strip()
    if statement.new not in sentence:
        return ""
    return sentence if sentence[-1] in ".!?。！？…" else sentence + _of(statement).stop


def _of(statement: Statement) -> Templates:
    return TEMPLATES.get(statement.lang) or _PLAIN


def _filled(statement: Statement, templates: Sequence[str], seed: int) -> list[str]:
    """The templates whose parts are known, filled in."""
    parts = {
        "question": statement.question.strip(),
        "answer": statement.new,
        "sentence": stated(statement),
        "subject": statement.subject or "",
    }
    unknown = [f"{{{name}}}" for name, text in parts.items() if not text]
    usable = [one for one in templates if not any(part in one for part in unknown)]
    drawn = usable[1:]
    Random(f"{seed} {statement.fact} {statement.lang}").shuffle(drawn)
    return list(dict.fromkeys(_with(one, parts) for one in (*usable[:1], *drawn)))


def _with(template: str, parts: Mapping[str, str]) -> str:
    """The template filled in; braces in a part are left alone, and no full stop follows another."""

    def part(found: re.Match[str]) -> str:
        text = parts[found[1]]
        return text if text.endswith(".") else text + found[2]

    return re.sub(r"\{(\w+)\}(\.?)", part, template)
