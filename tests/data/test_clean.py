from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.data.check_cases import STATEMENTS
from tests.data.check_facts import (
    ASK,
    CHAIN,
    LANGS,
    NEW,
    OLD,
    SUBJECTS,
    ask,
    choose,
    found,
    rows,
    sound,
    spoil,
    spoil_probe,
)

from mlake.data import load, read_jsonl, write_jsonl
from mlake.data.check import RULES, check
from mlake.data.check.clean import Change, clean
from mlake.data.check.view import new_names, old_names
from mlake.errors import DataError
from mlake.records import Benchmark, Probe

MENDED = [(rule, lang) for rule, cases in STATEMENTS.items() if RULES[rule].mended for lang in cases]


def direct(benchmark: Benchmark, lang: str) -> Probe:
    return next(p for p in benchmark.facts[0].probes if (p.kind, p.lang) == ("direct", lang))


def by_id(benchmark: Benchmark) -> list[object]:
    """Facts and unlinked probes; a file keeps the order of a fact's probes only within a language."""
    facts = (replace(one, probes=tuple(sorted(one.probes, key=lambda p: p.id))) for one in benchmark.facts)
    return [*facts, *benchmark.unlinked]


@pytest.mark.parametrize(("rule", "lang"), MENDED)
def test_what_is_mended_is_found_no_longer(rule: str, lang: str) -> None:
    spoiled = spoil(lang, **STATEMENTS[rule][lang])
    cleaned = clean(spoiled)
    assert found(rule, spoiled) != ()
    assert found(rule, cleaned.benchmark) == ()
    assert rule in {change.rule for change in cleaned.changes}
    assert {change.lang for change in cleaned.changes} == {lang}
    assert all(change.why for change in cleaned.changes)


@pytest.mark.parametrize(("rule", "lang"), MENDED)
def test_cleaning_twice_changes_nothing(rule: str, lang: str) -> None:
    once = clean(spoil(lang, **STATEMENTS[rule][lang])).benchmark
    twice = clean(once)
    assert twice.changes == ()
    assert twice.benchmark is once


def test_sound_facts_stay_as_they_are() -> None:
    benchmark = sound()
    cleaned = clean(benchmark)
    assert cleaned.benchmark is benchmark
    assert cleaned.changes == ()


def test_every_change_changes_the_hash() -> None:
    shas = {sound().sha256}
    for fields in ({"new_aliases": ("🇮🇹",)}, {"new_aliases": ("🇳🇴",)}, {"old_aliases": ("🇮🇹",)}):
        cleaned = clean(spoil("de", **fields)).benchmark
        shas.add(cleaned.sha256)
        assert (cleaned.name, cleaned.revision) == ("sound", "1+clean1")
    assert len(shas) == 4
    other = replace(spoil("de", new_aliases=("🇮🇹",)), sha256="1" * 64)
    assert clean(other).benchmark.sha256 not in shas


@pytest.mark.parametrize("lang", LANGS)
def test_probes_follow_their_statement(lang: str) -> None:
    aliases = ("Rōma aeterna", "🇮🇹", "ab", "RŌMA AETERNA")
    benchmark = clean(spoil(lang, new_aliases=aliases, old_aliases=aliases[1:3])).benchmark
    said = benchmark.facts[0].statements[lang]
    assert said.new_aliases == aliases[:1]
    assert said.old_aliases == ()
    assert direct(benchmark, lang).accept == new_names(said)
    assert direct(benchmark, lang).reject == old_names(said)


def test_changes_say_what_and_why() -> None:
    (change,) = clean(spoil("fr", old_aliases=("Christiania", "CHRISTIANIA"))).changes
    assert change == Change(
        fact="f0",
        probe=None,
        lang="fr",
        rule="duplicate-alias",
        field="old_aliases",
        before="CHRISTIANIA",
        after=None,
        why="it is another spelling of a name before it",
    )


def test_aliases_of_chained_questions() -> None:
    text = {"accept": ("Italien", "IT", "🇮🇹", "ITALIEN"), "reject": ("Norwegen", "NO")}
    cleaned = clean(spoil_probe("multihop", "de", **text))
    (probe,) = (p for p in cleaned.benchmark.facts[0].probes if p.id == "f0/de/multihop")
    assert (probe.accept, probe.reject) == (("Italien",), ("Norwegen",))
    assert {change.field for change in cleaned.changes} == {"accept", "reject"}
    assert {change.probe for change in cleaned.changes} == {"f0/de/multihop"}


@pytest.mark.parametrize("lang", LANGS)
def test_invisible_characters_go_and_the_subject_still_stands(lang: str) -> None:
    subject = f"{SUBJECTS[0][lang][:2]}\u200b{SUBJECTS[0][lang][2:]}"
    question = f"{ASK[lang].format(subject)}\u200e\n"
    spoiled = spoil(lang, question=question, subject=subject, old_sentence=f"{question}\u200b")
    cleaned = clean(spoiled)
    said = cleaned.benchmark.facts[0].statements[lang]
    assert (said.question, said.subject) == (ASK[lang].format(SUBJECTS[0][lang]), SUBJECTS[0][lang])
    assert direct(cleaned.benchmark, lang).text == said.question
    assert said.old_sentence == f"{question}\u200b"
    assert [(change.field, change.after) for change in cleaned.changes] == [
        ("question", said.question),
        ("subject", said.subject),
    ]


def test_text_is_composed_but_never_at_the_cost_of_the_subject() -> None:
    cleaned = clean(spoil("fr", question="Où e\u0301tait Rene\u0301 ?", subject="Rene\u0301"))
    said = cleaned.benchmark.facts[0].statements["fr"]
    assert (said.question, said.subject) == ("Où était René ?", "René")
    torn = spoil("fr", question="Où était Rene\u0301 ?", subject="Rene")
    assert clean(torn).benchmark.facts[0].statements["fr"].subject == "Rene"


@pytest.mark.parametrize("lang", LANGS)
def test_edit_that_changes_nothing_is_dropped_with_its_questions(lang: str) -> None:
    benchmark = spoil(lang, new=OLD[0][lang])
    first = benchmark.facts[0]
    extra = (
        ask(0, lang, "paraphrase", text="?", accept=(OLD[0][lang],)),
        choose(0, lang, id=f"f0/{lang}/choice", text=ASK[lang].format(SUBJECTS[0][lang])),
    )
    first = replace(first, probes=(*first.probes, *extra))
    cleaned = clean(replace(benchmark, facts=(first, benchmark.facts[1])))
    left = cleaned.benchmark.facts[0]
    assert set(left.statements) == set(LANGS) - {lang}
    assert {p.id.split("/")[2] for p in left.probes if p.lang == lang} == {"multihop", "multihop_before"}
    assert [(change.rule, change.field) for change in cleaned.changes] == [
        ("noop-edit", "statement"),
        *[("noop-edit", "probe")] * 3,
    ]
    assert cleaned.benchmark.facts[1] == benchmark.facts[1]


def test_fact_that_is_stated_nowhere_any_more() -> None:
    benchmark = sound()
    statements = {"de": replace(benchmark.facts[0].statements["de"], new=OLD[0]["de"])}
    first = replace(benchmark.facts[0], statements=statements)
    cleaned = clean(replace(benchmark, facts=(first, benchmark.facts[1])))
    assert cleaned.benchmark.facts == (benchmark.facts[1],)
    dropped = [change.probe for change in cleaned.changes if change.field == "probe"]
    assert dropped == [probe.id for probe in first.probes]
    with pytest.raises(DataError, match="cleaning 'sound' leaves no fact"):
        clean(replace(benchmark, facts=(first,)))


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("rule", ["wrong-language", "placeholder"])
def test_questions_nobody_can_answer_are_dropped(rule: str, lang: str) -> None:
    text = STATEMENTS[rule][lang]["question"]
    benchmark = spoil_probe("multihop", lang, text=text)
    first = benchmark.facts[0]
    probes = tuple(replace(p, text=text) if p.id == f"f0/{lang}/multihop/choice" else p for p in first.probes)
    lost = ask(0, lang, "multihop_before", id="lost", fact=None, text=text)
    whole = replace(benchmark, facts=(replace(first, probes=probes), benchmark.facts[1]), unlinked=(lost,))
    cleaned = clean(whole)
    assert [change.probe for change in cleaned.changes] == [
        f"f0/{lang}/multihop",
        f"f0/{lang}/multihop/choice",
        "lost",
    ]
    assert {change.rule for change in cleaned.changes} == {rule}
    assert set(cleaned.benchmark.facts[0].statements) == set(LANGS)
    assert cleaned.benchmark.unlinked == ()


@pytest.mark.parametrize("lang", LANGS)
def test_chains_that_no_longer_hold_are_dropped(lang: str) -> None:
    text = f"{OLD[0][lang]}, {CHAIN[lang].format(SUBJECTS[0][lang])}"
    cleaned = clean(spoil_probe("multihop", lang, text=text))
    assert [(change.rule, change.probe) for change in cleaned.changes] == [
        ("names-old-bridge", f"f0/{lang}/multihop")
    ]


def test_chains_that_another_fact_edits_are_dropped() -> None:
    benchmark = sound()
    edited = replace(benchmark.facts[1], subject_id="Q100", relation_id="P17")
    cleaned = clean(replace(benchmark, facts=(benchmark.facts[0], edited)))
    assert {probe.kind for probe in cleaned.benchmark.facts[0].probes} == {"direct"}
    assert {change.why for change in cleaned.changes} == {"f1 edits a later hop"}
    assert len(cleaned.changes) == 15


@pytest.mark.parametrize("lang", LANGS)
def test_aliases_are_borrowed(lang: str) -> None:
    fields: list[dict[str, Any]] = [{}, {"old": NEW[0][lang], "new": NEW[1][lang]}]
    fields[1]["old_aliases"] = ("Urbs aeterna", "IT", f"{OLD[0][lang]} II")
    cleaned = clean(rows(lang, *fields))
    assert cleaned.benchmark.facts[0].statements[lang].new_aliases == ("Urbs aeterna",)
    borrowed = [change for change in cleaned.changes if change.rule == "missing-alias"]
    assert [(c.fact, c.field, c.before, c.after) for c in borrowed] == [
        ("r0", "new_aliases", None, "Urbs aeterna")
    ]


def test_what_is_left_can_be_written_and_read_again(tmp_path: Path) -> None:
    cleaned = clean(spoil("ja", new=OLD[0]["ja"])).benchmark
    write_jsonl(cleaned, tmp_path / "clean.jsonl")
    assert by_id(read_jsonl(tmp_path / "clean.jsonl")) == by_id(cleaned)


def test_loading_cleaned(tmp_path: Path) -> None:
    write_jsonl(spoil("zh", new_aliases=("🇮🇹",)), tmp_path / "own.jsonl")
    raw, cleaned = load(tmp_path / "own.jsonl"), load(tmp_path / "own.jsonl", clean=True)
    assert cleaned == clean(raw).benchmark
    assert cleaned.sha256 != raw.sha256
    assert cleaned.facts[0].statements["zh"].new_aliases == ()


@pytest.mark.released
def test_the_release_is_mended(mirror: Path, tmp_path: Path) -> None:
    raw = load("mlake", mirror=mirror)
    cleaned = clean(raw)
    assert cleaned.benchmark.revision == f"{raw.revision}+clean1"
    mended = [rule for rule in RULES.values() if rule.mended]
    assert not any(check(cleaned.benchmark, mended).findings.values())
    assert clean(cleaned.benchmark).changes == ()
    before = check(raw, mended).findings
    assert {change.rule for change in cleaned.changes} == {name for name, found in before.items() if found}
    for fact in cleaned.benchmark.facts:
        for said in fact.statements.values():
            assert said.subject is None or said.subject in said.question
            assert said.old_sentence == raw.facts[fact.row].statements[said.lang].old_sentence
    write_jsonl(cleaned.benchmark, tmp_path / "clean.jsonl")
    assert by_id(read_jsonl(tmp_path / "clean.jsonl")) == by_id(cleaned.benchmark)
