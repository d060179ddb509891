"""Runs, tables and figures made up for the page: any size, or full of hostile texts."""

import random
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from mlake.records import Answer, Asked, Probe
from mlake.report.figures.picture import Picture
from mlake.report.rundata import RunData
from mlake.report.table import Table
from mlake.report.tidy import tidy
from mlake.scorers.row import ScoredRow, scored
from mlake.scorers.table import SCORERS, score_all

LANGS = ("en", "de", "fr", "ja", "zh")
KINDS = ("direct", "multihop")
LETTERS = {
    "ja": "日本語東京大学の国は山田太郎直骨角今海空川",
    "zh": "中国语北京大学的国是李王张直骨角今海空川",
}
HOSTILE = (
    "</script><script>window.owned = 1</script>",
    '"><img src=x onerror="window.owned = 1">',
    "javascript:window.owned=1",
    "<!-- <script> ${window.owned = 1} {{policy}} ]]> &lt;b&gt; &amp;",
    "left \u202eright to left\u202c end",
    "half a pair \ud83d of an emoji",
    "nul \x00 bell \x07 line \u2028 paragraph \u2029 end",
    "unbrokenword" * 400,
    "__proto__",
    "=1+1\n| a | b |\n[link](javascript:alert(1))",
    "",
)


def spec(**changes: Any) -> dict[str, Any]:
    return {
        "model": "some/model",
        "model_revision": "sha256:0123456789abcdef0123456789abcdef",
        "data": "made",
        "data_sha256": "fedcba9876543210fedcba9876543210",
        "method": "memit",
        "editor": {"layers": [3], "value": {"steps": 25}},
        "edit_langs": list(LANGS),
        "test_langs": list(LANGS),
        "batch_size": 100,
        "seed": 0,
        "version": "0.1.0",
    } | changes


def run_of(
    asked: list[Asked], scores: list[ScoredRow], notes: tuple[str, ...] = (), **changes: Any
) -> RunData:
    settings = spec(**changes)
    return RunData(Path("run"), settings, asked, scores, tidy(settings, scores), notes)


def small(**changes: Any) -> RunData:
    """Twelve facts, asked in all languages, edited in all; the edit holds in its own language only."""
    asked = list(_asked(12, lambda probe, edit: probe.accept[0] if edit == probe.lang else f"no {probe.id}"))
    return run_of(asked, score_all(asked), ("one note",), **changes)


def large(answers: int, seed: int = 0) -> RunData:
    """A run of about so many answers, each of some thirty words or characters, hardly two alike."""
    drawn = random.Random(seed)
    words = ["".join(drawn.choices("abcdefghijklmnopqrstuvwxyz", k=drawn.randint(2, 9))) for _ in range(5000)]

    def said(probe: Probe, edit: str | None) -> str:
        letters = LETTERS.get(probe.lang)
        return "".join(drawn.choices(letters, k=40)) if letters else " ".join(drawn.choices(words, k=25))

    facts = answers // (len(LANGS) * len(KINDS) * (1 + len(LANGS)))
    asked = list(_asked(facts, said))
    scores = [scored(one, name, float(drawn.random() < 0.3)) for one in asked for name in SCORERS]
    return run_of(asked, scores)


def hostile() -> RunData:
    """Every hostile text as question, answer, name, fact, id, note and setting."""
    asked = []
    for number, text in enumerate(HOSTILE):
        fact = f"{number} {text}"
        probe = Probe(f"id {text}", fact, "direct", "en", text, (text, "x"), (text,), options=(text,))
        before = Answer(text, True)
        asked.append(Asked(None, None, "direct", probe, before, None))
        asked.append(Asked("en", 0, "direct", probe, Answer(f"{text} after", False), before))
    names = dict.fromkeys(("model", "method", "data"), "".join(HOSTILE[:6]))
    scores = [scored(one, "contains", 1.0) for one in asked]
    return run_of(asked, scores, HOSTILE, **names, edit_langs=["en"], test_langs=["en"])


def table(text: str = "text", rows: int = 12) -> Table:
    body = tuple((f"{text} {number}", number, number / 7, None) for number in range(rows))
    columns = (text, "count", "share", "nothing")
    return Table("table1", f"A table of {text}", columns, body, (f"a note: {text}",))


def picture(text: str = "text") -> Picture:
    def draw() -> Figure:
        figure = Figure(figsize=(4, 3))
        figure.subplots().set_title(text.replace("\x00", "").replace("\ud83d", "")[:40])
        return figure

    return Picture("figure1", f"A figure of {text}", table(text), draw)


def _asked(facts: int, said: Any) -> Any:
    probes = [
        Probe(
            f"made-{fact:04}-{kind}-{lang}", f"made-{fact:04}", kind, lang,  # type: ignore[arg-type]
            f"{lang} question {fact} of {kind}: {LETTERS.get(lang, 'which country')}?",
            (f"new{fact} {lang}",), (f"old{fact} {lang}",),
        )
        for lang in LANGS
        for fact in range(facts)
        for kind in KINDS
    ]  # fmt: skip
    before = {}
    for probe in probes:
        before[probe.id] = Answer(said(probe, None), True)
        yield Asked(None, None, probe.kind, probe, before[probe.id], None)
    for edit in LANGS:
        for probe in probes:
            after = Answer(said(probe, edit), False)
            yield Asked(edit, 0, probe.kind, probe, after, before[probe.id])
