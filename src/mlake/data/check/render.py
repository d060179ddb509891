"""A report as lines for people and as plain values for programs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from mlake.data.check.findings import SEVERITIES, Finding, Report, Rule, Severity, safe

__all__ = ["Line", "lines", "record"]

_NO_LANG = "-"


class Line(NamedTuple):
    """A line of text, and the severity by which it may be coloured."""

    text: str
    severity: Severity | None = None


def lines(report: Report, rules: Mapping[str, Rule], examples: int) -> Iterator[Line]:
    """A report for people: a table of counts, then every rule that found something, with examples.

    Args:
        report: What a check found.
        rules: Every rule of the report by its id.
        examples: How many findings of a rule to show.
    """
    found = [rules[name] for name, findings in report.findings.items() if findings]
    yield Line(_title(report))
    if found:
        yield Line("")
        yield from _table(report, found)
    for rule in found:
        findings = report.findings[rule.id]
        yield Line("")
        yield Line(f"{rule.id} ({rule.severity}, {len(findings)}): {rule.meaning}", rule.severity)
        yield Line(f"  {rule.advice}")
        yield from (Line(f"  {_shown(finding)}") for finding in findings[:examples])
    silent = [name for name, findings in report.findings.items() if not findings]
    if silent:
        yield Line("")
        yield Line(f"Nothing found by: {', '.join(silent)}")


def _title(report: Report) -> str:
    revision = f" {safe(report.revision)}" if report.revision else ""
    return (
        f"{safe(report.name)}{revision}: {report.facts} facts in {', '.join(report.langs) or 'no language'}"
    )


def _table(report: Report, rules: Sequence[Rule]) -> Iterator[Line]:
    counts = {rule.id: report.counts(rule.id) for rule in rules}
    langs: list[str | None] = [*report.langs]
    if any(None in one for one in counts.values()):
        langs.append(None)
    head = ["severity", "rule", *(lang or _NO_LANG for lang in langs), "all"]
    body = [
        [
            rule.severity,
            rule.id,
            *(str(counts[rule.id][lang]) for lang in langs),
            str(counts[rule.id].total()),
        ]
        for rule in rules
    ]
    widths = [max(map(len, column)) for column in zip(head, *body, strict=True)]
    for cells, severity in zip([head, *body], [None, *(rule.severity for rule in rules)], strict=True):
        names = (f"{cell:<{width}}" for cell, width in zip(cells[:2], widths[:2], strict=True))
        numbers = (f"{cell:>{width}}" for cell, width in zip(cells[2:], widths[2:], strict=True))
        yield Line("  ".join([*names, *numbers]), severity)


def _shown(finding: Finding) -> str:
    where = " ".join(filter(None, (finding.probe or finding.fact, finding.lang)))
    return f"{safe(where)}: {finding.text}" if where else finding.text


def record(report: Report, rules: Mapping[str, Rule]) -> dict[str, Any]:
    """A report as plain JSON values, every finding included."""
    severities = {name: 0 for name in SEVERITIES}
    for name, findings in report.findings.items():
        severities[rules[name].severity] += len(findings)
    return {
        "name": report.name,
        "revision": report.revision,
        "sha256": report.sha256,
        "facts": report.facts,
        "langs": list(report.langs),
        "severities": severities,
        "rules": [
            {
                "rule": name,
                "severity": rules[name].severity,
                "meaning": rules[name].meaning,
                "advice": rules[name].advice,
                "mended": rules[name].mended,
                "counts": {lang or _NO_LANG: count for lang, count in report.counts(name).items()},
            }
            for name in report.findings
        ],
        "findings": [
            {"rule": name, "severity": rules[name].severity, **asdict(finding)}
            for name, findings in report.findings.items()
            for finding in findings
        ],
    }
