"""What a check says: rules, findings and the report that holds them."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from mlake.records import Benchmark, Statement
from mlake.safe import hidden

__all__ = ["SEVERITIES", "Finding", "Report", "Rule", "Severity", "quote", "safe", "say"]

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)

_LONGEST = 100  # characters of a text that are shown


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a rule applies.

    Attributes:
        fact: Id of the fact; None where it is not about one fact.
        probe: Id of the probe; None where it is about the statement of the fact.
        lang: Language code; None where it is not about one language.
        text: What shows it. Safe to print: no control or format characters.
    """

    fact: str | None
    probe: str | None
    lang: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that may be wrong with a data set.

    Attributes:
        id: Its name on the command line and in the report.
        severity: ``error`` where a score would mean nothing, ``warning`` where it may mislead, ``info`` for
            what is worth knowing.
        meaning: What a finding says, in one sentence.
        advice: What to do about it.
        find: Every place in a benchmark where it applies.
        mended: Whether ``clean`` mends it.
    """

    id: str
    severity: Severity
    meaning: str
    advice: str
    find: Callable[[Benchmark], Iterable[Finding]]
    mended: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found.

    Attributes:
        name: Name of the data set.
        revision: Its revision.
        sha256: Its hash; empty where it could not be loaded.
        facts: How many facts it has.
        langs: Its languages.
        findings: Rule id to findings, for every rule that was run, in the order of the rules.
    """

    name: str
    revision: str
    sha256: str
    facts: int
    langs: tuple[str, ...]
    findings: Mapping[str, tuple[Finding, ...]]

    def counts(self, rule: str) -> Counter[str | None]:
        """How many findings of a rule there are in each language."""
        return Counter(one.lang for one in self.findings[rule])


def safe(text: str) -> str:
    """The text with what a terminal would hide or obey written out."""
    return "".join(f"\\u{ord(c):04x}" if hidden(c) else c for c in text)


def quote(*texts: str) -> str:
    """Texts as they are shown in a finding, cut where they are long."""
    cut = (text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…" for text in texts)
    return ", ".join(f"“{safe(text)}”" for text in cut)


def say(statement: Statement, text: str) -> Finding:
    """A finding about a statement."""
    return Finding(statement.fact, None, statement.lang, text)
