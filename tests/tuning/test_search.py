"""A search on a tiny model: what it edits, asks and keeps, and how it goes on after being cut off."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.tuning.made import measured

import mlake
from mlake.errors import EditError, RunError
from mlake.records import Answer
from mlake.tuning import bench as benches
from mlake.tuning import search as searches
from mlake.tuning.questions import candidates, hit, questions_of
from mlake.tuning.search import Search, Wanted
from mlake.tuning.trial import Measured

MINI = mlake.load("mini")
MEMIT = {"corpus": "statements", "corpus_tokens": 300, "contexts": 1}


@pytest.fixture
def planned(tiny_lm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Search]:
    """``planned(**wanted)``: a search over a tiny Llama and packaged facts."""
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))

    def build(method: str = "memit", facts: int = 4, **more: Any) -> Search:
        wanted: dict[str, Any] = {
            "method": method, "facts": MINI.facts[:facts], "others": MINI.facts[facts:30],
            "edit_langs": ("en",), "test_langs": ("en", "de"), "batch_size": 2, "max_new_tokens": 3,
            "seed": 0, "fixed": MEMIT if method == "memit" else {},
        }  # fmt: skip
        return Search(tiny_lm("llama"), MINI, Wanted(**(wanted | more)))

    return build


class Clock:
    """Time that passes only when something is measured."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Pretend:
    """Measures without a model: six seconds each; the ``dies``-th measurement never ends."""

    def __init__(self, clock: Clock, dies: int = -1):
        self.clock, self.dies, self.asked = clock, dies, list[tuple[Any, int]]()

    def measured(self, settings: Any, many: int, told: Any) -> Measured:
        self.asked.append((settings, many))
        if len(self.asked) == self.dies:
            raise KeyboardInterrupt
        if settings["preserve"] in (0.1, 1.0):
            raise EditError("the keys of this batch are linearly dependent")
        self.clock.now += 6
        good = settings["steps"] / 40
        return measured(good, 1 - good / 2, settings["ridge"] / 1e6)


def go(
    search: Search, folder: Path, monkeypatch: pytest.MonkeyPatch, minutes: float, dies: int = -1
) -> Pretend:
    clock = Clock()
    pretend = Pretend(clock, dies)
    monkeypatch.setattr(searches, "monotonic", clock)
    monkeypatch.setattr(Search, "_bench", lambda self, folder: pretend)
    with search.folder(folder) as opened:
        search.carry_out(opened, minutes, progress=False)
    return pretend


def files(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in sorted((folder / "trials").iterdir())}


def test_a_search_cut_off_anywhere_ends_as_one_that_was_not(
    planned: Callable[..., Search], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("optuna")
    search = planned()
    go(search, tmp_path / "whole", monkeypatch, 2)
    assert len(files(tmp_path / "whole")) > 5
    assert any(json.loads(one)["failed"] for one in files(tmp_path / "whole").values())
    for dies in (1, 2, 9, 17):
        folder = tmp_path / str(dies)
        with pytest.raises(KeyboardInterrupt):
            go(search, folder, monkeypatch, 2, dies)
        go(search, folder, monkeypatch, 2)
        assert files(folder) == files(tmp_path / "whole")


def test_more_minutes_go_on_and_what_is_damaged_is_measured_again(
    planned: Callable[..., Search], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("optuna")
    search, folder = planned(), tmp_path / "out"
    first = go(search, folder, monkeypatch, 1)
    assert not go(search, folder, monkeypatch, 1).asked, "the time is up"
    assert sum(settings["preserve"] in (0.0, 0.3) for settings, _ in first.asked) == 10
    assert len(go(search, folder, monkeypatch, 2).asked) >= 10
    before = files(folder)
    (folder / "trials" / "0000.json").write_bytes(b"{")
    go(search, folder, monkeypatch, 2)
    assert files(folder)["0000.json"] == before["0000.json"]


def test_another_search_or_foreign_files_are_refused(planned: Callable[..., Search], tmp_path: Path) -> None:
    out, mine = tmp_path / "out", tmp_path / "mine"
    with planned().folder(out), pytest.raises(RunError, match="another process runs in"):
        planned().folder(out).__enter__()
    with pytest.raises(RunError, match=r"was begun with other settings: batch_size; choose another"):
        planned(batch_size=3).folder(out).__enter__()
    mine.mkdir()
    (mine / "notes.txt").write_text("x", encoding="utf-8")
    with pytest.raises(RunError, match=r"holds other files, such as 'notes.txt'"):
        planned().folder(mine).__enter__()


def test_an_edit_holds_whole_batches_and_values_are_optimised_once(
    planned: Callable[..., Search], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = planned(facts=5)
    edited: list[int] = []
    real = benches.Bench._edited

    def noted(self: Any, method: Any, facts: Any, told: Any) -> Any:
        edited.append(len(facts))
        return real(self, method, facts, told)

    monkeypatch.setattr(benches.Bench, "_edited", noted)
    with search.folder(tmp_path / "out") as folder:
        bench = search._bench(folder)
        first = bench.measured(search.defaults, 1, lambda: None)
        assert edited == [2], "one is asked about, two are edited"
        assert [len(marks) for marks in first.marks["own"].values()] == [1] and first.values == 2
        whole = bench.measured(search.defaults, 5, lambda: None)
        assert edited[1:] == [2, 2, 1] and whole.values == 3, "those of the first batch were there"
        other = bench.measured(search.defaults | {"ridge": 470.0, "preserve": 0.1}, 5, lambda: None)
        assert other.values == 0
        assert bench.measured(search.defaults | {"steps": 10}, 5, lambda: None).values == 5
    counts = {goal: {lang: len(marks) for lang, marks in one.items()} for goal, one in whole.marks.items()}
    assert counts == {"own": {"en": 5}, "transfer": {"de": 5}, "rephrased": {"en": 5}}
    assert set(whole.held_out) == {"en", "de"} and any(whole.held_out.values())


def test_the_model_is_as_it_was(planned: Callable[..., Search], tmp_path: Path) -> None:
    search = planned()
    before = {name: value.clone() for name, value in search.lm.model.state_dict().items()}
    with search.folder(tmp_path / "out") as folder:
        search._bench(folder).measured(search.defaults, 4, lambda: None)
    assert all(bool((before[name] == value).all()) for name, value in search.lm.model.state_dict().items())


def test_defaults_that_cannot_be_measured_stop_the_search(
    planned: Callable[..., Search], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("optuna")

    def broken(*_: Any) -> Any:
        raise EditError("no edit")

    monkeypatch.setattr(benches.Bench, "measured", broken)
    search = planned()
    with search.folder(tmp_path / "out") as folder, pytest.raises(EditError, match="no edit"):
        search.carry_out(folder, 1, progress=False)


def test_other_facts_are_those_the_model_knows_and_about_other_subjects() -> None:
    questions = questions_of(MINI.facts[:10], MINI.facts, ["en"], ["de"], seed=0)
    assert questions.test_langs == ("en", "de") and len(questions.edited) == 10
    subjects = {fact.subject_id for fact in MINI.facts[:10]}
    assert questions.others and not subjects & {fact.subject_id for fact in questions.others}
    assert questions.edited != MINI.facts[:10], "in an order that is drawn"
    assert questions == questions_of(MINI.facts[:10], MINI.facts, ["en"], ["de"], seed=0)
    item = next(one for one in questions.of_others() if one.lang == "en")
    assert hit(item, Answer(f"It is {item.probe.reject[0]}.", True))
    assert not hit(item, Answer(f"It is {item.probe.accept[0]}.", True))
    questions = questions_of(MINI.facts[:10], MINI.facts[10:25], ["en"], ["de"], seed=0)
    other = next(one for one in questions.of_others() if one.probe.kind == "locality")
    assert hit(other, Answer(other.probe.accept[0], True)) and not hit(other, Answer("Nobody knows.", True))
    texts = [(one.lang, one.probe.text) for one in questions.of_others()]
    assert len(set(texts)) == len(texts) <= 2 * candidates(10) and len(texts) > 40
    own = next(one for one in questions.of_edited(1) if one.goal == "own")
    assert hit(own, Answer(own.probe.accept[0], True)) and not hit(own, Answer(own.probe.reject[0], True))


def test_several_languages_are_edited_in_one_batch(planned: Callable[..., Search], tmp_path: Path) -> None:
    search = planned(edit_langs=("en", "de"), test_langs=("fr",))
    statements = search.questions.statements(search.questions.edited)
    assert [one.lang for one in statements] == ["en", "de"] * 4
    with search.folder(tmp_path / "out") as folder:
        found = search._bench(folder).measured(search.defaults, 4, lambda: None)
    assert set(found.marks["own"]) == {"en", "de"} and set(found.marks["transfer"]) == {"fr"}


def test_facts_that_cannot_be_edited_are_left_out_and_counted() -> None:
    def refusal(statement: Any) -> str | None:
        return "no" if statement.fact == MINI.facts[0].id else None

    found = questions_of(MINI.facts[:3], MINI.facts[9:], ["en"], ["en"], seed=0, refusal=refusal)
    assert len(found.edited) == 2 and found.notes == ("1 of 3 facts cannot be edited in en: left out",)
    with pytest.raises(RunError, match="none of the 1 facts can be edited in en"):
        questions_of(MINI.facts[:1], MINI.facts, ["en"], ["en"], seed=0, refusal=refusal)
    with pytest.raises(RunError, match="leaves no facts of the data"):
        questions_of(MINI.facts, MINI.facts, ["en"], ["en"], seed=0)


def test_what_a_memory_leaves_alone_is_not_asked_again(
    planned: Callable[..., Search], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half precision may answer a question otherwise beside others, and then it would not count as kept."""
    asked: list[str] = []

    def answers(lm: Any, texts: list[str], **how: Any) -> list[Answer]:
        if lm.style.recalls:
            asked.extend(texts)
        return [Answer("nothing", True) for _ in texts]

    monkeypatch.setattr(benches, "answers", answers)
    monkeypatch.setattr(benches, "hit", lambda item, said: said.text == "nothing")
    search = planned("remake")
    with search.folder(tmp_path / "out") as folder:
        bench = search._bench(folder)
        found = bench.measured({}, 4, lambda: None)
    assert asked and found.share("kept") == 1
    assert not {item.probe.text for item in bench.known}.intersection(asked)
