"""Label Studio: what is to be read as its tasks, and its annotations as decisions."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlake.data.faults import FILLED, OBJECT, TEXT, TEXTS, Shape, faults
from mlake.disk import encoded, json_of
from mlake.errors import DataError, MlakeError, UnknownNameError
from mlake.review.criteria import CRITERIA, SOUND
from mlake.review.decision import VERDICTS, Decision
from mlake.review.desk import Case, Faults, refuse_faults
from mlake.review.settled import Item, current, digests_of, item_of
from mlake.review.texts import Line, digest_of, texts_of

__all__ = ["CONFIG", "decisions_of", "tasks_of"]

_TO = "texts"  # what all answers are about
_VERDICT, _BROKEN, _REASON, _CHANGES = "verdict", "broken", "reason", "corrections"


def _choices(name: str, kind: str, values: Iterable[str]) -> str:
    inner = "".join(f'<Choice value="{one}"/>' for one in values)
    return f'  <Choices name="{name}" toName="{_TO}" choice="{kind}">{inner}</Choices>\n'


CONFIG = (
    "<View>\n"
    '  <Header value="$about"/>\n'
    f'  <Text name="{_TO}" value="$texts"/>\n'
    '  <Text name="elsewhere" value="$elsewhere"/>\n'
    '  <Text name="warnings" value="$warnings"/>\n'
    + _choices(_VERDICT, "single", VERDICTS)
    + _choices(_BROKEN, "multiple", (row.name for row in CRITERIA))
    + f'  <TextArea name="{_REASON}" toName="{_TO}" maxSubmissions="1" placeholder="reason"/>\n'
    + f'  <TextArea name="{_CHANGES}" toName="{_TO}" placeholder="NUMBER: the right text"/>\n'
    "</View>\n"
)
"""The labeling interface of the tasks."""

_RESULT: Shape = {
    "type": "object",
    "properties": {
        "from_name": FILLED,
        "value": {"type": "object", "properties": {"choices": TEXTS, "text": TEXTS}, "required": []},
    },
    "required": ["from_name", "value"],
}
_TASKS: Shape = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "data": {
                "type": "object",
                "properties": {"fact": FILLED, "lang": FILLED, "digest": TEXT},
                "required": ["fact", "lang", "digest"],
            },
            "annotations": {
                "type": "array",
                "items": OBJECT
                | {"properties": {"result": {"type": "array", "items": _RESULT}}, "required": ["result"]},
            },
        },
        "required": ["data"],
    },
}


def tasks_of(cases: Sequence[Case], lang: str, decisions: Iterable[Decision]) -> bytes:
    """What is to be read in a language, a task a fact, with what was decided already as annotations.

    Raises:
        UnknownNameError: There is nothing in that language.
    """
    chosen = [case for case in cases if case.line["lang"] == lang]
    if not chosen:
        raise UnknownNameError("language of this build", lang, {case.line["lang"] for case in cases})
    found = current(decisions, digests_of(case.line for case in chosen))
    tasks = [
        {
            "id": number,
            "data": _data(case, [one.line for one in cases if one.line["fact"] == case.line["fact"]]),
            "annotations": [_annotation(one, case.line) for one in found.get(item_of(case.line), ())],
        }
        for number, case in enumerate(chosen, 1)
    ]
    return encoded(json.dumps(tasks, ensure_ascii=False, indent=1) + "\n")


def _data(case: Case, lines: Sequence[Line]) -> dict[str, str]:
    line = case.line
    (subject, _), (relation, _), (old, _), (new, _) = case.edit
    others = (f"{one['lang']}: {one['question']} {one['new_sentence']}" for one in lines if one is not line)
    return {
        "fact": line["fact"],
        "lang": line["lang"],
        "digest": digest_of(line),
        "about": f"{subject} | {relation} | {old} -> {new}",
        "texts": "\n\n".join(f"{at}. {one.kind}:\n{one.text}" for at, one in enumerate(texts_of(line), 1)),
        "elsewhere": "\n".join(others),
        "warnings": "\n".join(case.warnings),
    }


def _annotation(decision: Decision, line: Line) -> dict[str, Any]:
    numbers = {one.name: at for at, one in enumerate(texts_of(line), 1)}
    said = [
        (_VERDICT, "choices", [decision.verdict]),
        (_BROKEN, "choices", list(decision.broken)),
        (_REASON, "textarea", [decision.reason] if decision.reason else []),
        (_CHANGES, "textarea", [f"{numbers[name]}: {text}" for name, text in decision.changes.items()]),
    ]
    return {
        "completed_by": {"email": decision.reviewer},
        "was_cancelled": False,
        "ground_truth": False,
        "result": [
            {"id": name, "from_name": name, "to_name": _TO, "type": kind,
             "value": {"choices" if kind == "choices" else "text": values}}
            for name, kind, values in said if values
        ],
    }  # fmt: skip


def decisions_of(path: Path, lines: Sequence[Line], faults_of: Faults) -> list[Decision]:
    """The decisions in a file that Label Studio exported as JSON; skipped tasks count for nothing.

    Args:
        path: The file.
        lines: The texts of the build as they are now.
        faults_of: Says what a correction would break.

    Raises:
        DataError: It cannot be read, is in another form, is about other texts, says nothing clear, or a rule
            finds fault with a correction.
    """
    try:
        tasks = json_of(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {path}: {error}; expected JSON that Label Studio exported") from error
    for where, fault in faults(tasks, _TASKS):
        raise DataError(
            f"{path}: {where or 'it'} {fault}; expected tasks as Label Studio exports them in JSON"
        )
    now = {item_of(line): line for line in lines}
    found: list[Decision] = []
    for number, task in enumerate(tasks, 1):
        try:
            found += _decided(task, now, faults_of)
        except MlakeError as error:
            raise DataError(f"{path}, task {number}: {error}") from None
    return found


def _decided(task: Mapping[str, Any], now: Mapping[Item, Line], faults_of: Faults) -> Iterator[Decision]:
    about = task["data"]
    line = now.get((about["fact"], about["lang"]))
    if line is None or digest_of(line) != about["digest"]:
        raise DataError(
            f"{about['fact']} in {about['lang']} has other texts in this build; write tasks anew with --tasks"
        )
    for one in task.get("annotations", ()):
        if not one.get("was_cancelled"):
            yield _decision(line, one, faults_of)


def _decision(line: Line, annotation: Mapping[str, Any], faults_of: Faults) -> Decision:
    said: dict[str, list[str]] = {}
    for one in annotation["result"]:
        value = one["value"]
        said.setdefault(one["from_name"], []).extend(value.get("choices") or value.get("text") or [])
    verdict = " ".join(said.get(_VERDICT, []))
    changes = dict(_change(line, text) for text in said.get(_CHANGES, []))
    if changes:
        refuse_faults(line, changes, faults_of)
    broken = said.get(_BROKEN, [])
    return Decision(
        fact=line["fact"],
        lang=line["lang"],
        digest=digest_of(line),
        reviewer=_reviewer(annotation.get("completed_by")),
        verdict=verdict,  # type: ignore[arg-type]  # which it checks
        broken=(SOUND,) if verdict == "correct" and not broken else tuple(broken),
        reason=" ".join(said.get(_REASON, [])).strip(),
        changes=changes,
    )


def _change(line: Line, text: str) -> tuple[str, str]:
    texts = texts_of(line)
    number, colon, now = text.partition(":")
    if not colon or not number.strip().isdecimal() or not 1 <= int(number) <= len(texts):
        raise DataError(f"a correction must begin with the number of a text and a colon, got {text[:40]!r}")
    return texts[int(number) - 1].name, now.strip()


def _reviewer(who: object) -> str:
    """The name of whoever annotated: a number, or an account with its address."""
    if isinstance(who, dict):
        who = who.get("email") or who.get("username") or who.get("id")
    if not isinstance(who, str | int) or isinstance(who, bool):
        raise DataError("an annotation does not say who made it; expected completed_by")
    return str(who)
