"""``mlake edit``: one's own facts into a model, with a report of which took."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from mlake.cli.settings import settings_of
from mlake.data import load
from mlake.data.ordinary import ordinary_text
from mlake.errors import DataError, EditError
from mlake.evaluation.score import score_all
from mlake.records import Answer, Asked, Fact, Statement

__all__ = ["edit"]


@click.command(
    epilog="\b\nExample:\n  mlake edit --model demo --method memit --facts my.jsonl --out edit/ --merge"
)
@click.option("--model", required=True, help="Hub id, folder, .gguf file, or 'demo'.")
@click.option("--revision", help="Branch, tag or commit of a hub model.")
@click.option("--dtype", default="auto", show_default=True, help="bf16, fp16, fp32, fp64, or auto.")
@click.option("--device", default="auto", show_default=True, help="Torch device, or auto.")
@click.option("--template", help="Prompt template with one {question}, instead of the model's own.")
@click.option("--method", required=True, help="Editing method, such as memit or rome.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A setting of the method.")
@click.option("--no-subject", is_flag=True, help="Key at the prompt's last token, not at the subject's.")
@click.option("--facts", "source", required=True, help="A .jsonl file of facts, or the name of a data set.")
@click.option("--lang", help="Language to edit in.  [default: the first in the file]")
@click.option("--max-new-tokens", type=int, default=32, show_default=True, help="Longest answer in tokens.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the edit.")
@click.option("--merge", is_flag=True, help="Also write an edited checkpoint to OUT/model.")
@click.option("--peft", is_flag=True, help="Also write the edit as a PEFT LoRA adapter to OUT/adapter.")
def edit(source: str, out: Path, **flags: Any) -> None:
    """Edit facts into a model, ask about each, and save the edit.

    Writes OUT/edit.safetensors and OUT/answers.json: what the model said before and after, and whether
    each fact took.
    """
    import mlake.editing
    import mlake.models
    from mlake.editing.export import save_adapter, save_merged

    benchmark = load(source)
    lang = flags["lang"] or benchmark.langs[0]
    facts = [fact for fact in benchmark.facts if lang in fact.statements]
    if not facts:
        raise DataError(f"{source} states no fact in {lang!r}; it has: {', '.join(benchmark.langs)}")
    settings = settings_of(flags["settings"], no_subject=flags["no_subject"])
    mlake.editing.editor(flags["method"], **settings)  # a wrong name is said before the model loads
    _make(out)
    lm = mlake.models.load(
        flags["model"], **{key: flags[key] for key in ("dtype", "device", "revision", "template")}
    )
    editor = mlake.editing.editor(flags["method"], lm, **settings)
    statements = [fact.stated(lang) for fact in facts]
    before = _ask(lm, statements, flags["max_new_tokens"], "asking the unedited model")
    with tqdm(total=len(statements), desc=f"editing with {editor.name}", unit="fact") as bar:
        made = editor.edit(lm, statements, text=ordinary_text(benchmark), progress=bar.update)
    made.save(out / "edit.safetensors")
    with made.applied(lm):
        after = _ask(lm, statements, flags["max_new_tokens"], "asking the edited model")
        if flags["merge"]:
            save_merged(lm, out / "model")
    if flags["peft"]:
        save_adapter(made, lm, out / "adapter")
    _report(_took(facts, lang, before, after), statements, before, after, out)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EditError(f"cannot make the folder {folder}: {error}; choose another with --out") from error


def _ask(lm: Any, statements: Sequence[Statement], longest: int, doing: str) -> list[Answer]:
    from mlake.models.generate import answers

    with tqdm(total=len(statements), desc=doing, unit="question") as bar:
        said = answers(lm, [s.question for s in statements], max_new_tokens=longest, progress=bar.update)
    return [Answer(s.fact, reply.text, reply.stopped) for s, reply in zip(statements, said, strict=True)]


def _took(facts: Sequence[Fact], lang: str, before: Sequence[Answer], after: Sequence[Answer]) -> list[bool]:
    asked = [
        Asked(lang, 0, "direct", probe, now, then)
        for fact, then, now in zip(facts, before, after, strict=True)
        for probe in fact.probes
        if probe.kind == "direct" and probe.lang == lang
    ]
    return [row.value == 1 for row in score_all(asked) if row.scorer == "contains"]


def _report(
    took: Sequence[bool],
    statements: Sequence[Statement],
    before: Sequence[Answer],
    after: Sequence[Answer],
    out: Path,
) -> None:
    rows = [
        {
            "fact": one.fact,
            "lang": one.lang,
            "question": one.question,
            "new_answer": one.new,
            "before": then.text,
            "after": now.text,
            "took": done,
        }
        for one, then, now, done in zip(statements, before, after, took, strict=True)
    ]
    path = out / "answers.json"
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for row in rows:
        mark = "took" if row["took"] else "FAILED"
        click.echo(f"{mark:6}  {row['question']!r}: {row['before']!r} -> {row['after']!r}")
    click.echo(f"{sum(took)} of {len(took)} facts took (scorer contains)")
    click.echo(f"wrote {out / 'edit.safetensors'} and {path}")
