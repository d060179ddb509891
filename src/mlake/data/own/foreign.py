"""Facts in the JSON that the field's other tools read, as the line of JSON Lines that says the same.

An object is told by its keys. What has no place in a line is counted, never dropped in silence.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["FORMS", "Form", "form_of"]

_Values = Mapping[str, Any]

_PORTABILITY = {"Reasoning": "multihop", "Subject_Aliasing": "paraphrase"}
"""KnowEdit's questions about what follows from an edit, by the kind of question that each is."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form that facts are passed on in.

    Attributes:
        name: What the field calls it.
        marks: Keys by which an object of the form is told.
        names: What the form calls the fields of a line.
        line: Makes the fields of a line of an object; counts in its second argument what has no place there.
    """

    name: str
    marks: frozenset[str]
    names: Mapping[str, str]
    line: Callable[[_Values, Counter[str]], dict[str, Any]]


def form_of(values: _Values) -> Form | None:
    """The form that an object has; None for a line of one's own, or an object of no known form."""
    return next((form for form in FORMS if form.marks <= values.keys()), None)


def _counterfact(values: _Values, left_out: Counter[str]) -> dict[str, Any]:
    rewrite = _object(values.get("requested_rewrite"))
    subject = rewrite.get("subject")
    question = _filled(rewrite.get("prompt"), subject)
    old = _names(_object(rewrite.get("target_true")).get("str"))
    new = _object(rewrite.get("target_new")).get("str")
    line = _stated(question, subject, old, new)
    for name in ("attribute_prompts", "generation_prompts"):
        left_out[f"{name} left out"] += len(_list(values.get(name)))
    probes = [_rephrased(text, line) for text in _list(values.get("paraphrase_prompts"))]
    probes += [_probe("locality", text, old) for text in _list(values.get("neighborhood_prompts"))]
    return {**line, "probes": _kept(probes, left_out)}


def _zsre(values: _Values, left_out: Counter[str]) -> dict[str, Any]:
    old = _names(values.get("answers"))
    line = _stated(values.get("src"), values.get("subject"), old, values.get("alt"))
    hop = _object(values.get("portability"))
    probes = [_rephrased(text, line) for text in _texts(values.get("rephrase"))]
    probes += [
        _probe("multihop", text, _names(hop.get("New Answer"))) for text in _texts(hop.get("New Question"))
    ]
    unrelated = [text.removeprefix("nq question: ") for text in _texts(values.get("loc"))]
    probes += [_probe("locality", text, _names(values.get("loc_ans"))) for text in unrelated]
    return {**line, "probes": _kept(probes, left_out)}


def _easyedit(values: _Values, left_out: Counter[str]) -> dict[str, Any]:
    old = _names(values.get("ground_truth"))
    new = _names(values.get("target_new"))
    question, subject = _filled(values.get("prompt"), values.get("subject")), values.get("subject")
    line = _stated(question, subject, old, new[0] if new else values["target_new"])
    line["new_aliases"] = new[1:]
    rephrased = (values.get("rephrase_prompt"), values.get("rephrase"))
    probes = [_rephrased(text, line) for value in rephrased for text in _texts(value)]
    for kind, questions in _object(values.get("portability")).items():
        if kind in _PORTABILITY:
            probes += [_probe(_PORTABILITY[kind], text, names) for text, names in _asked(questions)]
        else:
            left_out[f"questions of portability {kind} left out"] += len(_list(questions))
    for questions in _object(values.get("locality")).values():
        probes += [_probe("locality", text, names) for text, names in _asked(questions)]
    beside = _names(values.get("locality_ground_truth"))
    probes += [_probe("locality", text, beside) for text in _texts(values.get("locality_prompt"))]
    return {**line, "probes": _kept(probes, left_out)}


def _filled(prompt: object, subject: object) -> object:
    """A prompt with the subject in its place, where it leaves one."""
    if isinstance(prompt, str) and isinstance(subject, str):
        return prompt.replace("{}", subject)
    return prompt


def _stated(question: object, subject: object, old: list[str], new: object) -> dict[str, Any]:
    """The fields of a line that every form has; a value of a wrong type stays, to be refused by name."""
    line: dict[str, Any] = {"question": question, "new_answer": new, "old_aliases": old[1:]}
    if old:
        line["old_answer"] = old[0]
    if subject:
        line["subject"] = subject
    return {name: value for name, value in line.items() if value is not None}


def _rephrased(text: str, line: _Values) -> dict[str, Any]:
    new = [name for name in (line.get("new_answer"), *line.get("new_aliases", ())) if isinstance(name, str)]
    old = [name for name in (line.get("old_answer"), *line.get("old_aliases", ())) if isinstance(name, str)]
    return {**_probe("paraphrase", text, new), "reject": old}


def _probe(kind: str, text: str, accept: list[str]) -> dict[str, Any]:
    return {"kind": kind, "text": text, "accept": accept}


def _kept(probes: list[dict[str, Any]], left_out: Counter[str]) -> list[dict[str, Any]]:
    """The questions that can be asked and scored."""
    kept = [one for one in probes if isinstance(one["text"], str) and one["text"].strip() and one["accept"]]
    left_out["questions without text or answer left out"] += len(probes) - len(kept)
    return kept


def _asked(questions: object) -> Iterator[tuple[str, list[str]]]:
    """Question and answers of each item ``{"prompt": ..., "ground_truth": ...}``, alone or in a list."""
    for item in [questions] if isinstance(questions, dict) else _list(questions):
        found = _object(item)
        for text in _texts(found.get("prompt")):
            yield text, _names(found.get("ground_truth"))


def _names(value: object) -> list[str]:
    """The names in a string, a list, or a list of lists, each once; no blank ones, which any text gives."""
    if isinstance(value, list):
        return list(dict.fromkeys(name for item in value for name in _names(item)))
    return [value] if isinstance(value, str) and value.strip() else []


def _texts(value: object) -> list[str]:
    return [value] if isinstance(value, str) else [one for one in _list(value) if isinstance(one, str)]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


FORMS = (
    Form(
        "CounterFact",
        frozenset({"requested_rewrite"}),
        {
            "question": "requested_rewrite.prompt",
            "subject": "requested_rewrite.subject",
            "old_answer": "requested_rewrite.target_true.str",
            "new_answer": "requested_rewrite.target_new.str",
        },
        _counterfact,
    ),
    Form(
        "zsRE",
        frozenset({"src", "alt"}),
        {"question": "src", "old_answer": "answers", "new_answer": "alt"},
        _zsre,
    ),
    Form(
        "EasyEdit or KnowEdit",
        frozenset({"prompt", "target_new"}),
        {"question": "prompt", "old_answer": "ground_truth", "new_answer": "target_new"},
        _easyedit,
    ),
)
"""The forms that are read, tried in this order."""
