"""Success of a trained editor, MEND's or KE's, on chosen facts: answers and likelihoods before and after.

The facts need not be those of a run: an editor is also asked about its own training facts here.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from time import monotonic
from typing import Any

import click
import torch

import mlake
from benchmarks.mend_curve import EDITORS
from mlake.editing.mend.files import TrainedFile
from mlake.editing.mend.gradients import first_block
from mlake.editing.mend.method import TrainedEditor
from mlake.editing.mend.upper import Upper
from mlake.editing.prompts import prompted
from mlake.evaluation.spec import parse_facts
from mlake.models.generate import answers
from mlake.records import Answer, Asked, Probe, Statement
from mlake.scorers.table import SCORERS

_SCORES = ("contains", "paper")


@torch.no_grad()
def _nll(lm: Any, facts: Sequence[Statement]) -> list[float]:
    """Mean negative log-likelihood of each new answer after its question, as the model is now."""
    prompts = [prompted(lm, one, kind="question", key="prompt", contexts=0).plain for one in facts]
    upper = Upper.of(lm, first_block(lm), prompts)
    return [round(value, 4) for value in upper.nll(upper.logs(lm)).tolist()]


def _said(lm: Any, facts: Sequence[Statement], longest: int) -> list[str]:
    return [one.text for one in answers(lm, [fact.question for fact in facts], max_new_tokens=longest)]


def _scored(fact: Statement, text: str) -> dict[str, float | None]:
    reject = tuple(name for name in (fact.old, *fact.old_aliases) if name)
    accept = (fact.new, *fact.new_aliases)
    probe = Probe(fact.fact, fact.fact, "direct", fact.lang, fact.question, accept, reject)
    asked = Asked(fact.lang, 0, "direct", probe, Answer(text, True), None)
    return {name: SCORERS[name].score(asked) for name in _SCORES}


class _Asker:
    """Asks about facts with and without edits; the unedited model is asked once."""

    def __init__(self, lm: Any, stated: Sequence[Statement], at: range, *, others: int, longest: int):
        # Facts after the slice, around the end if need be, are what an edit should leave alone.
        self.lm, self.stated, self.longest = lm, stated, longest
        self.others = [(at.stop + i) % len(stated) for i in range(others)]
        self.plain = self.asked(lm, [*at, *self.others])

    def asked(self, lm: Any, places: Sequence[int]) -> dict[int, tuple[float, str]]:
        """For each fact the new answer's likelihood and what the model says."""
        facts = [self.stated[place] for place in places]
        nll, said = _nll(lm, facts), _said(lm, facts, self.longest)
        return dict(zip(places, zip(nll, said, strict=True), strict=True))

    def under(self, method: TrainedEditor, batch: Sequence[int]) -> dict[str, Any]:
        """Edit some facts together, and ask about them and the others."""
        start = monotonic()
        edit = method.edit(self.lm, [self.stated[place] for place in batch])
        seconds = round(monotonic() - start, 2)
        with edit.applied(self.lm) as edited:
            now = self.asked(edited, [*batch, *self.others])
        rows = []
        for place in batch:
            fact, both = self.stated[place], (self.plain[place], now[place])
            scores = [_scored(fact, text) for _, text in both]
            row = {"fact": fact.fact, "nll": [nll for nll, _ in both]}
            rows.append(row | {name: [score[name] for score in scores] for name in _SCORES})
        same = {self.stated[place].fact: int(now[place][1] == self.plain[place][1]) for place in self.others}
        return {"facts": rows, "unchanged": same, "seconds": seconds}


@click.command()
@click.option("--model", default="demo", show_default=True)
@click.option("--data", default="mlake", show_default=True)
@click.option("--mirror", type=click.Path(path_type=Path))
@click.option("--method", type=click.Choice(list(EDITORS)), default="mend", show_default=True)
@click.option("--trained", required=True, help="File that mlake train wrote.")
@click.option("--scale", default=1.0, show_default=True)
@click.option("--untrained", is_flag=True, help="The editor as it was before training.")
@click.option("--facts", required=True)
@click.option("--lang", required=True)
@click.option("--batch-size", type=int, required=True)
@click.option("--others", type=int, default=1, show_default=True, help="Other facts asked about.")
@click.option("--max-new-tokens", type=int, default=16, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), required=True)
def main(
    model: str, data: str, mirror: Path | None, method: str, trained: str, scale: float, untrained: bool,
    facts: str, lang: str, batch_size: int, others: int, max_new_tokens: int, out: Path,
) -> None:  # fmt: skip
    """Edit facts in batches, each from the unedited model; write ids and numbers, no text, as JSON lines."""
    benchmark = mlake.load(data, mirror=mirror)
    start, stop = parse_facts(facts, len(benchmark.facts))
    stated = [fact.statements[lang] for fact in benchmark.facts]
    lm = mlake.load_model(model, dtype="fp32")
    row = EDITORS[method](trained=trained, scale=scale, untrained=untrained).fitted(lm)
    asker = _Asker(lm, stated, range(start, stop), others=others, longest=max_new_tokens)
    every = [range(at, min(at + batch_size, stop)) for at in range(start, stop, batch_size)]
    batches = [asker.under(row, batch) for batch in every]
    rows = [row for batch in batches for row in batch["facts"]]
    unchanged = [same for batch in batches for same in batch["unchanged"].values()]
    means = {
        "facts": len(rows),
        **{name: [fmean(row[name][when] for row in rows) for when in (0, 1)] for name in ("nll", *_SCORES)},
        "unchanged": fmean(unchanged) if unchanged else None,
    }
    settings = {
        "model": lm.name, "model_revision": lm.revision, "data_sha256": benchmark.sha256, "lang": lang,
        "facts": [start, stop], "batch_size": batch_size, "max_new_tokens": max_new_tokens,
        "method": row.config(), "threads": torch.get_num_threads(), "torch": str(torch.__version__),
    }  # fmt: skip
    out.parent.mkdir(parents=True, exist_ok=True)
    curve = TrainedFile.read(Path(trained), row.network).head["curve"]
    lines = [{"settings": settings, "means": means, "curve": curve}, *batches]
    out.write_text("".join(json.dumps(line) + "\n" for line in lines))
    click.echo(json.dumps(means))


if __name__ == "__main__":
    main()
