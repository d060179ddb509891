"""A memory that shows nothing leaves the answer as it was, whatever half precision makes of another pass."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.here import Here
from tests.cluster.test_runs import alone, contents, loaded, spread_over
from tests.evaluation.test_session import settings
from tests.evaluation.worker import Fakes, benchmark, make_spec

from mlake.evaluation.plan import make_plan
from mlake.evaluation.run import run
from mlake.evaluation.session import Session, engine_of
from mlake.evaluation.store import Store, read_run
from mlake.records import Answer, Asked

__all__ = ["loaded"]


def fake_run(folder: Path, *, known: bool) -> tuple[list[Asked], list[str]]:
    """What was answered and done; with ``known``, only questions of edited facts are asked differently."""
    fakes, spec = Fakes(), make_spec()
    engine = replace(fakes.engine(), as_before=(lambda lm, text: text not in lm) if known else None)
    with Store.open(folder, spec) as store:
        run(make_plan(spec, benchmark()), store, engine)
    return list(read_run(folder).asked()), fakes.log


def edited_and_others(asked: Sequence[Asked]) -> tuple[list[Asked], list[Asked]]:
    edited = [one for one in asked if one.edit_lang]
    new = [one for one in edited if one.answer.text.startswith("new")]
    return new, [one for one in edited if one not in new]


def test_what_is_asked_as_before_takes_the_unedited_answer(tmp_path: Path) -> None:
    asked, log = fake_run(tmp_path / "known", known=True)
    new, others = edited_and_others(asked)
    assert new and others and all(one.answer == one.before for one in others)
    assert all(one.answer != one.before for one in new)
    plain, more = fake_run(tmp_path / "plain", known=False)
    assert any(one.answer != one.before for one in edited_and_others(plain)[1]), "passes differ"
    count = lambda log: sum(int(one.split()[1]) for one in log if one.startswith("answer"))  # noqa: E731
    assert count(more) - count(log) == len(others)


def test_a_unit_that_is_asked_again_is_the_same(tmp_path: Path) -> None:
    fake_run(tmp_path / "run", known=True)
    before = contents(tmp_path / "run")
    for name in ("answers/de/001-ja.jsonl", "answers/en/000-en.jsonl"):
        (tmp_path / "run" / name).unlink()
    fake_run(tmp_path / "run", known=True)
    assert contents(tmp_path / "run") == before


def test_only_memories_ask_as_before(tiny_lm: Any) -> None:
    lm = tiny_lm("llama")
    engines = {}
    for method in ("ice", "memit"):
        session = Session(lm, benchmark(), settings(method))
        engines[method] = engine_of(lm, session.method, session.spec, (), None)
    assert engines["memit"].as_before is None and not engines["memit"].shape.after
    as_before = engines["ice"].as_before
    assert as_before is not None and engines["ice"].shape.after
    shown = replace(lm, style=lm.style.recalling(lambda text: ("Bonn is old.",) if "Bonn" in text else ()))
    assert [as_before(shown, text) for text in ("Is Bonn old?", "Is Rome?")] == [False, True]


def test_workers_are_told_the_unedited_answers(
    tiny_lm: Any, tmp_path: Path, loaded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(lm: Any, questions: Sequence[str], **_: Any) -> list[Answer]:
        return [Answer(f"{one} with {len(lm.style.recalls)} memories", True) for one in questions]

    monkeypatch.setattr("mlake.evaluation.session.answers", told)
    scope = {"editor": {"retriever": "tfidf", "scope": 0.9}}
    chosen = settings("remake", edit_langs="en,de", test_langs="en,ja", batch_size=2, **scope)
    lm = replace(tiny_lm("llama"), revision="r1")
    whole = alone(tmp_path / "alone", lm, chosen, forced=False)
    pool = Here(2, deaths=(3, 6))
    spread_over(pool, tmp_path / "spread", chosen)
    assert contents(tmp_path / "spread") == whole
    edited = [one for one in read_run(tmp_path / "spread").asked() if one.edit_lang]
    same = [one for one in edited if one.answer == one.before]
    assert same and len(same) < len(edited)
