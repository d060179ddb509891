"""What is known about one row, prepared for subject recovery: tokens, candidate spans, where they recur."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from mlake.data.subjects.words import Token, bare, shape, tokenise
from mlake.languages import Language, language

__all__ = ["Clues", "Place", "Row", "prepare", "shared"]

_LONGEST = {True: 14, False: 24}  # tokens in a subject, by whether the script is spaced
_RELATED = 4
_JOINTS = ("·", "・")  # never at the edge of a name


@dataclass(frozen=True, slots=True)
class Clues:
    """The texts of one row in one language.

    Attributes:
        question: The direct question, in which the subject is sought.
        sentences: The fact as a sentence, before and after the edit.
        related: Other questions about the same subject.
        answers: The old and the new answer.
    """

    question: str
    sentences: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()


_Keys = tuple[tuple[str, ...], ...]


class Place(NamedTuple):
    """A candidate in one text: token range ``start:end`` of text number ``text``."""

    text: int
    start: int
    end: int


@dataclass(slots=True)
class Row:
    """One row, tokenised; text 0 is the question.

    Attributes:
        texts: Tokens of each text.
        kinds: Kind of each text: ``q`` question, ``s`` sentence, ``r`` related question.
        shapes: What each token of each text looks like.
        classes: What each question token looks like and where else it stands: (shape, in the sentence,
            in the related questions, in another language, inside quotes).
        places: Candidate span of the question to its places in all texts, the question first.
        penalties: Candidate span to what speaks against it apart from its words.
        contexts: For every gap of every text, what a start and an end there are counted by.
    """

    source: str
    texts: list[list[Token]]
    kinds: str
    shapes: list[list[str]]
    classes: list[tuple[object, ...]]
    places: dict[tuple[int, int], list[Place]]
    penalties: dict[tuple[int, int], float]
    contexts: list[list[tuple[_Keys, _Keys]]] = field(default_factory=list)


def _contexts(row: Row, number: int) -> list[tuple[_Keys, _Keys]]:
    """For every gap of a text the context keys of a start and of an end there, general to specific."""
    kind = row.kinds[number]
    words = ["^", "^", *(token.text for token in row.texts[number]), "$", "$"]
    looks = ["^", *row.shapes[number], "$"]
    keys: list[tuple[_Keys, _Keys]] = []
    for gap in range(len(looks) - 1):
        pair = (kind, looks[gap], looks[gap + 1])
        before2, before, after, after2 = words[gap : gap + 4]
        keys.append(
            (
                (("start", *pair), ("start", kind, before), ("start", kind, before2, before)),
                (("end", *pair), ("end", kind, after), ("end", kind, after, after2)),
            )
        )
    return keys


def _find(needle: list[str], text: list[str]) -> int:
    for start in range(len(text) - len(needle) + 1):
        if text[start : start + len(needle)] == needle:
            return start
    return -1


def _quoted(tokens: Sequence[Token]) -> list[bool]:
    inside = [False] * len(tokens)
    words = [token.text for token in tokens]
    mark = '"' if '"' in words else "'"
    marks = [place for place, word in enumerate(words) if word == mark]
    for first, last in zip(marks[::2], marks[1::2], strict=False):
        inside[first + 1 : last] = [True] * (last - first - 1)
    return inside


def _edges(source: str, tokens: Sequence[Token], lang: Language) -> list[tuple[bool, bool]]:
    """For each token, whether a subject may start and may end there."""
    allowed = []
    for place, token in enumerate(tokens):
        mark = shape(source, token) == "mark"
        joined_before = place > 0 and tokens[place - 1].text in _JOINTS
        joined_after = place + 1 < len(tokens) and tokens[place + 1].text in _JOINTS
        start = not mark and not token.text.endswith("'") and not joined_before
        closing = token.text in ("!", "+", ")", "）") and place > 0
        if lang.spaced:
            follows = token.text in lang.followers
            leads = source[token.start : token.end] in lang.leaders or (
                place == 0 and token.text in lang.leaders
            )
        else:
            follows = source[: token.end].endswith(lang.followers)
            leads = source[token.start :].startswith(lang.leaders)
        end = (not mark or closing) and not joined_after and not follows
        allowed.append((start and not leads and not (lang.spaced and follows), end))
    return allowed


def _penalty(places: Sequence[Place], kinds: str, needle: list[str], answers: Sequence[list[str]]) -> float:
    found = {kinds[place.text] for place in places}
    lost = 0.0
    if "s" in kinds and "s" not in found:
        lost += 4.0
    if "r" in kinds and "r" not in found:
        lost += 3.0
    if needle in answers:
        lost += 12.0
    elif any(_find(needle, answer) >= 0 for answer in answers):
        lost += 3.0
    return lost


def _fills_quotes(classes: Sequence[tuple[object, ...]], start: int, end: int) -> bool:
    inside = [bool(one[-1]) for one in classes]
    return (
        all(inside[start:end]) and start > 0 and end < len(inside) and not (inside[start - 1] or inside[end])
    )


def _is_name(row: Row, place: int, lang: Language) -> bool:
    """Whether a token next to a candidate looks like part of the same name."""
    if not 0 < place < len(row.texts[0]):
        return False
    text = row.texts[0][place].text
    if text in lang.leaders:
        return False
    capital = row.shapes[0][place] in ("upper", "digit") and (lang.capitals or bool(row.classes[place][3]))
    return capital or text in lang.heads


def _cut_name(row: Row, start: int, end: int, lang: Language) -> int:
    """How many edges of a candidate cut off a neighbouring part of its name."""
    words = row.texts[0]
    before = start - 1
    while before > 0 and words[before].text in lang.links:
        before -= 1
    after = end
    while after < len(words) and words[after].text in lang.links:
        after += 1
    return _is_name(row, before, lang) + _is_name(row, after, lang)


def _cut_tail(row: Row, end: int, lang: Language) -> bool:
    """Whether a candidate ends before or within an ending that belongs to its name."""
    at = row.texts[0][end - 1].end
    return any(
        row.source.startswith(tail, at - cut) for tail in lang.tails for cut in range(min(len(tail), at + 1))
    )


def prepare(clues: Clues, code: str, elsewhere: set[str]) -> Row:
    """Tokenises a row and lists its candidates.

    Args:
        clues: The texts of the row.
        code: Language code.
        elsewhere: Unaccented tokens of the same question in languages that share the script.
    """
    lang = language(code)
    answers = [[token.text for token in tokenise(answer, lang)] for answer in clues.answers]
    sources = [clues.question]
    kinds = "q"
    for kind, group in (("s", clues.sentences[:1]), ("r", clues.related[:_RELATED])):
        sources += group
        kinds += kind * len(group)
    texts = [tokenise(source, lang) for source in sources]
    words = [[token.text for token in text] for text in texts]
    sets = {
        kind: {w for k, text in zip(kinds, words, strict=True) if k == kind for w in text} for kind in "sr"
    }
    shapes = [[shape(source, token) for token in text] for source, text in zip(sources, texts, strict=True)]
    quoted = _quoted(texts[0])
    classes: list[tuple[object, ...]] = [
        (
            shapes[0][place],
            token.text in sets["s"] if "s" in kinds else None,
            token.text in sets["r"] if "r" in kinds else None,
            bare(token.text) in elsewhere,
            quoted[place],
        )
        for place, token in enumerate(texts[0])
    ]
    row = Row(clues.question, texts, kinds, shapes, classes, {}, {})
    row.contexts = [_contexts(row, number) for number in range(len(texts))]
    _candidates(row, words, answers, lang)
    return row


def _candidates(row: Row, words: list[list[str]], answers: Sequence[list[str]], lang: Language) -> None:
    edges = _edges(row.source, row.texts[0], lang)
    count = len(words[0])
    cut_tails = [not lang.spaced and _cut_tail(row, end, lang) for end in range(1, count + 1)]
    for start in range(count):
        if not edges[start][0]:
            continue
        for end in range(start + 1, min(count, start + _LONGEST[lang.spaced]) + 1):
            if words[0][end - 1] in "?？。":
                break
            if not edges[end - 1][1]:
                continue
            needle = words[0][start:end]
            single = end - start == 1 and row.shapes[0][start] in ("CJK", "HIRAGANA")
            if single or needle.count("(") != needle.count(")"):
                continue
            places = [Place(0, start, end)]
            for text in range(1, len(words)):
                at = _find(needle, words[text])
                if at >= 0:
                    places.append(Place(text, at, at + len(needle)))
            row.places[start, end] = places
            lost = _penalty(places, row.kinds, needle, answers)
            if _fills_quotes(row.classes, start, end):
                lost -= 8.0
            if lang.spaced:
                lost += 4.0 * _cut_name(row, start, end, lang)
            elif cut_tails[end - 1]:
                lost += 10.0
            row.penalties[start, end] = lost


def shared(clues: Mapping[str, Sequence[Clues]], row: int, code: str) -> set[str]:
    """Unaccented tokens of one row's questions in the other languages that share the script."""
    script = language(code).script
    others = [c for c in clues if c != code and language(c).script == script]
    return {
        bare(token.text)
        for other in others
        for token in tokenise(clues[other][row].question, language(other))
    }
