"""How much text second moments need: MEMIT's success by the number of corpus tokens, as JSON lines.

``python -m benchmarks.moments_curve --model PATH`` edits the same packaged facts once for each number of
tokens. The first line says what was measured on, the second what the unedited model knows. Each further
one has the share of edited facts that take (``direct``), of locality answers that stay the same to the
letter (``locality_unchanged``) and of those the unedited model had right that still are (``locality_kept``),
each with its 95 % interval over facts. The corpus ends the curve where it ends.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import mlake
from benchmarks.machine import Floor, about
from mlake.data import load
from mlake.data.ordinary import ordinary_text
from mlake.editing import editor
from mlake.models.corpora import corpus
from mlake.models.generate import answers
from mlake.models.lm import LM
from mlake.records import Asked, Fact, Probe
from mlake.report.statistics.intervals import clustered_mean
from mlake.scorers.drift import unchanged
from mlake.scorers.names import contains
from mlake.scorers.table import signature

_TOKENS = "1000,3000,10000,30000,100000,300000,1000000"


def _probes(facts: Sequence[Fact], kind: str, lang: str) -> list[Probe]:
    return [one for fact in facts for one in fact.probes if (one.kind, one.lang) == (kind, lang)]


def _asked(lm: LM, probes: Sequence[Probe], lang: str, longest: int, before: Sequence[Asked]) -> list[Asked]:
    """What a model says; ``before`` is what the unedited one said, or nothing where this is it."""
    given = answers(lm, [one.text for one in probes], max_new_tokens=longest)
    if not before:
        return [Asked(None, None, p.kind, p, a, None) for p, a in zip(probes, given, strict=True)]
    earlier = [one.answer for one in before]
    return [Asked(lang, 0, p.kind, p, a, b) for p, a, b in zip(probes, given, earlier, strict=True)]


def _share(values: Sequence[float | None], asked: Sequence[Asked]) -> dict[str, Any]:
    scored = [(value, one.probe.fact) for value, one in zip(values, asked, strict=True) if value is not None]
    found = clustered_mean([value for value, _ in scored], [fact for _, fact in scored])
    return {
        "n": found.n,
        "effective": found.effective,
        "value": found.value,
        "low": found.low,
        "high": found.high,
    }


def _curve(lm: LM, flags: argparse.Namespace) -> Iterator[dict[str, Any]]:
    mini = load("mini")
    facts = mini.facts[: flags.facts]
    direct, local = (_probes(facts, kind, flags.lang) for kind in ("direct", "locality"))
    text = ordinary_text(load(flags.data, mirror=flags.mirror), facts, [one.text for one in local])
    longest = flags.max_new_tokens
    known = _asked(lm, local, flags.lang, longest, ())
    right = [contains(one) for one in known]
    first = _asked(lm, direct, flags.lang, longest, ())
    yield {
        "name": "unedited",
        "direct": _share([contains(one) for one in first], first),
        "locality_right": _share(right, known),
    }
    for tokens in map(int, flags.tokens.split(",")):
        method = editor(flags.method, lm, corpus=flags.corpus, corpus_tokens=tokens, seed=flags.seed)
        read = corpus(lm, flags.corpus, tokens=tokens, seed=flags.seed, text=text).tokens
        start = perf_counter()
        edit = method.edit(lm, [fact.stated(flags.lang) for fact in facts], text=text)
        seconds = perf_counter() - start
        with edit.applied(lm) as edited:
            taken = _asked(edited, direct, flags.lang, longest, first)
            stayed = _asked(edited, local, flags.lang, longest, known)
        kept = [contains(one) if was else None for one, was in zip(stayed, right, strict=True)]
        yield {
            "name": "moments curve",
            "tokens": read,
            "width": lm.matrix(method.config()["layers"][0]).shape[1],
            "direct": _share([contains(one) for one in taken], taken),
            "locality_unchanged": _share([unchanged(one) for one in stayed], stayed),
            "locality_kept": _share(kept, stayed),
            "edit_seconds": round(seconds, 2),
        }
        if read < tokens:
            return


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.moments_curve", description=__doc__)
    parser.add_argument("--model", default="demo", help="hub id, folder, GGUF file or demo")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--method", default="memit")
    parser.add_argument("--lang", default="en", help="language that is edited and asked in")
    parser.add_argument("--facts", type=int, default=63, help="packaged facts to edit together")
    parser.add_argument("--corpus", default="statements", help="as the setting corpus of mlake run")
    parser.add_argument("--data", default="mini", help="data set whose statements are the corpus")
    parser.add_argument("--mirror", type=Path, help="folder that holds the data set already")
    parser.add_argument("--tokens", default=_TOKENS, help="numbers of tokens, with commas, ascending")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max-new-tokens", type=int, default=32)
    flags = parser.parse_args()
    lm = mlake.load_model(flags.model, dtype=flags.dtype, device=flags.device)
    flags.model = Path(flags.model).name  # results are for others, who have other folders
    head = about(lm, Floor.of(lm)) | {"model": flags.model, "scorer": signature("contains")}
    head["flags"] = {key: value for key, value in vars(flags).items() if key != "mirror"}
    print(json.dumps({"name": "machine", **head}), flush=True)
    for row in _curve(lm, flags):
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
