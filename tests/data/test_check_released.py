"""What the check says of the release, against ``docs/data-quality.md`` and numbers counted in other ways."""

import re
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from mlake.data import load
from mlake.data.check import RULES, Report, check
from mlake.data.check.clean import Cleaned, clean
from mlake.records import Benchmark

LANGS = ("en", "de", "fr", "ja", "zh")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "data-quality.md"


def table(first: str) -> list[list[str]]:
    """Body cells of the table whose first heading is ``first``, without back quotes."""
    text = PAGE.read_text(encoding="utf-8")
    (body,) = re.findall(rf"^\| {first} \|.*\n\|[ -|]*\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    return [[cell.strip().replace("`", "") for cell in row[1:-1].split("|")] for row in body.splitlines()]


def test_the_page_states_the_rules() -> None:
    expected = [[one.id, one.severity, "yes" if one.mended else "", one.meaning] for one in RULES.values()]
    assert table("rule") == expected


@pytest.fixture(scope="module")
def release(mirror: Path) -> Benchmark:
    return load("mlake", mirror=mirror)


@pytest.fixture(scope="module")
def report(release: Benchmark) -> Report:
    return check(release)


@pytest.fixture(scope="module")
def cleaned(release: Benchmark) -> Cleaned:
    return clean(release)


def by_kind(report: Report, release: Benchmark, rule: str, kind: str | None = None) -> list[int]:
    """Findings of a rule about statements, or about probes of a kind."""
    kinds = {probe.id: probe.kind for fact in release.facts for probe in fact.probes}
    counts = Counter(one.lang for one in report.findings[rule] if kinds.get(one.probe or "") == kind)
    return [counts[lang] for lang in LANGS]


@pytest.mark.released
class TestReleased:
    def test_the_page_states_what_is_found(self, report: Report) -> None:
        assert report.langs == LANGS
        expected = [
            [name, *(str(report.counts(name)[lang]) for lang in LANGS), str(len(found))]
            for name, found in report.findings.items()
            if found
        ]
        assert table("findings") == expected

    def test_the_examples_are_findings(self, report: Report) -> None:
        for rule, rows, _ in table("example"):
            found = {(one.lang, one.fact) for one in report.findings[rule]}
            for place in rows.split(", "):
                lang, row = place.split()
                assert (lang, f"mlake-{int(row):04d}") in found, (rule, place)

    def test_the_page_states_what_is_changed(self, cleaned: Cleaned) -> None:
        counts = Counter((change.rule, change.lang) for change in cleaned.changes)
        rules = [name for name in RULES if any(rule == name for rule, _ in counts)]
        expected = [[rule, *(str(counts[rule, lang]) for lang in LANGS)] for rule in rules]
        assert [row[:-1] for row in table("changes")] == expected
        assert [int(row[-1]) for row in table("changes")] == [sum(map(int, row[1:])) for row in expected]

    def test_the_page_states_what_is_left(self, cleaned: Cleaned) -> None:
        facts = cleaned.benchmark.facts
        stated = Counter(lang for fact in facts for lang in fact.statements)
        kinds = Counter((probe.kind, probe.lang) for fact in facts for probe in fact.probes)
        expected = [["facts", *(str(stated[lang]) for lang in LANGS)]]
        for kind in ("direct", "multihop", "multihop_before", "choice"):
            expected.append([kind, *(str(kinds[kind, lang]) for lang in LANGS)])
        assert table("left") == expected

    def test_the_page_states_the_counts_here(self, report: Report, release: Benchmark) -> None:
        def of(rule: str, kind: str | None = None) -> list[int]:
            return by_kind(report, release, rule, kind)

        old = Counter(
            one.lang for one in report.findings["answer-not-in-sentence"] if "before" in one.text[:6]
        )
        expected = [
            *(of(rule) for rule in ("emoji-alias", "short-alias", "duplicate-alias", "poisoned-alias")),
            of("old-answer-in-question"),
            of("old-alias-in-question"),
            of("contradictory-sentence"),
            of("damaged-subject"),
            [old[lang] for lang in LANGS],
            of("answer-in-answer"),
            [report.counts("parenthetical-answer")[lang] for lang in LANGS],
            [report.counts("without-naming")[lang] for lang in LANGS],
            of("meta-text-sentence"),
            of("wrong-language-sentence"),
            of("missing-alias"),
            of("answer-in-question", "multihop"),
            of("answer-in-question", "multihop_before"),
            of("names-old-bridge", "multihop"),
            of("second-hop-edited", "multihop"),
        ]
        assert [row[1].split() for row in table("count")] == [[*map(str, row)] for row in expected]

    def test_counts_without_the_rules(self, report: Report, release: Benchmark) -> None:
        """Numbers that need no rule about names come out the same when counted plainly."""

        def plain(text: str) -> str:
            return unicodedata.normalize("NFKC", text).casefold()

        stated = {lang: [fact.statements[lang] for fact in release.facts] for lang in LANGS}

        def rows(rule: str) -> list[int]:
            return by_kind(report, release, rule)

        assert rows("noop-edit") == [sum(one.old == one.new for one in stated[lang]) for lang in LANGS]
        assert rows("no-subject") == [sum(one.subject is None for one in stated[lang]) for lang in LANGS]
        assert rows("bare-answer-sentence") == [
            sum(one.old_sentence.strip("。") == one.old for one in stated[lang]) for lang in LANGS
        ]
        assert rows("parenthetical-answer") == [
            sum(bool(re.search("[(（]", one.old + one.new)) for one in stated[lang]) for lang in LANGS
        ]
        named = [sum(plain(one.old) in plain(one.question) for one in stated[lang]) for lang in ("ja", "zh")]
        assert rows("old-answer-in-question")[3:] == named
        poisoned = [sum("Teheran" in one.old_aliases for one in stated["de"]), 16]
        assert rows("poisoned-alias")[1:3] == poisoned
        texts = {(one.lang, one.fact) for one in report.findings["placeholder"]}
        assert {lang for lang, _ in texts} == {"fr"}
