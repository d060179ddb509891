import json
import re
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from mlake.data import load
from mlake.data.stats.counts import Frequency, distribution, question_length, ranked
from mlake.data.stats.describe import CHAINED, Entities, Pair, Stats, describe
from mlake.data.stats.views import FIGURES, TABLE5, figure
from mlake.errors import DataError, UnknownNameError
from mlake.records import Benchmark, Fact, Probe, Statement, Triple

PAGE = Path(__file__).resolve().parents[2] / "docs" / "data-stats.md"


def statement(fact="f", lang="en", *, old="Paris", new="Rome", **rest):
    return Statement(fact, lang, "Where is it?", None, old, new, **rest)


def asked(name, kind="multihop", lang="en", *, fact="f", text="Where then?", accept=("Italy",), **rest):
    return Probe(name, fact, kind, lang, text, accept, **rest)


def chain(*ids):
    """Triples along a chain, from ids of entities and relations in turn."""
    return tuple(Triple(*ids[at : at + 3]) for at in range(0, len(ids) - 2, 2))


def benchmark(*probes, statements=None, unlinked=(), **fact):
    said = statements or {"en": statement()}
    return Benchmark("own", "own.jsonl", "0" * 64, (Fact("f", 0, said, probes, **fact),), tuple(unlinked))


def only(found: Stats):
    (one,) = found.languages
    return one


@pytest.mark.parametrize(
    ("lang", "text", "length"),
    [
        ("en", "Where did Carl Sagan work?", 5),
        ("en", "Who wrote it – and when ?", 5),
        ("de", "Wo arbeitete Ada Müller-Quill?", 4),
        ("fr", "Où Ada a-t-elle travaillé ?", 4),
        ("fr", "Qui est « Ada » ?", 3),
        ("ja", "エイダ・クイルはどこ？", 11),
        ("ja", "カ\u3099ナ\u200e は\u3000？\n", 4),
        ("zh", "艾达\u200b在 BBC 工作？", 9),
        ("zh", "", 0),
    ],
)
def test_length_counts_words_or_characters(lang, text, length):
    assert question_length(text, lang) == length


def test_distribution():
    one = distribution([4])
    assert (one.n, one.mean, one.low, one.q1, one.median, one.q3, one.high) == (1, 4, 4, 4, 4, 4, 4)
    many = distribution([5, 0, 1, 1])
    assert (many.q1, many.median, many.q3, many.mean) == (0.75, 1, 2, 1.75)
    assert many.histogram == ((0, 1), (1, 2), (5, 1))
    assert (many.share(1, 5), many.share(2, 4)) == (0.75, 0)


def test_ranks_are_shared_and_ties_stay_in_order():
    rows = ranked((None, name) for name in "cbbaac")
    assert [(row.label, row.rank, row.share) for row in rows] == [(one, 1, 1 / 3) for one in "cba"]
    rows = ranked([("Q1", "a"), ("Q2", None), ("Q1", "a"), ("Q3", None)])
    assert [row.rank for row in rows] == [1, 2, 2]
    assert rows[0] == Frequency(1, "Q1", "a", 2, 0.5)
    assert ranked([]) == ()


def test_one_fact_with_nothing_known():
    one = only(describe(benchmark(statements={"zh": statement(lang="zh", old="", new="罗马")})))
    assert (one.lang, one.facts, one.questions, one.unit) == ("zh", 1, {}, "characters")
    assert (one.relations, one.fact_relations, one.chains, one.lengths) == (0, (), {}, {})
    assert one.entities == {"direct": Entities(1, 0)}
    assert set(one.answers) == {"new"} == set(one.aliases)
    assert (one.answers["new"].floor, one.aliases["new"].high) == (1, 0)
    assert [row.count(one) for row in TABLE5] == [0, 0, 0, 1, None, None, None]


def test_questions_of_no_fact_count_even_in_a_language_without_facts():
    lost = asked("lost", "choice", "ja", fact=None, text="どこ？")
    found = describe(benchmark(asked("a"), unlinked=[asked("b", fact=None), lost]))
    english, japanese = found.languages
    assert (english.questions, english.unlinked) == ({"multihop": 2}, {"multihop": 1})
    assert (japanese.lang, japanese.facts, japanese.unlinked) == ("ja", 0, {"choice": 1})
    assert (japanese.entities, japanese.answers, japanese.aliases) == ({}, {}, {})
    assert japanese.lengths["choice"].histogram == ((3, 1),)


def test_answers_and_aliases():
    statements = {
        "fr": statement(lang="fr", old_aliases=("Paname", "Paname", "Paris"), new_aliases=("Urbs",))
    }
    one = only(
        describe(
            benchmark(
                asked("a", lang="fr", accept=("Italie", "IT")),
                asked("b", lang="fr", accept=("Italie", "Rép. italienne")),
                asked("c", lang="fr", accept=("Chine",)),
                statements=statements,
            )
        )
    )
    assert one.aliases["old"].histogram == ((1, 1),)
    assert one.aliases["multihop"].histogram == ((0, 1), (1, 2))
    assert one.aliases_by_answer["multihop"].histogram == ((0, 1), (2, 1))
    assert one.answers["multihop"].floor == pytest.approx(2 / 3)
    assert one.answers["multihop"].frequencies[0].label == "Italie"
    assert one.entities == {"direct": Entities(2, 0), "multihop": Entities(2, 0)}


def test_chains_by_id():
    path = chain("Q1", "P1", "Q2", "P2", "Q3")
    one = only(
        describe(
            benchmark(
                asked("a", triples=path, relations=("made by", "country")),
                asked("b", triples=chain("Q9", "P1", "Q2", "P3", "Q4"), accept=("Euro",)),
                asked("c", fact=None, triples=path, relations=("made by", "country")),
                asked("d", "choice", triples=path),
                asked("e", "bridge", triples=chain("Q2", "P2", "Q3")),
                relation_id="P1",
            )
        )
    )
    chains = one.chains["multihop"]
    assert (one.relations, chains.questions) == (3, 3)
    assert [[(row.id, row.label, row.count) for row in hop] for hop in chains.hops] == [
        [("P1", "made by", 3)],
        [("P2", "country", 2), ("P3", None, 1)],
    ]
    assert chains.pairs == (
        Pair("P1", "made by", 3, "P2", "country", 2),
        Pair("P1", "made by", 3, "P3", None, 1),
    )
    assert [(row.id, row.label, row.count) for row in chains.entities] == [
        ("Q2", "Rome", 6),
        ("Q1", None, 2),
        ("Q3", "Italy", 2),
        ("Q9", None, 1),
        ("Q4", "Euro", 1),
    ]
    assert one.entities == {"direct": Entities(2, 3), "multihop": Entities(2, 5)}
    assert one.fact_relations == (Frequency(1, "P1", "made by", 1, 1.0),)


def test_an_answer_before_the_edit_names_no_entity_in_the_middle():
    path = chain("Q1", "P1", "Q2", "P2", "Q3")
    found = describe(benchmark(asked("a", "multihop_before", triples=path, accept=("France",))))
    entities = only(found).chains["multihop_before"].entities
    assert [(row.id, row.label) for row in entities] == [("Q2", None), ("Q1", None), ("Q3", "France")]
    assert found.chain_ids == {"multihop_before": 3}


def test_relations_known_by_label_get_their_id_where_it_is_the_only_one():
    one = only(
        describe(
            benchmark(
                asked("a", lang="de", relations=("Land", "Stadt", "Fluss")),
                asked("b", lang="de", relations=("Land",)),
                asked(
                    "c", lang="de", triples=chain("Q1", "P7", "Q2", "P8", "Q3"), relations=("Stadt", "Stadt")
                ),
                statements={"de": statement(lang="de")},
                relation_id="P17",
                relations={"de": "Land", "en": "country"},
            )
        )
    )
    first, second, third = one.chains["multihop"].hops
    assert [(row.id, row.label, row.count) for row in first] == [("P17", "Land", 2), ("P7", "Stadt", 1)]
    assert [(row.id, row.label) for row in second] == [(None, "Stadt"), ("P8", "Stadt")]
    assert [(row.id, row.label) for row in third] == [(None, "Fluss")]
    assert one.relations == 5
    assert [pair.first_count for pair in one.chains["multihop"].pairs] == [1, 1]


def test_languages_are_chosen_in_order():
    statements = {lang: statement(lang=lang) for lang in ("en", "de", "ja")}
    paths = {"en": chain("Q1", "P1", "Q2", "P2", "Q3"), "ja": chain("Q1", "P1", "Q4", "P2", "Q3")}
    probes = [asked(lang, lang=lang, triples=path) for lang, path in paths.items()]
    own = benchmark(*probes, statements=statements)
    assert [one.lang for one in describe(own).languages] == ["en", "de", "ja"]
    chosen = describe(own, ["ja", "de", "ja"])
    assert [one.lang for one in chosen.languages] == ["ja", "de"]
    assert (chosen.chain_ids, describe(own).chain_ids) == ({"multihop": 3}, {"multihop": 4})
    with pytest.raises(DataError, match="'own' holds nothing in 'zh'; it has: en, de, ja; choose"):
        describe(own, ["zh"])


def marks(own, name):
    return [tuple(row.values()) for row in figure(describe(own), name)]


def test_figures_show_what_the_paper_shows():
    paths = [chain(f"S{n}", "P1", f"M{n % 2}", f"P{2 + n % 4}", "E") for n in range(98)]
    rare = chain("S", "P99", "M", "P98", "Z")  # twice among 100: 1 % of relations, S and Z 0.5 % of entities
    own = benchmark(*(asked(str(at), triples=path) for at, path in enumerate([*paths, rare, rare])))
    assert [row[4] for row in marks(own, "a")] == ["P2", "P3", "P4", "P98"]
    assert [row[2] for row in marks(own, "b")] == ["P1", "P2", "P3", "P4", "P5"]
    assert {row[2]: row[4] for row in marks(own, "c")} == {"M0": 98, "M1": 98, "E": 98, "M": 4}
    assert marks(own, "d") == [("en", "multihop", "words", 2, 100)]
    assert marks(own, "e") == [("en", "new", 0, 1), ("en", "multihop", 0, 100)]
    for name, part in FIGURES.items():
        assert all(tuple(row) == ("lang", *part.columns) for row in figure(describe(own), name))


def test_figures_of_nothing():
    own = describe(benchmark())
    assert [figure(own, name) for name in "abcd"] == [[], [], [], []]
    with pytest.raises(UnknownNameError, match="unknown figure 'f'; known: a, b, c, d, e"):
        figure(own, "f")


def test_mini_counts_and_goes_into_json():
    mini = load("mini")
    found = describe(mini)
    assert [one.lang for one in found.languages] == ["en", "de", "fr", "ja", "zh"]
    for one in found.languages:
        assert one.facts == found.facts == len(mini.facts)
        for kind, chains in one.chains.items():
            assert chains.questions == sum(row.count for row in chains.hops[0]) <= one.questions[kind]
            assert sum(row.count for row in chains.hops[1]) == sum(pair.count for pair in chains.pairs)
    assert json.loads(json.dumps(asdict(found)))["languages"][3]["unit"] == "characters"


@pytest.fixture(scope="module")
def release(mirror) -> Benchmark:
    return load("mlake", mirror=mirror)


@pytest.fixture(scope="module")
def released(release) -> Stats:
    return describe(release)


def table(first):
    """Body rows of the page's table with this first heading, back quotes left out."""
    body = re.search(
        rf"^\| {re.escape(first)} \|.*\n\|[ -|]*\|\n((?:\|.*\n)+)", PAGE.read_text("utf-8"), re.MULTILINE
    )
    assert body is not None
    return [[cell.strip().replace("`", "") for cell in row[1:-1].split("|")] for row in body[1].splitlines()]


def said():
    return " ".join(PAGE.read_text("utf-8").split())


def percent(share):
    return f"{100 * share:.1f} %"


def roles(release, kind, lang):
    """Entities in chains, with subject, middle and answer counted apart."""
    every = [*(probe for fact in release.facts for probe in fact.probes), *release.unlinked]
    paths = [probe.triples for probe in every if (probe.kind, probe.lang) == (kind, lang)]
    return {(at, one) for first, second in paths for at, one in enumerate((*first[::2], second.object))}


@pytest.mark.released
class TestPage:
    def test_table_5(self, released):
        rows = [
            [row.title, *(f"{row.count(one)} ({row.paper[one.lang]})" for one in released.languages)]
            for row in TABLE5
        ]
        assert table("Table 5") == rows

    def test_entities_in_chains(self, release, released):
        rows = []
        for title, kind in (("before", "multihop_before"), ("after", "multihop")):
            own = [one.entities[kind] for one in released.languages]
            apart = [len(roles(release, kind, one.lang)) for one in released.languages]
            rows.append([f"{title}, Wikidata ids", *(str(one.ids) for one in own)])
            rows.append([f"{title}, Wikidata ids by role", *map(str, apart)])
            rows.append([f"{title}, different answers", *(str(one.answers) for one in own)])
        assert table("entities in chains") == rows
        together = "together have {multihop_before} different ids before the edit and {multihop} after it"
        assert together.format(**released.chain_ids) in said()

    def test_relations(self, released):
        after = [len(one.chains["multihop"].relations) for one in released.languages]
        assert after == [43, 42, 42, 43, 42]
        for one in released.languages:
            assert len({row.id for kind in CHAINED for row in one.chains[kind].relations}) == 43
        assert "After the edit alone German, French and Chinese have 42." in said()

    def test_figure_8(self, released):
        english, *_ = released.languages
        shown = {name: [row for row in figure(released, name) if row["lang"] == "en"] for name in "abc"}
        top = {name: ", ".join(str(row["id"]) for row in shown[name][:3]) for name in "bc"}
        pooled = [english.lengths[kind] for kind in ("direct", *CHAINED)]
        counted = [
            str(len({row["first_id"] for row in shown["a"]})),
            *(f"{len(shown[name])}; first {top[name]}" for name in "bc"),
            percent(sum(one.share(10, 20) * one.n for one in pooled) / sum(one.n for one in pooled)),
            percent(english.aliases["multihop"].share(2, 13)),
        ]
        assert [row[-1] for row in table("Figure 8, English")] == counted
        before = english.chains["multihop_before"]
        assert [row.id for row in before.relations[:3]] == ["P27", "P17", "P30"]
        first, second, *_ = before.entities
        assert (first.id, first.count > 3 * second.count) == ("Q30", True)

    def test_lengths(self, released):
        lengths = released.languages[0].lengths
        kinds = ("direct", "multihop_before", "multihop")
        rows = [[kind, percent(lengths[kind].share(10, 20))] for kind in kinds]
        assert table("questions of 10 to 20 words, English") == rows

    def test_aliases(self, released):
        english, *others = released.languages
        rows = []
        for name, one in english.aliases.items():
            answers = english.aliases_by_answer[name]
            above = sum(count for value, count in answers.histogram if value > 20)
            rows.append([name, percent(one.share(2, 13)), percent(answers.share(2, 13)), str(above)])
        assert sorted(table("2 to 13 aliases, English")) == sorted(rows)
        edits = [english.aliases["new"], english.aliases["multihop"]]
        share = sum(one.share(2, 13) * one.n for one in edits) / sum(one.n for one in edits)
        assert f"together ({percent(share)})" in said()
        shares = [one.aliases["multihop"].share(2, 13) for one in others]
        assert max(shares) < edits[1].share(2, 13)
        assert f"in Chinese {percent(shares[-1])}." in said()

    def test_floors(self, released):
        rows = [
            [name, *(percent(one.answers[name].floor) for one in released.languages)]
            for name in released.languages[0].answers
        ]
        assert table("floors") == rows

    def test_counting_takes_less_than_three_seconds(self, release):
        start = time.perf_counter()
        describe(release)
        assert time.perf_counter() - start < 3
