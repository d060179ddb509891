from dataclasses import replace

import pytest

from mlake.data import load
from mlake.data.negation import negated
from mlake.data.own.jsonl import parse_jsonl, to_lines
from mlake.languages import LANGUAGES
from mlake.records import Answer, Asked, Benchmark, Fact, Probe, Statement
from mlake.scorers.names import contains, old


@pytest.fixture(scope="module")
def mini() -> Benchmark:
    return load("mini")


def negations(benchmark: Benchmark) -> list[Probe]:
    return [probe for fact in benchmark.facts for probe in fact.probes if probe.kind == "negation"]


def fact_of(lang: str, question: str) -> Fact:
    statement = Statement("f", lang, question, None, "old", "new")
    direct = Probe(f"f/{lang}/direct", "f", "direct", lang, question, ("new",))
    return Fact("f", 0, {lang: statement}, (direct,))


def test_every_direct_question_gets_one(mini: Benchmark) -> None:
    direct = [probe for fact in mini.facts for probe in fact.probes if probe.kind == "direct"]
    found = negations(negated(mini))
    assert len(found) == len(direct) == 5 * len(mini.facts)
    for before, after in zip(direct, found, strict=True):
        assert before.text in after.text != before.text
        assert replace(after, id=before.id, kind="direct", text=before.text) == before
    assert len({probe.id for fact in negated(mini).facts for probe in fact.probes}) == sum(
        len(fact.probes) + 5 for fact in mini.facts
    )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_language_has_a_wording_of_its_own(lang: str) -> None:
    template = LANGUAGES[lang].negation
    assert template.count("{question}") == 1
    probe = negations(negated(Benchmark("x", "r", "s", (fact_of(lang, " Who {is} it? "),))))[0]
    assert probe.text == template.replace("{question}", "Who {is} it?")
    assert probe.text[0] != " "


def test_the_rest_of_the_data_set_stays(mini: Benchmark) -> None:
    after = negated(mini)
    assert (after.name, after.revision, after.sha256, after.notes) == (
        mini.name, mini.revision, mini.sha256, mini.notes,
    )  # fmt: skip
    for one, other in zip(mini.facts, after.facts, strict=True):
        assert other.probes[: len(one.probes)] == one.probes
        assert replace(other, probes=one.probes) == one


def test_twice_is_once_and_own_negations_stay(mini: Benchmark) -> None:
    assert negated(negated(mini)) == negated(mini)
    fact = fact_of("en", "Who?")
    own = Probe("mine", "f", "negation", "en", "Who is it not?", ("new",))
    kept = negated(Benchmark("x", "r", "s", (replace(fact, probes=(*fact.probes, own)),)))
    assert negations(kept) == [own]


def test_a_language_without_a_wording_is_counted() -> None:
    after = negated(Benchmark("x", "r", "s", (fact_of("sw", "Nani?"),)))
    assert negations(after) == []
    assert after.notes == ("1 direct questions in sw have no negation: there is no wording for sw",)


@pytest.mark.parametrize(
    ("lang", "text", "fails", "gives_old"),
    [
        ("en", "Rome", 1, 0), ("en", "Paris", 0, 1), ("en", "London", 0, 0),
        ("en", "Not Rome but Paris.", 0, 1),
        ("de", "Rom", 1, 0), ("fr", "C'est Rome.", 1, 0), ("ja", "ローマです", 1, 0), ("zh", "巴黎", 0, 1),
    ],
)  # fmt: skip
def test_contains_is_the_rate_of_failing(
    mini: Benchmark, lang: str, text: str, fails: int, gives_old: int
) -> None:
    probe = next(one for one in negations(negated(mini)) if one.fact == "mini-00" and one.lang == lang)
    asked = Asked("en", 0, "negation", probe, Answer(text, True), Answer("", True))
    assert (contains(asked), old(asked)) == (fails, gives_old)


def test_facts_with_negations_can_be_stored(mini: Benchmark) -> None:
    content = "\n".join(to_lines(negated(mini))).encode()
    again = parse_jsonl(content, name="mini", revision="r", source="facts.jsonl")
    assert negations(again) == negations(negated(mini))
