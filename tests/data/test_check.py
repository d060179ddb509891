from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.data.check_cases import STATEMENTS
from tests.data.check_facts import (
    ASK,
    CHAIN,
    LAND,
    LANGS,
    NEW,
    OLD,
    SUBJECTS,
    ask,
    choose,
    fact,
    found,
    rows,
    sound,
    spoil,
    spoil_probe,
    state,
)

from mlake.data import load
from mlake.data.check import RULES, SEVERITIES, check, report_problems, rules, safe
from mlake.data.check.clean import clean
from mlake.data.check.findings import quote
from mlake.data.check.matching import has
from mlake.data.check.render import lines, record
from mlake.errors import FactsError, UnknownNameError
from mlake.records import Benchmark, Fact
from mlake.text import contains_name

STATED = [(rule, lang) for rule, cases in STATEMENTS.items() for lang in cases]


@pytest.mark.parametrize(("rule", "lang"), STATED)
def test_a_statement_is_found(rule: str, lang: str) -> None:
    (one,) = found(rule, spoil(lang, **STATEMENTS[rule][lang]))
    assert (one.fact, one.probe, one.lang) == ("f0", None, lang)
    assert one.text.isprintable()


def test_nothing_is_found_in_sound_facts() -> None:
    report = check(sound())
    assert [name for name, findings in report.findings.items() if findings] == ["majority-answer"]


def test_every_rule_is_tested() -> None:
    elsewhere = {
        *("schema", "missing-language", "answers-disagree", "subject-differs", "same-fact-twice"),
        *("same-question", "duplicate-fact", "duplicate-question", "count-vs-published", "poisoned-alias"),
        *("missing-alias", "majority-answer", "names-old-bridge", "names-bridge", "second-hop-edited"),
        *("unlinked-question", "choice-inconsistent", "choice-ambiguous", "choice-repeated"),
    }
    assert set(RULES) == set(STATEMENTS) | elsewhere


def test_rules_are_complete_and_sorted_by_severity() -> None:
    assert all(name == rule.id and rule.meaning and rule.advice for name, rule in RULES.items())
    order = [SEVERITIES.index(rule.severity) for rule in RULES.values()]
    assert order == sorted(order)
    with pytest.raises(UnknownNameError, match=r"unknown rule 'noop'.*Did you mean 'noop-edit'"):
        rules(["noop"])


def test_language_that_lacks_a_fact() -> None:
    benchmark = sound()
    first = benchmark.facts[0]
    statements = {lang: one for lang, one in first.statements.items() if lang != "ja"}
    benchmark = replace(benchmark, facts=(replace(first, statements=statements), benchmark.facts[1]))
    (one,) = found("missing-language", benchmark)
    assert (one.fact, one.lang, one.text) == ("f0", "ja", "stated in en, de, fr, zh only")


def many(count: int = 6) -> list[Fact]:
    """Facts that share their answers in turn: even ones the first ones, odd ones the second."""
    facts = []
    for number in range(count):
        base = fact(number % 2)
        statements = {lang: replace(one, fact=f"m{number}") for lang, one in base.statements.items()}
        facts.append(Fact(f"m{number}", number, statements))
    return facts


@pytest.mark.parametrize("lang", LANGS)
def test_answer_that_another_language_does_not_give(lang: str) -> None:
    facts = many(8)
    assert found("answers-disagree", Benchmark("m", "1", "", tuple(facts))) == ()
    wrong = replace(facts[0].statements[lang], old=OLD[1][lang])
    facts[0] = replace(facts[0], statements={**facts[0].statements, lang: wrong})
    (one,) = found("answers-disagree", Benchmark("m", "1", "", tuple(facts)))
    assert (one.fact, one.lang) == ("m0", lang)
    assert OLD[1][lang] in one.text
    assert OLD[0][lang].casefold() in one.text


def test_homonym_in_one_language_is_no_disagreement() -> None:
    """As French has one name for two positions that the other languages tell apart."""
    facts = many(8)
    for number in (1, 3, 5, 7):
        same = replace(facts[number].statements["fr"], old=OLD[0]["fr"])
        facts[number] = replace(facts[number], statements={**facts[number].statements, "fr": same})
    assert found("answers-disagree", Benchmark("m", "1", "", tuple(facts))) == ()


@pytest.mark.parametrize("lang", ["en", "de", "fr"])
def test_subject_that_two_other_languages_share(lang: str) -> None:
    fields = {name: "Die Quelle?" for name in ("question", "subject", "old_sentence", "new_sentence")}
    (one,) = found("subject-differs", spoil(lang, **fields))
    assert (one.fact, one.lang) == ("f0", lang)


def second(**fields: Any) -> Benchmark:
    benchmark = sound()
    return replace(benchmark, facts=(benchmark.facts[0], replace(benchmark.facts[1], **fields)))


def test_same_subject_and_relation() -> None:
    (one,) = found("same-fact-twice", second(subject_id="Q0"))
    assert (one.fact, one.lang, one.text) == ("f1", None, "subject and relation of f0: Q0 P1")
    assert found("same-fact-twice", second(subject_id=None)) == ()


@pytest.mark.parametrize("lang", LANGS)
def test_same_question_with_another_answer(lang: str) -> None:
    benchmark = second()
    statements = benchmark.facts[1].statements
    asked = replace(statements[lang], question=ASK[lang].format(SUBJECTS[0][lang]))
    (one,) = found("same-question", second(statements={**statements, lang: asked}))
    assert (one.fact, one.lang) == ("f1", lang)
    assert NEW[0][lang] in one.text and NEW[1][lang] in one.text
    other_name = replace(asked, new_aliases=(NEW[0][lang],))
    assert found("same-question", second(statements={**statements, lang: other_name})) == ()
    again = replace(state(0, lang), fact="f1")
    (one,) = found("duplicate-fact", second(statements={**statements, lang: again}))
    assert (one.fact, one.lang) == ("f1", lang)


def test_same_probe_twice() -> None:
    probes = (*fact(1).probes, ask(0, "ja", "multihop", id="again", fact="f1"))
    (one,) = found("duplicate-question", second(probes=probes))
    assert (one.fact, one.probe, one.lang) == ("f1", "again", "ja")
    assert one.text.startswith("the same as f0/ja/multihop: ")


@pytest.mark.parametrize("lang", LANGS)
def test_old_bridge_in_a_question_after_the_edit(lang: str) -> None:
    text = f"{OLD[0][lang]}, {CHAIN[lang].format(SUBJECTS[0][lang])}"
    (one,) = found("names-old-bridge", spoil_probe("multihop", lang, text=text))
    assert (one.fact, one.probe, one.lang) == ("f0", f"f0/{lang}/multihop", lang)
    (one,) = found("names-bridge", spoil_probe("multihop_before", lang, text=text))
    assert one.probe == f"f0/{lang}/multihop_before"
    text = f"{NEW[0][lang]}, {CHAIN[lang].format(SUBJECTS[0][lang])}"
    (one,) = found("names-bridge", spoil_probe("multihop", lang, text=text))
    assert one.probe == f"f0/{lang}/multihop"


def test_bridge_that_is_part_of_the_subject_is_no_bridge() -> None:
    benchmark = spoil("en", question="Where is the Oslo Museum?", subject="Oslo Museum")
    first = benchmark.facts[0]
    probes = (ask(0, "en", "multihop", text="In which country is the Oslo Museum?"),)
    assert found("names-old-bridge", replace(benchmark, facts=(replace(first, probes=probes),))) == ()


@pytest.mark.parametrize("text", ["Where did the wife of Ada Quill, Eve Stone, die?", "Where did Stone die?"])
def test_bridge_of_which_the_direct_question_has_a_part(text: str) -> None:
    benchmark = spoil(
        "en", question="Who is Ada Quill Stone's wife?", old="Eve Stone", old_aliases=("Stone",)
    )
    first = benchmark.facts[0]
    probes = (ask(0, "en", "multihop", text=text),)
    names = [
        one.text
        for one in found("names-old-bridge", replace(benchmark, facts=(replace(first, probes=probes),)))
    ]
    assert names == ([f"“Eve Stone” stands in “{text}”"] if "Eve" in text else [])


def test_later_hop_that_another_fact_edits() -> None:
    (_, *rest) = found("second-hop-edited", second(subject_id="Q100", relation_id="P17"))
    assert len(rest) == 9  # two chained questions in each of five languages
    assert all(one.fact == "f0" and "f1 edits" in one.text for one in rest)
    benchmark = second(subject_id="Q100", relation_id="P17")
    needing = tuple(replace(probe, needs=("f1",)) for probe in benchmark.facts[0].probes)
    first = replace(benchmark.facts[0], probes=needing)
    assert found("second-hop-edited", replace(benchmark, facts=(first, benchmark.facts[1]))) == ()


def test_unlinked_questions() -> None:
    lost = (
        ask(0, "zh", "multihop_before", id="lost", fact=None),
        choose(0, "zh", id="lost/choice", fact=None),
    )
    (one,) = found("unlinked-question", replace(sound(), unlinked=lost))
    assert (one.fact, one.probe, one.lang) == (None, "lost", "zh")


@pytest.mark.parametrize("lang", LANGS)
def test_multiple_choice(lang: str) -> None:
    def choice(**fields: Any) -> Benchmark:
        return spoil_probe("choice", lang, **fields)

    (one,) = found("choice-inconsistent", choice(accept=("E",)))
    assert "names no option" in one.text
    (one,) = found("choice-inconsistent", choice(reject=("A",)))
    assert "both accepted and rejected" in one.text
    (one,) = found("choice-inconsistent", choice(accept=("C",)))
    assert one.text.startswith("“C” is accepted, but the answer stands in")
    assert found("choice-inconsistent", choice(accept=(LAND[lang],))) == ()
    (one,) = found("choice-ambiguous", choice(options=(LAND[lang], f"({LAND[lang]})", "Kenia", "Nepal")))
    assert one.probe == f"f0/{lang}/multihop/choice"
    (one,) = found("choice-repeated", choice(options=(LAND[lang], "Peru", "PERU", "Nepal")))
    assert one.text == "“PERU”"


@pytest.mark.parametrize("lang", ["en", "de", "fr"])
def test_alias_that_unlike_answers_list(lang: str) -> None:
    answers = ("Politiker", "London", "Tennis")
    benchmark = rows(lang, *({"old": name, "old_aliases": ("Teheran",)} for name in answers))
    assert [one.fact for one in found("poisoned-alias", benchmark)] == ["r0", "r1", "r2"]
    alike = rows(
        lang, *({"old": name, "old_aliases": ("Reine",)} for name in ("Reine Anne", "London", "Tennis"))
    )
    assert found("poisoned-alias", alike) == ()


def test_alias_from_the_own_sentence() -> None:
    answer = {"old": "Royaume-Uni", "old_sentence": "Ada Quill vit au Royaume-Uni."}
    taken = {
        **answer,
        "old_aliases": ("nationalité",),
        "old_sentence": "Ada Quill est de nationalité britannique.",
    }
    (one,) = found("poisoned-alias", rows("fr", taken, answer, answer))
    assert (one.fact, one.text) == ("r0", "“nationalité” for “Royaume-Uni”")
    assert found("poisoned-alias", rows("fr", taken, answer)) == ()  # one other row says too little
    inflected = {
        **answer,
        "old": "Irlande",
        "old_aliases": ("irlandaise",),
        "old_sentence": "Elle est irlandaise.",
    }
    others = {"old": "Irlande", "old_sentence": "Elle vit en Irlande."}
    assert found("poisoned-alias", rows("fr", inflected, others, others)) == ()


def test_alias_that_is_part_of_the_subject() -> None:
    taken = {"old": "Bergen", "old_aliases": ("Quill",), "old_sentence": "Ada Quill hat dort gearbeitet."}
    (one,) = found("poisoned-alias", rows("de", taken))
    assert one.text == "“Quill” for “Bergen”"


@pytest.mark.parametrize("lang", LANGS)
def test_new_answer_lacks_what_the_name_has_elsewhere(lang: str) -> None:
    alias = {"en": "Roma", "de": "Ewige Stadt", "fr": "Ville éternelle", "ja": "永遠の都", "zh": "永恒之城"}[
        lang
    ]
    elsewhere = {"old": NEW[0][lang], "new": NEW[1][lang], "old_aliases": (alias, "🇮🇹")}
    (one,) = found("missing-alias", rows(lang, {}, elsewhere))
    assert (one.fact, one.text) == ("r0", f"“{NEW[0][lang]}” is also “{alias}” elsewhere")
    another = {"old": NEW[0][lang], "new": NEW[1][lang], "old_aliases": ("Rugby",)}
    assert found("missing-alias", rows(lang, {}, elsewhere, another)) == ()  # one name, two things
    clashing = {"old_aliases": (f"{alias} II",)}
    assert "r0" not in [one.fact for one in found("missing-alias", rows(lang, clashing, elsewhere))]


def test_most_frequent_answer() -> None:
    benchmark = second(probes=(ask(1, "de", "multihop"), ask(1, "de", "multihop", id="x", accept=("Peru",))))
    texts = {(one.lang, one.text) for one in found("majority-answer", benchmark)}
    assert ("de", "multihop: 2 of 3 (66.7%) are “Italien”") in texts


def test_probes_without_an_accepted_answer() -> None:
    bare = tuple(replace(probe, accept=()) for probe in sound().facts[0].probes)
    report = check(second(probes=bare))
    assert [name for name, found in report.findings.items() if found] == ["majority-answer"]
    assert clean(second(probes=bare)).changes == ()


def test_only_some_languages() -> None:
    report = check(spoil("ja", new=OLD[0]["ja"]), rules(["noop-edit", "majority-answer"]), ["de"])
    assert report.langs == ("de",)
    assert report.findings["noop-edit"] == ()
    assert {one.lang for one in report.findings["majority-answer"]} == {"de"}


def test_what_a_terminal_obeys_is_written_out() -> None:
    assert safe("a\x1b[2J\u202eb\ud800\n") == "a\\u001b[2J\\u202eb\\ud800\\u000a"
    assert len(quote("長" * 500)) == 102
    report = check(spoil("en", question="Where\x1b[31m?", new_aliases=("\u202e" * 2000,)))
    page = "\n".join(line.text for line in lines(report, RULES, 3))
    assert "\x1b" not in page and "\u202e" not in page


def test_page() -> None:
    page = list(lines(check(spoil("ja", new=OLD[0]["ja"])), RULES, 1))
    assert page[0].text == "sound 1: 2 facts in en, de, fr, ja, zh"
    assert page[2].text.split() == ["severity", "rule", *LANGS, "all"]
    assert page[3].text.split() == ["error", "noop-edit", "0", "0", "0", "1", "0", "1"]
    assert page[3].severity == "error"
    text = "\n".join(line.text for line in page)
    assert "noop-edit (error, 1): The new answer is the old one" in text
    assert "  f0 ja: both answers are “オスロ”" in text
    assert page[-1].text.startswith("Nothing found by: schema, shared-name, ")
    assert "f0 ja" not in "".join(line.text for line in lines(check(spoil("ja", subject=None)), RULES, 0))


def test_record_holds_everything() -> None:
    report = check(spoil("zh", question="{}？"))
    plain = record(report, RULES)
    assert plain["severities"]["error"] == 2  # a placeholder, and a subject that is not in the question
    assert {row["rule"] for row in plain["rules"]} == set(RULES)
    assert len(plain["findings"]) == sum(map(len, report.findings.values()))
    (row,) = (row for row in plain["rules"] if row["rule"] == "placeholder")
    assert row["counts"] == {"zh": 1}
    assert plain["findings"][0].keys() == {"rule", "severity", "fact", "probe", "lang", "text"}


def test_file_that_does_not_load(tmp_path: Path) -> None:
    place = tmp_path / "own.jsonl"
    place.write_text('{"question": "a?"}\n{"new_answer": "b\\u001b"}\n', encoding="utf-8")
    with pytest.raises(FactsError) as caught:
        load(place)
    report = report_problems("own.jsonl", caught.value)
    assert len(report.findings["schema"]) == 2
    assert "line 1" in report.findings["schema"][0].text
    assert next(line.text for line in lines(report, RULES, 3)) == "own.jsonl: 0 facts in no language"


@pytest.mark.parametrize("lang", LANGS)
def test_names_are_found_as_the_scorers_find_them(lang: str) -> None:
    said = state(0, lang)
    sentences = [said.old_sentence, said.new_sentence, said.question, f"x{said.old}x", f"{said.new}s", ""]
    for text in sentences:
        for names in (("", "US", said.old), (said.new, "IT"), ("it",), (said.old[0],)):
            assert has(text, names, lang) == contains_name(text, names, lang), (text, names)


def test_embedded_facts_are_sound() -> None:
    report = check(load("mini"))
    bad = {name: found for name, found in report.findings.items() if found and RULES[name].severity != "info"}
    assert bad == {}
