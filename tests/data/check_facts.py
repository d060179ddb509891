"""Two sound facts in five languages, and ways to spoil them."""

from dataclasses import replace
from typing import Any

from mlake.data.check import Finding, check, rules
from mlake.data.check.view import new_names, old_names
from mlake.records import Benchmark, Fact, Kind, Probe, Statement, Triple

LANGS = ("en", "de", "fr", "ja", "zh")
ASK = {
    "en": "Where did {} work?",
    "de": "Wo hat {} gearbeitet?",
    "fr": "Où {} a-t-elle travaillé ?",
    "ja": "{}はどこで働きましたか？",
    "zh": "{}在哪里工作？",
}
SAY = {
    "en": "{} worked in {}.",
    "de": "{} hat in {} gearbeitet.",
    "fr": "{} a travaillé à {}.",
    "ja": "{}は{}で働きました。",
    "zh": "{}在{}工作。",
}
CHAIN = {
    "en": "In which country did {} work?",
    "de": "In welchem Land hat {} gearbeitet?",
    "fr": "Dans quel pays {} a-t-elle travaillé ?",
    "ja": "{}はどの国で働きましたか？",
    "zh": "{}在哪个国家工作？",
}
SUBJECTS = (
    {**dict.fromkeys(("en", "de", "fr"), "Ada Quill"), "ja": "エイダ・クイル", "zh": "艾达·奎尔"},
    {**dict.fromkeys(("en", "de", "fr"), "Bo Lind"), "ja": "ボー・リンド", "zh": "博·林德"},
)
OLD = (
    {**dict.fromkeys(("en", "de", "fr"), "Oslo"), "ja": "オスロ", "zh": "奥斯陆"},
    {**dict.fromkeys(("en", "de", "fr"), "Lima"), "ja": "リマ", "zh": "利马"},
)
NEW = (
    {"en": "Rome", "de": "Rom", "fr": "Rome", "ja": "ローマ", "zh": "罗马"},
    {"en": "Cairo", "de": "Kairo", "fr": "Le Caire", "ja": "カイロ", "zh": "开罗"},
)
LAND = {"en": "Italy", "de": "Italien", "fr": "Italie", "ja": "イタリア", "zh": "意大利"}
LAND_BEFORE = {"en": "Norway", "de": "Norwegen", "fr": "Norvège", "ja": "ノルウェー", "zh": "挪威"}


def state(number: int, lang: str) -> Statement:
    subject, old, new = (names[number][lang] for names in (SUBJECTS, OLD, NEW))
    return Statement(
        fact=f"f{number}",
        lang=lang,
        question=ASK[lang].format(subject),
        subject=subject,
        old=old,
        new=new,
        old_sentence=SAY[lang].format(subject, old),
        new_sentence=SAY[lang].format(subject, new),
    )


def ask(number: int, lang: str, kind: Kind, **fields: Any) -> Probe:
    probe = Probe(
        id=f"f{number}/{lang}/{kind}",
        fact=f"f{number}",
        kind=kind,
        lang=lang,
        text=CHAIN[lang].format(SUBJECTS[number][lang]),
        accept=(LAND[lang],),
        triples=(Triple(f"Q{number}", "P1", "Q100"), Triple("Q100", "P17", "Q38")),
    )
    return replace(probe, **fields)


def choose(number: int, lang: str, **fields: Any) -> Probe:
    """The chained question as multiple choice, in which A is right."""
    options = (LAND[lang], "Peru", "Kenia", "Nepal")
    probe = ask(
        number, lang, "choice", id=f"f{number}/{lang}/multihop/choice", accept=("A",), options=options
    )
    return replace(probe, **fields)


def fact(number: int) -> Fact:
    statements = {lang: state(number, lang) for lang in LANGS}
    probes: list[Probe] = []
    for lang, one in statements.items():
        probes.append(
            Probe(f"f{number}/{lang}/direct", one.fact, "direct", lang, one.question, (one.new,), (one.old,))
        )
        if number == 0:
            probes += [ask(0, lang, "multihop"), choose(0, lang)]
            probes.append(ask(0, lang, "multihop_before", accept=(LAND_BEFORE[lang],)))
    return Fact(f"f{number}", number, statements, tuple(probes), f"Q{number}", "P1")


def sound() -> Benchmark:
    """Two facts in five languages with nothing to find but how often the most frequent answer is given."""
    return Benchmark("sound", "1", "0" * 64, (fact(0), fact(1)))


def spoil(lang: str, **fields: Any) -> Benchmark:
    """The first fact is stated otherwise in one language."""
    benchmark = sound()
    first = benchmark.facts[0]
    one = replace(first.statements[lang], **fields)
    probes = tuple(
        replace(probe, text=one.question, accept=new_names(one), reject=old_names(one))
        if (probe.kind, probe.lang) == ("direct", lang)
        else probe
        for probe in first.probes
    )
    facts = (replace(first, statements={**first.statements, lang: one}, probes=probes), benchmark.facts[1])
    return replace(benchmark, facts=facts)


def spoil_probe(kind: Kind, lang: str, **fields: Any) -> Benchmark:
    """A probe of the first fact is another."""
    benchmark = sound()
    first = benchmark.facts[0]
    probes = tuple(
        replace(probe, **fields) if (probe.kind, probe.lang) == (kind, lang) else probe
        for probe in first.probes
    )
    return replace(benchmark, facts=(replace(first, probes=probes), benchmark.facts[1]))


def found(rule: str, benchmark: Benchmark) -> tuple[Finding, ...]:
    return check(benchmark, rules([rule])).findings[rule]


def rows(lang: str, *stated: dict[str, Any]) -> Benchmark:
    """Facts in one language, told apart by what is given."""
    facts = []
    for number, fields in enumerate(stated):
        one = replace(state(0, lang), fact=f"r{number}", **fields)
        facts.append(Fact(one.fact, number, {lang: one}))
    return Benchmark("rows", "1", "", tuple(facts))
