"""Opens what a build is made of; everything that a user can get wrong is said before the first stage."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from mlake.construct.asked import Asked
from mlake.construct.context import ALLOWED, LANGS, Context, Settings
from mlake.construct.folder import SOURCE, BuildFolder
from mlake.construct.llm.calls import CALLS, Mode
from mlake.construct.llm.model import model_named
from mlake.construct.relations import Relation, check_known, read_relations
from mlake.construct.release.files import have_parquet
from mlake.construct.source import Source
from mlake.construct.sources import source_named, stored_name
from mlake.construct.wording import Wording, read_wording
from mlake.construct.writers import writer_named
from mlake.disk import encoded
from mlake.errors import DataError, UnknownNameError
from mlake.languages import language
from mlake.review.store import REVIEW, digest_of_all, read_decisions

__all__ = ["open_context"]


def open_context(
    *,
    source: str = "snapshot",
    relations: Path | None = None,
    langs: Sequence[str] = LANGS,
    wording: Path | None = None,
    writer: str = "templates",
    allowed: Sequence[str] = (),
    without: Sequence[str] = (),
    seed: int = 0,
    out: Path | None = None,
    fetch: bool = True,
    say: Callable[[str], object] = lambda line: None,
    calls: Path = Path(CALLS),
    mode: Mode = "record",
) -> Context:
    """What a build is made of, read and checked.

    Args:
        source: A row of ``SOURCES``, perhaps with a colon and what it reads, or the path of a folder in the
            snapshot's layout.
        relations: Table of relations; None for the packaged one.
        langs: Language codes, in the order of the release.
        wording: Folder of wording files, and of prompts in ``prompts``; what it lacks is taken from the
            package.
        writer: A row of ``WRITERS``, or a model: ``openai:URL#NAME`` or ``local:NAME``.
        allowed: What is not left out, of ``ALLOWED``.
        without: Codes of witnesses; what only these witness is left out.
        seed: Seed of all random draws.
        out: The build's folder, where a source keeps what it fetches or reads out, and reviewers what they
            decide.
        fetch: Whether it may do so.
        say: Told in a line what a source does.
        calls: File of the recorded calls of a model that writes.
        mode: Whether that model is asked.

    Raises:
        UnknownNameError: A name is in no table.
        DataError: A file is missing or wrong, a language lacks labels or wording, or a source cannot be had.
        RunError: The folder holds another build, or cannot be written.
    """
    _known("option of --with", allowed, ALLOWED)
    if not langs:
        raise DataError("no language is named; give some, such as --langs en,de")
    for lang in langs:
        language(lang)
    writer_named(writer)
    model = model_named(writer, langs, prompts=wording, calls=calls, mode=mode, seed=seed)
    table = read_relations(relations)
    reader, rest = source_named(source)
    settings = Settings(
        source=stored_name(source),
        writer=model.name if model else writer,
        langs=tuple(langs),
        allowed=tuple(sorted(allowed)),
        without=tuple(sorted(without)),
        seed=seed,
    )
    if out is not None:  # before anything is fetched into the folder of another build
        BuildFolder(out, settings)
    place = None if out is None else out / SOURCE
    read = reader.read(
        Asked(langs=tuple(langs), relations=tuple(table), place=place, rest=rest, fetch=fetch, say=say)
    )
    _known("witness", without, _witnesses(read))
    if relations is not None:  # a source of one's own need not have all that is packaged
        check_known(table, read)
    reviews = [] if out is None else read_decisions(out / REVIEW)
    wordings = tuple(read_wording(lang, wording) for lang in langs)
    _check_worded(table.values(), wordings, allowed)
    return Context(
        settings=settings,
        source=read,
        relations=table,
        wordings=wordings,
        inputs=_inputs(read, table, wordings)
        | {"prompts": model.digest if model else "", "reviews": digest_of_all(reviews)},
        model=model,
        reviews=tuple(reviews),
    )


def _known(what: str, names: Iterable[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise UnknownNameError(what, name, known)


def _witnesses(source: Source) -> list[str]:
    return sorted({code for claim in source.claims for code in claim.source})


def _check_worded(relations: Iterable[Relation], wordings: Sequence[Wording], allowed: Sequence[str]) -> None:
    """Refuse a relation of the build that a language has no wording of."""
    for row in relations:
        if any(getattr(row, flag) and flag not in allowed for flag in ALLOWED):
            continue
        for wording in wordings:
            if not wording.has(row.id):
                raise DataError(
                    f"no wording of relation {row.id} ({row.label}) in {wording.lang!r}: add "
                    f"[relations.{row.id}] to {wording.lang}.toml in a folder for --wording, or take its row "
                    "out of --relations"
                )


def _inputs(source: Source, relations: Mapping[str, Relation], wordings: Sequence[Wording]) -> dict[str, str]:
    patterns = [(join.left.pattern, join.right.pattern) for one in wordings for join in one.joins]
    read = {"source": source, "relations": relations, "wording": (wordings, patterns)}
    hashes = {name: sha256(encoded(repr(value))).hexdigest() for name, value in read.items()}
    return hashes | {"parquet": version("pyarrow") if have_parquet() else ""}
