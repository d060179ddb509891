"""What is wrong with a data set, rule by rule, and a cleaned view of it.

``check`` runs the rules of ``RULES`` on any benchmark, ``clean`` mends what can be mended without guessing.
What the authors' release shows is in ``docs/data-quality.md``.
"""

from collections.abc import Iterable, Sequence

from mlake.data.check import alignment, answers, chains, sentences, wording
from mlake.data.check.findings import SEVERITIES, Finding, Report, Rule, Severity, safe
from mlake.errors import FactsError, UnknownNameError
from mlake.records import Benchmark

__all__ = [
    "RULES",
    "SEVERITIES",
    "Finding",
    "Report",
    "Rule",
    "Severity",
    "check",
    "report_problems",
    "rules",
    "safe",
]

_SCHEMA = Rule(
    "schema",
    "error",
    "The file does not hold facts in the form that mlake reads.",
    "Mend the line; mlake refuses the whole file until then.",
    lambda benchmark: (),
)

RULES: dict[str, Rule] = {
    rule.id: rule
    for rule in sorted(
        (_SCHEMA, *alignment.RULES, *answers.RULES, *wording.RULES, *sentences.RULES, *chains.RULES),
        key=lambda rule: SEVERITIES.index(rule.severity),
    )
}
"""Every rule by its id, errors first."""


def rules(names: Sequence[str] = ()) -> tuple[Rule, ...]:
    """The rules with these ids, in the order of ``RULES``; all of them for none.

    Raises:
        UnknownNameError: There is no such rule.
    """
    for name in names:
        if name not in RULES:
            raise UnknownNameError("rule", name, RULES)
    return tuple(rule for rule in RULES.values() if not names or rule.id in names)


def check(benchmark: Benchmark, chosen: Iterable[Rule] | None = None, langs: Sequence[str] = ()) -> Report:
    """Runs rules on a benchmark.

    Args:
        benchmark: Any benchmark.
        chosen: The rules to run; None for all.
        langs: Languages whose findings are kept, besides those of no language; all for none.
    """
    findings = {}
    for rule in RULES.values() if chosen is None else chosen:
        found = rule.find(benchmark)
        findings[rule.id] = tuple(one for one in found if not langs or one.lang in (None, *langs))
    shown = tuple(lang for lang in benchmark.langs if not langs or lang in langs)
    return Report(benchmark.name, benchmark.revision, benchmark.sha256, len(benchmark.facts), shown, findings)


def report_problems(name: str, error: FactsError) -> Report:
    """The report of a file that cannot be read: its problems as findings."""
    found = tuple(Finding(None, None, None, safe(problem)) for problem in error.problems)
    return Report(name, "", "", 0, (), {_SCHEMA.id: found})
