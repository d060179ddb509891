"""``mlake trace``: where in a model a fact's answer is decided."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from mlake.chat_server import need_weights
from mlake.cli.options import JSON, LOADING, MIRROR, SEED, model_options
from mlake.data import load
from mlake.disk import as_json, write_files
from mlake.evaluation.spec import parse_facts
from mlake.folders import working_in
from mlake.languages import in_order, language
from mlake.safe import plain

__all__ = ["trace"]


@click.command(epilog="\b\nExample:\n  mlake trace --model demo --data mini --facts 9 --lang en --out traced")
@model_options
@click.option("--data", required=True, help="Name of a data set, or a file of your own facts.")
@MIRROR
@click.option("--facts", default="all", show_default=True, help="200 (the first 200), 200:300, or all.")
@click.option("--lang", default="all", show_default=True, help="Languages to trace in: en,de or all.")
@click.option("--noise", type=click.FloatRange(0, min_open=True), default=3.0, show_default=True,
              help="Of the embeddings' standard deviation.")  # fmt: skip
@click.option("--samples", type=click.IntRange(1), default=10, show_default=True, help="Draws a fact.")
@SEED
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write.")
@JSON
def trace(
    data: str, mirror: Path | None, facts: str, lang: str, noise: float, samples: int, seed: int, out: Path,
    as_json: bool, **flags: Any,
) -> None:  # fmt: skip
    """Trace which blocks and tokens decide a model's answers to facts that it knows (ROME's Figure 2).

    The subject's embeddings are disturbed by noise; then the state of one token after one block, or what MLPs
    or attention of a few blocks give it, is put back, and the rise of the answer's probability is its effect.
    OUT gets means with intervals as trace.json, and a heat map for each language. Traced facts are kept: a
    command that was stopped goes on where it was.
    """
    import mlake.models
    from mlake.analysis.trace_run import Noise, known_facts, trace_all, trace_spec
    from mlake.report.findings.tracing import tracing_means

    need_weights(flags["model"], "mlake trace")
    benchmark = load(data, mirror=mirror)
    start, stop = parse_facts(facts, len(benchmark.facts))
    names = in_order(benchmark.langs) if lang == "all" else lang.split(",")
    langs = [language(name.strip()).code for name in names]
    lm = mlake.models.load(flags["model"], **{key: flags[key] for key in LOADING})
    chosen = benchmark.facts[start:stop]
    with _bar("asking the model", len(chosen) * len(langs), "question") as told:
        known, notes = known_facts(lm, chosen, langs, told)
    for note in notes:
        click.echo(plain(f"note: {note}"), err=True)
    spec = trace_spec(lm, benchmark, known, drawn := Noise(noise, samples, seed))
    with working_in(out, spec, lock_name="trace.lock", ours={"facts"}) as folder:
        with _bar("tracing", len(known), "fact") as told:
            rows = trace_all(lm, known, drawn, folder / "facts", told)
        record: dict[str, Any] = {"spec": spec, "notes": notes, "langs": tracing_means(rows)}
        files = _files(lm.name, record)
        write_files(folder, files)
    click.echo(json.dumps(record, indent=1) if as_json else _told(record["langs"]))
    click.echo(plain(f"wrote {', '.join(str(out / name) for name in files)}"), err=True)


@contextmanager
def _bar(doing: str, total: int, unit: str) -> Iterator[Callable[[int], object]]:
    with tqdm(total=total, desc=doing, unit=unit, dynamic_ncols=True) as bar:
        yield bar.update


def _files(model: str, record: Mapping[str, Any]) -> dict[str, bytes]:
    """The means, and a heat map for each language."""
    from mlake.analysis.tracing import KINDS, PLACES
    from mlake.report.figures.tracing import tracing_picture  # matplotlib loads slowly

    files = {"trace.json": f"{as_json(record)}\n".encode()}
    for lang, one in record["langs"].items():
        picture = tracing_picture(lang, model, one["effects"], KINDS, PLACES)
        files |= {
            f"{picture.name}.svg": picture.rendered("svg"),
            f"{picture.name}.png": picture.rendered("png"),
        }
    return files


def _told(langs: Mapping[str, Any]) -> str:
    """For each language, what noise does, and the block and token with the largest effect of each kind."""
    from mlake.analysis.tracing import KINDS, PLACES

    lines = []
    for lang, one in langs.items():
        clean, noisy = one["clean"], one["corrupted"]
        lines.append(
            f"{lang}: {clean['n']} facts; probability of the answer {clean['value']:.3f}, with noise "
            f"{noisy['value']:.3f}"
        )
        for kind, name in KINDS.items():
            best = max(
                (cell for cell in one["effects"] if cell["kind"] == kind), key=lambda cell: cell["value"]
            )
            ends = "" if best["low"] is None else f" [{best['low']:.3f}, {best['high']:.3f}]"
            lines.append(
                f"    {name}: +{best['value']:.3f}{ends} at block {best['block']}, {PLACES[best['place']]}"
            )
    return "\n".join(lines)
