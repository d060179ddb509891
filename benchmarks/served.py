"""``python -m benchmarks.served``: a model on a server beside the same weights in process, in docs/served.md.

With ``--served openai:URL#NAME --model FILE`` it asks both, asks the model in process in bfloat16 too, and
writes ``results/served-smollm2-135m.jsonl``; without, it makes the page's table from that file.
"""

import argparse
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from statistics import median
from typing import Any

import torch
from tqdm import tqdm

from benchmarks.facts import packaged
from benchmarks.results import DOCS
from benchmarks.stored import RESULTS
from mlake.disk import write_files
from mlake.models import LM, load
from mlake.models.generate import answers
from mlake.models.served import Served
from mlake.models.tokens import token_ids
from mlake.report.table import Table

__all__ = ["PAGE", "STORED", "page", "stored", "table"]

PAGE = "served.md"
STORED = RESULTS / "served-smollm2-135m.jsonl"
_PLACE = re.compile(r"(?<=<!-- python -m benchmarks.served -->\n\n).*?(?=\n<!-- end -->)", re.DOTALL)
_FACTS, _LONGEST = 12, 16
_NAMES = {"served": "on the server", "bf16": "in process, bfloat16"}


def stored() -> list[dict[str, Any]]:
    """What was measured: a line for each question and other way of asking it."""
    return [json.loads(line) for line in STORED.read_text(encoding="utf-8").splitlines()[1:]]


def table() -> Table:
    """How many answers differ from those in process in float32, and how near tokens were where they part."""
    rows = stored()
    columns = (
        *("asked", "answers", "the same", "the same but for the last character", "others"),
        *("prompts of another length", "nats apart where others part: median", "largest"),
        "nats between the nearest tokens of equal answers: median",
    )
    cells = ((name, *_row([one for one in rows if one["how"] == how])) for how, name in _NAMES.items())
    return Table(
        "served", "Answers beside those of the same weights in process in float32", columns, tuple(cells)
    )


def _row(rows: Sequence[Mapping[str, Any]]) -> Iterator[int | str]:
    others = [one for one in rows if not one["same"] and not _halved(one)]
    yield from (len(rows), sum(one["same"] for one in rows), sum(map(_halved, rows)), len(others))
    lengths = [one["tokens"] for one in rows if "tokens" in one]
    yield str(sum(mine != other for mine, other in lengths)) if lengths else "–"
    gaps, equal = [one["gap"] for one in others], [one["gap"] for one in rows if one["same"]]
    yield from (f"{value:.2f}" for value in (median(gaps), max(gaps), median(equal)))


def _halved(one: Mapping[str, Any]) -> bool:
    """Whether the server leaves out the last character, whose bytes the limit of tokens parted."""
    return not one["same"] and one["other"] == one["answer"][:-1]


def page() -> str:
    """docs/served.md with the table as it is now."""
    text = (DOCS / PAGE).read_text(encoding="utf-8")
    return _PLACE.sub(lambda _: table().markdown(), text)


def _measured(server: Served, name: str) -> Iterator[dict[str, Any]]:
    probes = [one for fact in packaged().facts[:_FACTS] for one in fact.probes if one.kind == "direct"]
    texts = [one.text for one in probes]
    lm = load(name, dtype="fp32", device="cpu")
    yield {"model": lm.name.rpartition("/")[2], "revision": lm.revision, "max_new_tokens": _LONGEST,
           "torch": torch.__version__, **server.record()["server"]}  # fmt: skip
    mine = answers(lm, texts, max_new_tokens=_LONGEST)
    replies = server.server.complete([server.request(text, _LONGEST) for text in texts])
    half = answers(load(name, dtype="bf16", device="cpu"), texts, max_new_tokens=_LONGEST)
    for at, probe in enumerate(tqdm(probes)):
        lengths = [len(_prompt(lm, probe.text)), replies[at].tokens[0]]
        served = _beside(lm, probe.text, mine[at].text, replies[at].text)
        yield {"how": "served", "probe": probe.id, "tokens": lengths, **served}
        yield {"how": "bf16", "probe": probe.id, **_beside(lm, probe.text, mine[at].text, half[at].text)}


def _prompt(lm: LM, question: str) -> list[int]:
    return token_ids(lm, [lm.style.prompt(question)], special=not lm.style.chat)[0]


def _beside(lm: LM, question: str, mine: str, other: str) -> dict[str, Any]:
    """Whether two answers are the same, and how far apart two tokens were to the model in process.

    These are the two at which the answers part; of equal answers the two likeliest, where they are nearest.
    """
    said, told = (lm.tokenizer(text, add_special_tokens=False)["input_ids"] for text in (mine, other))
    chances = _chances(lm, _prompt(lm, question), said)
    if mine == other:
        first, second = chances.topk(2).values.unbind(-1)
        return {"same": True, "answer": mine, "gap": round(float((first - second).min()), 4)}
    end = lm.tokenizer.eos_token_id
    pairs = enumerate(zip_longest(said, told, fillvalue=end))
    at, (own, its) = next((at, pair) for at, pair in pairs if pair[0] != pair[1])
    gap = float(chances[at, own] - chances[at, its])
    return {"same": False, "answer": mine, "other": other, "at": at, "gap": round(gap, 4)}


@torch.no_grad()
def _chances(lm: LM, prompt: Sequence[int], said: Sequence[int]) -> torch.Tensor:
    """Log-probabilities before each token of an answer and behind the last, ``(tokens + 1, vocabulary)``."""
    ids = torch.tensor([[*prompt, *said]])
    hidden = lm.model.base_model(input_ids=ids, use_cache=False).last_hidden_state[0, len(prompt) - 1 :]
    return lm.logits(hidden).log_softmax(-1)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, if a server is given, and write the page; see ``--help``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.served", description=__doc__)
    parser.add_argument("--served", help="openai:URL#NAME")
    parser.add_argument("--model", help="the same model as a file")
    flags = parser.parse_args(arguments)
    if flags.served:
        server = load(flags.served)
        assert isinstance(server, Served)
        lines = [json.dumps(row, ensure_ascii=False) for row in _measured(server, flags.model)]
        STORED.write_text("\n".join(lines) + "\n", encoding="utf-8")
    write_files(DOCS, {PAGE: page().encode()})


if __name__ == "__main__":
    main()
