"""``mlake edit``: one's own facts into a model, with a report of which took and what they cost."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

from mlake.chat_server import need_weights
from mlake.cli.also import keep_stated, with_others
from mlake.cli.options import JSON, LOADING, MAX_NEW_TOKENS, TRAINED, model_options
from mlake.cli.settings import settings_of, settings_options
from mlake.data import load
from mlake.data.ordinary import ordinary_text
from mlake.disk import clear_temporaries, write_atomic
from mlake.errors import DataError, EditError, SubjectError
from mlake.languages.sets import language_set, members
from mlake.pricing.questions import SOME, price_questions, stated_in
from mlake.records import Asked, Benchmark, Fact, Statement
from mlake.safe import plain
from mlake.scorers.refused import value_of
from mlake.scorers.table import SCORERS, signature

if TYPE_CHECKING:
    from mlake.editing.method import Method
    from mlake.models.lm import LM
    from mlake.pricing.price import Price, Unpriced

__all__ = ["edit"]

_SCORER = "contains"
_FILES = ("edit.safetensors", "answers.json", "price.json")
_SHOWN = 8  # facts, so that all that is said fits a screen
_MARKS = {True: "took", False: "FAILED", None: "untold"}
_PRICE = {"some": SOME, "full": None, "none": 0}


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
@click.option(
    "--lang", help="Language to edit in, or several at once: en+de.  [default: the first in the file]"
)
@click.option(
    "--also", metavar="LANGS", help="State the facts in these languages too, de,fr, as far as they are known."
)
@click.option("--writer", help="Model that states what --also does not know: openai:URL#NAME.")
@click.option("--writer-url", help="Server of --writer NAME; the same as --writer openai:URL#NAME.")
@MAX_NEW_TOKENS
@click.option(
    "--price",
    type=click.Choice([*_PRICE]),
    default="some",
    show_default=True,
    help=f"What else to ask before and after: {SOME} questions a language, all, or none.",
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the edit.")
@click.option("--merge", is_flag=True, help="Also write an edited checkpoint to OUT/model.")
@click.option("--peft", is_flag=True, help="Also write the edit as a PEFT LoRA adapter to OUT/adapter.")
@JSON
def edit(source: str, out: Path, as_json: bool, **flags: Any) -> None:
    """Edit facts into a model, ask about each, save the edit, and say what it costs.

    Writes OUT/edit.safetensors and OUT/answers.json: what the model said before and after, and whether
    each fact took. And OUT/price.json: what else it says otherwise, asked in other words, in other languages
    and about other facts, and how likely held-out text is to it. With --also, OUT/facts.jsonl holds the facts
    in all languages that they are edited in.
    """
    import mlake.editing
    import mlake.models
    from mlake.pricing.price import Unpriced

    benchmark = load(source)
    lang = language_set(flags["lang"]) if flags["lang"] else benchmark.langs[0]
    if flags["also"]:
        writer = {"writer": flags["writer"], "url": flags["writer_url"]}
        benchmark, lang = with_others(benchmark, lang, flags["also"], **writer)
    facts = _stated(benchmark, lang, source)
    statements = [one for fact in facts for one in stated_in(fact, lang)]
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
    if not method.only_asks:
        need_weights(flags["model"], method.name)
    if method.needs_subject():
        _check_subjects(statements)
    if flags["peft"] and not method.stackable:
        raise EditError(f"--peft writes edits of down-projections, not those of {method.name}; use --merge")
    asking = price_questions(facts, lang, _PRICE[flags["price"]])
    with _folder(out):
        model = {key: flags[key] for key in LOADING}
        lm = mlake.models.load(flags["model"], **model)
        editor = mlake.editing.editor(flags["method"], lm, **settings)
        _check_fit(lm, editor, statements, flags["max_new_tokens"])
        keep_stated(benchmark if flags["also"] else None, out, source)
        with _bar("asking the unedited model", len(asking.every)) as told:
            longest = flags["max_new_tokens"]
            before = Unpriced.of(lm, lang, asking, max_new_tokens=longest, progress=told)
        others = (one.probe.text for one in asking.every if one.kind == "locality")
        text = ordinary_text(benchmark, benchmark.facts, others)
        with tqdm(total=len(statements), desc=f"editing with {editor.name}", unit="fact") as bar:
            made = editor.edit(lm, statements, text=text, progress=bar.update)
        price, wrote = _finish(made, before, out=out, flags=flags)
    _show(price, wrote, as_json=as_json)


def _stated(benchmark: Benchmark, edit: str, source: str) -> list[Fact]:
    """The facts that are stated in a language, or in one of a set at least; how many are not is said."""
    langs, total = members(edit), len(benchmark.facts)
    notes = []
    for lang in langs:
        absent = sum(lang not in fact.statements for fact in benchmark.facts)
        if absent == total:
            raise DataError(f"{source} states no fact in {lang!r}; it has: {', '.join(benchmark.langs)}")
        if absent:
            left = "are left out" if len(langs) == 1 else "are edited in others of the set, if in any"
            takes = ", ".join(benchmark.langs)
            notes.append(
                f"{absent} of {total} facts are not stated in {lang!r} and {left}; --lang takes {takes}"
            )
    for note in (*notes, *benchmark.notes):
        click.echo(plain(f"note: {note}"), err=True)
    return [fact for fact in benchmark.facts if not fact.statements.keys().isdisjoint(langs)]


def _check_subjects(statements: Sequence[Statement]) -> None:
    without = [one for one in statements if one.subject is None]
    if without:
        raise SubjectError(
            f"{len(without)} of {len(statements)} facts have no subject in {without[0].lang!r}, such as "
            f"{without[0].fact!r}; add one that stands verbatim in its question, or edit at the "
            "question's last token (--no-subject)"
        )


def _check_fit(lm: "LM", editor: "Method", statements: Sequence[Statement], longest: int) -> None:
    """Refuse facts that the model cannot be asked about or edited with, before it is asked or edited."""
    from mlake.models.generate import too_long

    long = too_long(lm, [one.question for one in statements], longest)
    reasons = [
        f"the question of fact {one.fact!r} and an answer of {longest} tokens do not fit into the "
        f"{lm.positions} positions of {lm.name!r}; shorten it, or lower --max-new-tokens"
        if one.question in long
        else editor.refusal(lm, one)
        for one in statements
    ]
    found = [reason for reason in reasons if reason]
    if found:
        raise EditError(f"{len(found)} of {len(statements)} facts cannot be edited; first: {found[0]}")


@contextmanager
def _folder(out: Path) -> Iterator[None]:
    """A folder that can be written; taken away again if the block fails before it writes anything."""
    new = not out.exists()
    try:
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=out):
            clear_temporaries(out, _FILES)
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


@contextmanager
def _bar(doing: str, questions: int) -> Iterator[Callable[[int], object]]:
    with tqdm(total=questions, desc=doing, unit="question") as bar:
        yield bar.update


def _finish(
    made: Any, before: "Unpriced", *, out: Path, flags: Mapping[str, Any]
) -> tuple["Price", list[str]]:
    """Save the edit and ask the edited model; other forms of the edit come last.

    Returns:
        What the edit costs, and what was written.
    """
    from mlake.editing.edits.export import forget_forms, save_adapter, save_merged

    if flags["merge"] and not made.mergeable:
        raise EditError(
            f"--merge writes edited weights, and an edit by {flags['method']} is kept beside them; leave out "
            "--merge, and apply edit.safetensors"
        )
    lm = before.lm
    stored, answers, costs = (out / name for name in _FILES)
    earlier = stored.exists()
    for path in (answers, costs):
        path.unlink(missing_ok=True)  # those of an earlier edit do not belong to this one
    made.save(stored)
    wrote = [f"{stored} and {answers}"]
    with made.applied(lm) as edited:
        with _bar("asking the edited model", len(before.asking.every)) as told:
            price = before.priced(edited, told)
        _write(_rows(price), answers)
        if before.asking.others:
            _write(price.record(), costs)
            wrote.append(str(costs))
        if flags["merge"]:
            save_merged(edited, out / "model")
            wrote.append(str(out / "model"))
    if flags["peft"]:
        save_adapter(made, lm, out / "adapter")
        wrote.append(str(out / "adapter"))
    if earlier:
        asked = Path(lm.name).resolve() == (out / "model").resolve()
        forget_forms(out, merged=not (flags["merge"] or asked), adapter=not flags["peft"])
    return price, wrote


def _rows(price: "Price") -> list[dict[str, Any]]:
    """What is stored of each fact."""
    edited = [one for one in price.asked if one.before is not None]
    return [_row(one) for one in edited[: len(price.asking.edited)]]


def _row(asked: Asked) -> dict[str, Any]:
    """What is stored of a fact; it took if the new answer is given and no old one beside it.

    None where no rule tells names in its language.
    """
    value = value_of(_SCORER, SCORERS[_SCORER].score, asked)
    return {
        "fact": asked.probe.fact,
        "lang": asked.probe.lang,
        "question": asked.probe.text,
        "new_answer": asked.probe.accept[0],
        "before": asked.before.text if asked.before else "",
        "after": asked.answer.text,
        "took": None if value is None else value == 1,
    }


def _write(content: Any, path: Path) -> None:
    try:
        write_atomic(path, (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode())
    except OSError as error:
        raise EditError(f"cannot write {path}: {_why(error)}; give another --out") from error


def _show(price: "Price", wrote: Sequence[str], *, as_json: bool) -> None:
    """A line per fact, those that failed first, and the price.

    ``repr`` keeps control characters of the model's text out of the terminal.
    """
    rows, priced = _rows(price), bool(price.asking.others)
    if as_json:
        click.echo(json.dumps({"facts": rows} | ({"price": price.record()} if priced else {}), indent=1))
        return
    for row in sorted(rows, key=lambda row: bool(row["took"]))[:_SHOWN] if len(rows) > _SHOWN else rows:
        mark = _MARKS[row["took"]]
        click.echo(f"{mark:6}  {row['question']!r}: {row['before']!r} -> {row['after']!r}")
    if len(rows) > _SHOWN:
        click.echo(f"and {len(rows) - _SHOWN} more")
    count = price.asking.count
    what = "facts" if count == len(rows) else f"statements of {count} facts"
    click.echo(
        f"{sum(row['took'] is True for row in rows)} of {len(rows)} {what} took (scorer {signature(_SCORER)})"
    )
    if priced:
        click.echo(f"\n{price}\n")
    for one in wrote:
        click.echo(plain(f"wrote {one}"))
