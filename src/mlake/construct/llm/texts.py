"""A model as writer of the stage ``texts``: it puts what the templates say into words of its own.

Only what passes the proof in the templates' words is asked for. A reply must pass the same proof; where none
does, the template's text stands. Multiple choice keeps the templates' sentences, which differ in nothing but
the answer.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mlake.construct.llm.asked import Values, Wish, asked, object_of
from mlake.construct.llm.model import Model
from mlake.construct.llm.prompts import Prompts
from mlake.construct.proof import part_of, proved, text_faults
from mlake.construct.stage import Made, Row
from mlake.construct.texts import Writer, unsaid
from mlake.data.check import RULES
from mlake.data.check.matching import has, key
from mlake.data.faults import TEXT
from mlake.languages.identify import in_other_language

__all__ = ["model_texts"]

_FACT = "fact"  # the part of a line that is about its own fact
_PARAPHRASE = "paraphrase"
_LONGEST = 300  # characters of a text
_MARKS = re.compile("[?？]")
_TOKENS = {_FACT: 400, "question": 160, "two_hop": 200}


def model_texts(model: Model, writers: Sequence[Writer], drafts: Sequence[Row], made: Made) -> Made:
    """The lines of the templates with a model's texts in place of theirs, as far as these pass the proof.

    Args:
        model: The model.
        writers: What wrote the lines, a language each.
        drafts: Rows of the stage ``edits``.
        made: The lines of the templates, proved.

    Raises:
        DataError: A call is not recorded and none may be made, or nothing is left.
        ModelError: The model fails.
    """
    by_id, by_lang = {row["id"]: row for row in drafts}, {one.wording.lang: one for one in writers}
    wishes = [
        wish
        for line in made.rows
        for wish in _Line(line, by_id[line["fact"]], by_lang[line["lang"]], model).wishes()
    ]

    def proof(found: Mapping[str, Values]) -> dict[str, str]:
        lines = [_rewritten(line, found) for line in made.rows]
        return {
            f"{one.fact}/{one.lang}/{_part(part_of(one))}": f"{_meaning(rule)}: {one.text}"
            for rule, one in text_faults(lines)
        }

    found, drops = asked(model, wishes, proof)
    model.calls.finish()
    last = proved([_rewritten(line, found) for line in made.rows])
    return Made(last.rows, [*made.drops, *drops, *last.drops])


def _meaning(rule: str) -> str:
    return RULES[rule].meaning.rstrip(".") if rule in RULES else rule


def _part(part: str) -> str:
    return _FACT if not part or part.startswith(f"{_PARAPHRASE}-") else part


def _rewritten(line: Row, found: Mapping[str, Values]) -> Row:
    """A line with the texts that were found for it."""
    place = f"{line['fact']}/{line['lang']}/"
    own, count = found.get(place + _FACT, {}), 0
    probes: list[Row] = []
    for probe in line["probes"]:
        text = found.get(place + probe["id"].rpartition("/")[2], {}).get("question")
        if probe["kind"] == _PARAPHRASE:
            count += 1
            text = own.get(f"{_PARAPHRASE}_{count}")
        probes.append(probe if text is None else _asked(probe, text, line["lang"]))
    kept = {name: text for name, text in own.items() if name in line}
    return line | kept | {"probes": probes}


def _asked(probe: Row, text: str, lang: str) -> Row:
    return probe | {"text": text, "accept": list(unsaid(probe["accept"], text, lang))}


@dataclass(frozen=True, slots=True)
class _Line:
    """What a model is asked for in place of the texts of a line.

    Attributes:
        line: The line.
        draft: Its row of the stage ``edits``.
        writer: What wrote it.
        model: The model.
    """

    line: Row
    draft: Row
    writer: Writer
    model: Model

    @property
    def prompts(self) -> Prompts:
        """What the model is told."""
        return self.model.prompts[self.line["lang"]]

    def wishes(self) -> Iterator[Wish]:
        """One about the fact, and one for each question about others."""
        yield self._fact()
        for probe in self.line["probes"]:
            triples = probe.get("triples", ())
            if len(triples) == 2:
                yield self._two_hop(probe, *triples)
            elif len(triples) == 1:
                yield self._question(probe, triples[0])

    def _fact(self) -> Wish:
        line, lang = self.line, self.line["lang"]
        count = sum(probe["kind"] == _PARAPHRASE for probe in line["probes"])
        paraphrases = [f"{_PARAPHRASE}_{number}" for number in range(1, count + 1)]
        names = {"subject": line["subject"], "old": line["old_answer"], "new": line["new_answer"]}
        prompt = self.prompts.fact.format(
            **names,
            old_sentence=line["old_sentence"],
            new_sentence=line["new_sentence"],
            paraphrases=", ".join(f'"{one}"' for one in paraphrases),
        )
        answers = [self.writer.called(self.draft[end]) for end in ("object", "new")]

        def wrong(values: Values) -> str:
            asks = [values[name] for name in ("question", *paraphrases)]
            says = [values["old_sentence"], values["new_sentence"]]
            for text in asks:
                if why := self._unasked(text, line["subject"], line["question"], answers):
                    return why
            for text, answer in zip(says, (line["old_answer"], line["new_answer"]), strict=True):
                if why := self._unsound(text, (line["subject"], answer)):
                    return why
            twice = len({key(text, lang) for text in asks}) < len(asks)
            return "two of the questions are the same" if twice else ""

        fields = ("question", *paraphrases, "old_sentence", "new_sentence")
        return self._wish(_FACT, prompt, fields, _TOKENS[_FACT], wrong)

    def _question(self, probe: Row, triple: Sequence[str]) -> Wish:
        subject, _, obj = triple
        name, answer = self.writer.called(subject)[0], self.writer.called(obj)
        prompt = self.prompts.question.format(
            subject=name, object=answer[0], sentence=self.writer.said(triple)
        )
        return self._one(probe, prompt, "question", name, [answer])

    def _two_hop(self, probe: Row, first: Sequence[str], second: Sequence[str]) -> Wish:
        subject, middle, end = (self.writer.called(one) for one in (first[0], second[0], second[2]))
        prompt = self.prompts.two_hop.format(
            subject=subject[0],
            middle=middle[0],
            object=end[0],
            first=self.writer.said(first),
            second=self.writer.said(second),
        )
        return self._one(probe, prompt, "two_hop", subject[0], [middle, end])

    def _one(
        self, probe: Row, prompt: str, kind: str, subject: str, unnamed: Sequence[tuple[str, ...]]
    ) -> Wish:
        def wrong(values: Values) -> str:
            return self._unasked(values["question"], subject, probe["text"], unnamed)

        return self._wish(probe["id"].rpartition("/")[2], prompt, ("question",), _TOKENS[kind], wrong)

    def _wish(
        self, part: str, prompt: str, fields: Sequence[str], tokens: int, wrong: Callable[[Values], str]
    ) -> Wish:
        item = f"{self.line['fact']}/{self.line['lang']}/{part}"
        shape = object_of(**dict.fromkeys(fields, TEXT))
        return Wish(item, self.line["lang"], prompt, shape, tokens, wrong)

    def _unsound(self, text: str, named: Sequence[str]) -> str:
        """Why a text cannot stand: it is none, names others, or is in another language."""
        if not text or len(text) > _LONGEST or not text.isprintable():
            return f"a text must have 1 to {_LONGEST} characters, all of them plain ones"
        for name in named:
            if name not in text:
                return f"{name!r} does not stand letter for letter in {text!r}"
        other = in_other_language(text, self.line["lang"])
        return f"{text!r} is in another language: {other}" if other else ""

    def _unasked(self, text: str, subject: str, template: str, unnamed: Sequence[tuple[str, ...]]) -> str:
        """Why a question cannot stand: besides that, it is no single question, or names an answer."""
        lang = self.line["lang"]
        if why := self._unsound(text, (subject,)):
            return why
        marks = _MARKS.findall(text.replace(subject, ""))
        if len(marks) != 1 or not _MARKS.match(text[-1]):
            return f"{text!r} is not one question that ends with a question mark"
        for names in unnamed:
            if has(text, names, lang) and not has(template, names, lang):
                return f"{text!r} names {names[0]!r}, which must not be named"
        return ""
