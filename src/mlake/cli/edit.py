"""``mlake edit``: one's own facts into a model, with a report of which took."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import click
from tqdm import tqdm

from mlake.cli.options import LOADING, MAX_NEW_TOKENS, TRAINED, model_options
from mlake.cli.settings import settings_of, settings_options
from mlake.data import load
from mlake.data.ordinary import ordinary_text
from mlake.disk import write_atomic
from mlake.errors import DataError, EditError, SubjectError
from mlake.records import Answer, Asked, Benchmark, Probe, Statement
from mlake.safe import plain
from mlake.scorers.table import SCORERS, signature

__all__ = ["edit"]

_SCORER = "contains"


@click.command(
    epilog="\b\nExample:\n  mlake edit --model demo --method memit --facts my.jsonl --out edit/ --merge"
)
@model_options
@click.option("--method", required=True, help="Editing method, such as memit or rome.")
@settings_options
@TRAINED
@click.option("--no-subject", is_flag=True, help="Key at the question's last token, not at the subject's.")
@click.option(
    "--facts", "source", required=True, help="A .jsonl, .json or .csv file of facts, or a data set."
)
@click.option("--lang", help="Language to edit in.  [default: the first in the file]")
@MAX_NEW_TOKENS
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

    benchmark = load(source)
    statements = _stated(benchmark, flags["lang"] or benchmark.langs[0], source)
    settings = settings_of(
        flags["settings"],
        no_subject=flags["no_subject"],
        trained=flags["trained"],
        method=flags["method"],
        like=flags["like"],
        file=flags["settings_file"],
    )
    # Names, values and subjects that are wrong are said before the model loads.
    method = mlake.editing.editor(flags["method"], **settings)
    if method.needs_subject():
        _check_subjects(statements)
    if flags["peft"] and not method.stackable:
        raise EditError(f"--peft writes edits of down-projections, not those of {method.name}; use --merge")
    with _folder(out):
        model = {key: flags[key] for key in LOADING}
        lm = mlake.models.load(flags["model"], **model)
        editor = mlake.editing.editor(flags["method"], lm, **settings)
        before = _ask(lm, statements, flags["max_new_tokens"], "asking the unedited model")
        text = ordinary_text(benchmark, benchmark.facts)
        with tqdm(total=len(statements), desc=f"editing with {editor.name}", unit="fact") as bar:
            made = editor.edit(lm, statements, text=text, progress=bar.update)
        _finish(lm, made, statements, before, out=out, flags=flags)


def _stated(benchmark: Benchmark, lang: str, source: str) -> list[Statement]:
    """The facts in one language; how many are not stated in it is said."""
    found = [fact.statements[lang] for fact in benchmark.facts if lang in fact.statements]
    if not found:
        raise DataError(f"{source} states no fact in {lang!r}; it has: {', '.join(benchmark.langs)}")
    absent = len(benchmark.facts) - len(found)
    if absent:
        click.echo(
            f"note: {absent} of {len(benchmark.facts)} facts are not stated in {lang!r} and are left out; "
            f"--lang takes {', '.join(benchmark.langs)}",
            err=True,
        )
    for note in benchmark.notes:
        click.echo(plain(f"note: {note}"), err=True)
    return found


def _check_subjects(statements: Sequence[Statement]) -> None:
    without = [one for one in statements if one.subject is None]
    if without:
        raise SubjectError(
            f"{len(without)} of {len(statements)} facts have no subject in {without[0].lang!r}, such as "
            f"{without[0].fact!r}; add one that stands verbatim in its question, or edit at the prompt's "
            "last token (--no-subject)"
        )


@contextmanager
def _folder(out: Path) -> Iterator[None]:
    """A folder that can be written; taken away again if the block fails before it writes anything."""
    new = not out.exists()
    try:
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise EditError(f"cannot write to the folder {out}: {_why(error)}; give another --out") from error
    try:
        yield
    except BaseException:
        if new:
            with suppress(OSError):
                out.rmdir()
        raise


def _why(error: OSError) -> str:
    return error.strerror or str(error)


def _ask(lm: Any, statements: Sequence[Statement], longest: int, doing: str) -> list[Answer]:
    from mlake.models.generate import answers

    with tqdm(total=len(statements), desc=doing, unit="question") as bar:
        return answers(lm, [s.question for s in statements], max_new_tokens=longest, progress=bar.update)


def _finish(
    lm: Any,
    made: Any,
    statements: Sequence[Statement],
    before: Sequence[Answer],
    *,
    out: Path,
    flags: Mapping[str, Any],
) -> None:
    """Save the edit, ask the edited model, and report; other forms of the edit come last."""
    from mlake.editing.edits.export import forget_forms, save_adapter, save_merged

    if flags["merge"] and not made.mergeable:
        raise EditError(
            f"--merge writes edited weights, and an edit by {flags['method']} is kept beside them; leave out "
            "--merge, and apply edit.safetensors"
        )
    earlier = (out / "edit.safetensors").exists()
    answers = out / "answers.json"
    answers.unlink(missing_ok=True)  # those of an earlier edit do not belong to this one
    made.save(out / "edit.safetensors")
    with made.applied(lm) as edited:
        after = _ask(edited, statements, flags["max_new_tokens"], "asking the edited model")
        rows = [_row(*three) for three in zip(statements, before, after, strict=True)]
        _write(rows, answers)
        wrote = [f"{out / 'edit.safetensors'} and {answers}"]
        if flags["merge"]:
            save_merged(edited, out / "model")
            wrote.append(str(out / "model"))
    if flags["peft"]:
        save_adapter(made, lm, out / "adapter")
        wrote.append(str(out / "adapter"))
    if earlier:
        asked = Path(lm.name).resolve() == (out / "model").resolve()
        forget_forms(out, merged=not (flags["merge"] or asked), adapter=not flags["peft"])
    _show(rows)
    for one in wrote:
        click.echo(plain(f"wrote {one}"))


def _row(one: Statement, before: Answer, after: Answer) -> dict[str, Any]:
    """What is stored of a fact; it took if the new answer is given and no old one beside it."""
    accept = (one.new, *one.new_aliases)
    reject = tuple(name for name in (one.old, *one.old_aliases) if name)
    probe = Probe(one.fact, one.fact, "direct", one.lang, one.question, accept, reject)
    return {
        "fact": one.fact,
        "lang": one.lang,
        "question": one.question,
        "new_answer": one.new,
        "before": before.text,
        "after": after.text,
        "took": SCORERS[_SCORER].score(Asked(one.lang, 0, "direct", probe, after, before)) == 1,
    }


def _write(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    try:
        write_atomic(path, (json.dumps(rows, ensure_ascii=False, indent=1) + "\n").encode())
    except OSError as error:
        raise EditError(f"cannot write {path}: {_why(error)}; give another --out") from error


def _show(rows: Sequence[Mapping[str, Any]]) -> None:
    """A line per fact; ``repr`` keeps control characters of the model's text out of the terminal."""
    for row in rows:
        mark = "took" if row["took"] else "FAILED"
        click.echo(f"{mark:6}  {row['question']!r}: {row['before']!r} -> {row['after']!r}")
    click.echo(f"{sum(row['took'] for row in rows)} of {len(rows)} facts took (scorer {signature(_SCORER)})")
