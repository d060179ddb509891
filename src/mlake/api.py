"""What Python code calls: a run from start to scores, and the scores of answers made anywhere.

Only ``run`` loads torch, and only when it is called.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlake.chat_server import is_served, weights_out_of_reach
from mlake.errors import RunError
from mlake.evaluation.own_answers import Answers, asked_elsewhere
from mlake.evaluation.spec import DEFAULTS
from mlake.evaluation.store import try_folder
from mlake.languages import language
from mlake.languages.sets import language_set
from mlake.records import Benchmark
from mlake.report.load import load_run
from mlake.report.matrix_text import matrix_text
from mlake.report.tidy import TidyRow, tidy
from mlake.scorers.row import ScoredRow
from mlake.scorers.table import score_all

if TYPE_CHECKING:
    from mlake.evaluation.session import Session, Settings
    from mlake.evaluation.unedited import Known
    from mlake.models.lm import LM

__all__ = ["Results", "carry_out", "checked", "finished", "planned", "run", "score"]


@dataclass(frozen=True, slots=True)
class Results:
    """What answers scored.

    Attributes:
        spec: The run's settings; of one's own answers, what is known of them.
        scored: The value of every scorer for every answer.
        rows: Means with 95 % intervals over facts, a mapping a number, as ``pandas.DataFrame`` takes them.
        notes: What could not be edited or asked, one line each.
        folder: Where the run is stored; None for answers of one's own.
    """

    spec: Mapping[str, Any]
    scored: Sequence[ScoredRow]
    rows: Sequence[TidyRow]
    notes: Sequence[str] = ()
    folder: Path | None = None

    def matrix(self, scorer: str = "contains", kind: str = "direct") -> str:
        """Languages edited in by languages asked in, as text: per cent with intervals.

        Raises:
            UnknownNameError: No scorer has this name.
        """
        return matrix_text(self.rows, scorer, kind)

    def __repr__(self) -> str:
        asked = len({(row.edit_lang, row.batch, row.probe) for row in self.scored})
        about = f"{self.spec.get('method', 'answers of your own')} on {self.spec.get('data')}"
        place = f"; folder: {str(self.folder)[-80:]}" if self.folder else ""
        return f"Results({about}; answers: {asked}, means: {len(self.rows)}{place})"


def run(
    model: "str | Path | LM",
    data: str | Path | Benchmark,
    *,
    method: str,
    settings: Mapping[str, Any] | None = None,
    like: str = "",
    edit_langs: str | Sequence[str] = "all",
    test_langs: str | Sequence[str] = "all",
    facts: str | int = "all",
    batch_size: int = DEFAULTS.batch_size,
    kinds: str | Sequence[str] = DEFAULTS.kinds,
    locality: int = DEFAULTS.locality,
    seed: int = DEFAULTS.seed,
    max_new_tokens: int = DEFAULTS.max_new_tokens,
    sequence: str | None = None,
    forced: bool = False,
    keep: str | None = None,
    out: str | Path | None = None,
    progress: bool = True,
) -> Results:
    """Edit facts in some languages, ask in others, score and report: what ``mlake run`` does.

    A run that was stopped goes on where it was when it is called again.

    Args:
        model: A model, or the name of one as ``load_model`` takes it.
        data: A benchmark, or the name or file of one as ``load`` takes it.
        method: An editing method such as ``memit``; ``none`` asks the unedited model and nothing else.
        settings: Settings of the method that differ from its defaults.
        like: Preset of settings, such as ``easyedit``; ``settings`` beat it.
        edit_langs: Languages to edit in, each from the unedited model: codes, sets such as ``en+de`` whose
            statements are edited together, or ``all``, which is each language alone.
        test_langs: Languages to ask in.
        facts: ``200`` (the first 200), ``"200:300"`` or ``all``.
        batch_size: Facts that are edited together.
        kinds: Kinds of questions to ask.
        locality: Questions about facts outside each batch, per language.
        seed: Seed of all random draws.
        max_new_tokens: Longest answer in tokens.
        sequence: ``batches`` or ``languages``: edit on top of the edits before, in this order; None for each
            edit from the unedited model.
        forced: Score given answers too, as CounterFact and EasyEdit do (``mlake.analysis.forced``).
        keep: ``peft`` or ``merged``: keep every edit as an adapter or a checkpoint, which servers load; None
            for neither.
        out: Run folder; ``runs/METHOD-MODEL-ID`` by default.
        progress: Show on standard error how far it is.

    Raises:
        MlakeError: A name or setting is wrong, the model or the data cannot be loaded, the folder holds
            another run, or memory ran out; what is finished is kept.

    Examples:
        >>> lm = mlake.load_model("demo")
        >>> found = mlake.run(lm, "mini", method="rome", settings={"steps": 1}, facts=2, batch_size=1,
        ...                   edit_langs="en", test_langs=["en", "de"], out="runs/rome", progress=False)
        >>> [row["n"] for row in found.rows if (row["kind"], row["scorer"]) == ("direct", "contains")]
        [2, 2, 2, 2]
    """
    from mlake.evaluation.session import Settings

    chosen = Settings(
        method=method,
        editor=dict(settings or {}) | ({"like": like} if like else {}),
        edit_langs=_codes(edit_langs),
        test_langs=_codes(test_langs),
        facts=str(facts),
        batch_size=batch_size,
        kinds=tuple(_codes(kinds).split(",")),
        locality=locality,
        seed=seed,
        max_new_tokens=max_new_tokens,
        sequence=sequence,
    )
    session = planned(model, data, chosen, folder=None if out is None else Path(out), keep=keep)
    folder = Path("runs") / session.folder_name if out is None else Path(out)
    _refuse_unpinned(session.lm, folder)
    carry_out(session, folder, forced=forced, keep=keep, progress=progress)
    return finished(folder, session.warning())[0]


def planned(
    model: "str | Path | LM",
    data: str | Path | Benchmark,
    settings: "Settings",
    *,
    load: Mapping[str, Any] | None = None,
    load_model: Mapping[str, Any] | None = None,
    folder: Path | None = None,
    keep: str | None = None,
) -> "Session":
    """A run, planned; what can be wrong without the model is said before it loads.

    Args:
        model: As in ``run``.
        data: As in ``run``.
        settings: What a user chooses of a run.
        load: How to load the data, if it is a name.
        load_model: How to load the model, if it is a name.
        folder: Run folder, if it is known and will be written.
        keep: Form in which the edits will be kept.

    Raises:
        MlakeError: As in ``run``.
    """
    import mlake.models
    from mlake.evaluation.session import Session

    if keep is not None:
        settings.check_kept(keep)
    benchmark = checked(data, settings, load=load, folder=folder)
    if isinstance(model, str | Path):
        if is_served(str(model)):
            settings.check_served(str(model))
        model = mlake.models.load(model, **(load_model or {}))
    return Session(model, benchmark, settings)


def checked(
    data: str | Path | Benchmark,
    settings: "Settings",
    *,
    load: Mapping[str, Any] | None = None,
    folder: Path | None = None,
) -> Benchmark:
    """The data of a run whose settings can be right, as far as that can be told without its model.

    Args:
        data: As in ``run``.
        settings: As in ``planned``.
        load: As in ``planned``.
        folder: As in ``planned``.

    Raises:
        MlakeError: As in ``run``.
    """
    from mlake.data.derived import derived

    for name in _names(settings.edit_langs):
        if name != "all":
            language_set(name)
    for code in _names(settings.test_langs):
        if code != "all":
            language(code)
    benchmark = derived(_benchmark(data, **(load or {})), settings.kinds)
    known = settings.check(benchmark)
    if folder is not None:
        try_folder(folder, known)
    return benchmark


def carry_out(
    session: "Session", folder: Path, *, forced: bool, progress: bool, keep: str | None = None
) -> "Known | None":
    """Edit and ask what is not stored yet, and measure what needs the model besides.

    Args:
        session: The run.
        folder: Its folder.
        forced: Whether teacher-forced scores are wanted.
        progress: Show progress on standard error.
        keep: Form in which every edit is kept; None for as it is alone.

    Returns:
        What was known of the unedited model; None where nothing pins the model.

    Raises:
        MlakeError: As in ``run``.
    """
    from tqdm import tqdm

    from mlake.analysis.examine import examine, keep_ability
    from mlake.analysis.forced_run import keep_forced
    from mlake.evaluation.forms import keep_forms

    if forced and not session.lm.at_hand:
        raise weights_out_of_reach(session.lm.name, "forced")
    all_of_them = forced or keep is not None
    known = session.carry_out(folder, examine=examine, progress=progress, keep_all=all_of_them)
    if session.lm.at_hand:
        keep_ability(session.lm, folder)
    if forced:
        with tqdm(desc="reading given answers", unit="answer", disable=not progress) as bar:
            keep_forced(session.lm, folder, session.plan, session.benchmark, bar.update)
    if keep is not None:
        with tqdm(total=len(session.plan.steps), desc=f"writing {keep}", disable=not progress) as bar:
            for _ in keep_forms(keep, session.plan, folder, session.lm):
                bar.update()
    return known


def finished(folder: Path, *notes: str | None) -> tuple[Results, list[Path]]:
    """Score a run that was carried out, and write its report.

    Args:
        folder: The run folder.
        *notes: What else a reader must know.

    Returns:
        The scores, and the files written.

    Raises:
        RunError: A file is damaged, or the folder cannot be written.
    """
    from mlake.report.findings.forced import forced_tables
    from mlake.report.findings.sequences import sequence_tables
    from mlake.report.write import write_report  # matplotlib loads slowly

    found = load_run(folder)
    tables = [*sequence_tables(found), *forced_tables([found])]
    files = write_report(folder / "report", found.spec, found.rows, tables)
    told = (*found.notes, *(note for note in notes if note))
    return Results(found.spec, found.scored, found.rows, told, folder), files


def score(
    data: str | Path | Benchmark,
    answers: Answers,
    *,
    edit_lang: str | None = None,
    before: Answers | None = None,
) -> Results:
    """Score answers of your own, made anywhere. Needs no model.

    Args:
        data: The benchmark that was asked, or its name or file as ``load`` takes it.
        answers: Probe id or text of each question, and the answer to it: a mapping or pairs. A text that
            several probes ask is the answer to each of them.
        edit_lang: Language, or set such as ``en+de``, that the model was edited in; None for none.
        before: What the unedited model answered: a row of its own, and what ``unchanged`` compares with.

    Raises:
        DataError: An answer is to no question of the data set, is no text, or differs from another to the
            same question; there is none; or ``before`` is given without ``edit_lang``.
        UnknownNameError: mlake does not know the language.

    Examples:
        >>> answers = {"In which city is the Eiffel Tower located?": "In Rome."}
        >>> found = mlake.score("mini", answers, edit_lang="en")
        >>> print(found.matrix("exact"))  # doctest: +NORMALIZE_WHITESPACE
        Direct questions, exact|v3, % [95 % interval over facts]
                     asked in
        edited in    en
        en           0.0 [–]
        n              1
        effective n    1
        below 5 % in every cell: cut off at the token limit (cut|v1), in another language
          (other_language|v1), refused (refused|v1)
        <BLANKLINE>
    """
    benchmark = _benchmark(data)
    asked = asked_elsewhere(benchmark, answers, edit_lang=edit_lang, before=before)
    langs = {one.probe.lang for one in asked}
    spec = {
        "data": benchmark.name,
        "data_revision": benchmark.revision,
        "data_sha256": benchmark.sha256,
        "edit_langs": [] if edit_lang is None else [edit_lang],
        "test_langs": [lang for lang in benchmark.langs if lang in langs],
    }
    scored = score_all(asked)
    return Results(spec, scored, tidy(spec, scored))


def _benchmark(data: str | Path | Benchmark, **options: Any) -> Benchmark:
    import mlake.data

    return data if isinstance(data, Benchmark) else mlake.data.load(data, **options)


def _codes(given: str | Sequence[str]) -> str:
    """Names with commas, from either form."""
    return ",".join(_names(given) if isinstance(given, str) else given)


def _names(text: str) -> list[str]:
    return [name for name in (part.strip() for part in text.split(",")) if name]


def _refuse_unpinned(lm: "LM", folder: Path) -> None:
    """Refuse to go on with a run where nothing tells whether the model is still the one that began it."""
    from mlake.models.lm import UNPINNED

    if lm.revision == UNPINNED and (folder / "spec.json").exists():
        raise RunError(
            f"{folder} holds a run already, and nothing tells whether {lm.name!r} has the same weights; "
            "choose another out, or pin the model: LM.of(..., revision=...)"
        )
