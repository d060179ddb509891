"""A run from settings to stored answers, with a model that is loaded already: several runs share one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch

from mlake.chat_server import weights_out_of_reach
from mlake.data.ordinary import ordinary_text
from mlake.editing import editor as editing_method
from mlake.editing import load_edit
from mlake.editing.locate.value_files import keeping_values
from mlake.editing.method import Method
from mlake.errors import ModelError
from mlake.evaluation.cost import questions_a_fact, too_large
from mlake.evaluation.forms import check_form
from mlake.evaluation.plan import NO_SUBJECT, Plan, make_plan
from mlake.evaluation.run import Engine, going
from mlake.evaluation.spec import NO_METHOD, Choices, RunSpec, parse_facts
from mlake.evaluation.store import Savable, Store
from mlake.evaluation.unedited import Known
from mlake.folders import slug
from mlake.kinds import question_kind
from mlake.languages import in_order
from mlake.languages.sets import members
from mlake.models.deltas import RowDeltas
from mlake.models.generate import answers, identity, too_long
from mlake.models.lm import LM, UNPINNED
from mlake.records import Benchmark, Statement
from mlake.templates import PLAIN

__all__ = ["Session", "Settings", "as_before", "engine_of", "langs_of", "stays"]

_FACTS = 64  # statements that are edited and asked about together where edits are small
_CHAINS = {"cpu": 4, "cuda": 16}  # sequential edits that advance together; a kill loses at most these
_AT_ONCE = 64  # questions to a server, before their answers are kept
_QUESTIONS = {"cuda": 1024}  # under one edit asked in a pass; a kill loses at most these


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Choices):
    """What a user chooses of a run; the rest of its spec follows from model and data.

    Attributes:
        method: Name of the editing method, or ``none``: the unedited model is asked and nothing else.
        editor: Settings of the method that differ from its defaults.
        edit_langs: ``all``, or codes with commas; ``en+de`` is a set of languages, edited at once.
        test_langs: ``all``, or codes with commas.
        facts: As in ``parse_facts``.
    """

    method: str
    editor: dict[str, Any]
    edit_langs: str = "all"
    test_langs: str = "all"
    facts: str = "all"

    def check(self, benchmark: Benchmark) -> dict[str, Any]:
        """Refuse what can be told to be wrong without the model.

        Returns:
            What can be told of the run's spec.

        Raises:
            MlakeError: A name or a value is wrong, or they do not go together.
        """
        if self.method != NO_METHOD:
            method = editing_method(self.method, **self.editor)
            if self.sequence is not None:
                method.may_continue()
        spec = _spec(_NOT_LOADED, benchmark, self, {})
        make_plan(spec, benchmark)
        return {key: value for key, value in spec.record().items() if key not in (*_NOT_LOADED, "editor")}

    def check_kept(self, form: str) -> None:
        """Refuse a form in which the edits cannot be kept.

        Args:
            form: A row of ``mlake.evaluation.forms.FORMS``.

        Raises:
            UnknownNameError: No form has this name.
            EditError: The edits have no such form.
        """
        method = None if self.method == NO_METHOD else editing_method(self.method, **self.editor)
        check_form(form, method, self.sequence)

    def check_served(self, model: str) -> None:
        """Refuse what a model on a server cannot do; without a word to the server.

        Args:
            model: Its name.

        Raises:
            ModelError: The method reads or changes weights, or a kind wants answers of a certain length.
        """
        if self.method != NO_METHOD and not editing_method(self.method, **self.editor).only_asks:
            raise weights_out_of_reach(model, self.method)
        long = [one for one in self.kinds if question_kind(one).tokens is not None]
        if long:
            raise ModelError(
                f"{model!r} is on a server, which ends answers where it likes, and {', '.join(long)} wants "
                "all of one length; leave that out of --kinds"
            )


_NOT_LOADED = {"model": "", "model_revision": "", "dtype": "", "template": PLAIN}
"""What a spec says of a model that is not known yet."""


class Session:
    """One run, planned: its spec, its plan, and the method it edits with.

    Attributes:
        lm: The model.
        benchmark: The data set.
        method: The editing method; None where nothing is edited.
        spec: Every setting.
        plan: What will be edited and asked.
    """

    def __init__(self, lm: LM, benchmark: Benchmark, settings: Settings):
        self.lm = lm
        self.benchmark = benchmark
        settings.check(benchmark)
        if not lm.at_hand:
            settings.check_served(lm.name)
        self.method: Method | None = None
        if settings.method != NO_METHOD:
            self.method = editing_method(settings.method, lm, **settings.editor)
        self.spec = _spec(lm.record(), benchmark, settings, self.method.config() if self.method else {})
        self.plan: Plan = self._planned()

    def _planned(self) -> Plan:
        """The plan, without questions that are too long for the model."""
        longest, facts = self.spec.max_new_tokens, self.benchmark.facts
        long = too_long(self.lm, [probe.text for fact in facts for probe in fact.probes], longest)
        asked = [replace(f, probes=tuple(one for one in f.probes if one.text not in long)) for f in facts]
        left = [probe.id for fact in facts for probe in fact.probes if probe.text in long]
        plan = make_plan(self.spec, replace(self.benchmark, facts=tuple(asked)), refusal=self._refusal())
        if not left:
            return plan
        note = (
            f"questions of the data that do not fit, with answers of {longest} tokens, into the "
            f"{self.lm.positions} positions of {self.lm.name!r}: {len(left)}, such as {left[0]!r}: not asked"
        )
        return replace(plan, notes=(*plan.notes, note))

    def _refusal(self) -> Callable[[Statement], str | None]:
        """Why the method cannot edit a statement of this model's; None where it can."""
        method = self.method
        if method is None:
            return lambda statement: None

        @cache
        def why(statement: Statement) -> str | None:
            if statement.subject is None and method.needs_subject():
                return NO_SUBJECT
            return method.refusal(self.lm, statement)

        return why

    @property
    def folder_name(self) -> str:
        """Name of the run's folder: method, model and the hash of the spec."""
        return f"{self.spec.method}-{slug(self.spec.model)}-{self.spec.id}"

    def text(self) -> list[str]:
        """Ordinary text, with nothing about the facts that are edited or asked about besides."""
        others = [
            question.probe.text
            for unit in self.plan.units
            for question in unit.questions
            if question.kind == "locality"
        ]
        return ordinary_text(self.benchmark, self.benchmark.facts[slice(*self.spec.facts)], others)

    def warning(self) -> str | None:
        """What makes this run no fair test of its method; None for nothing."""
        if self.method is None:
            return None
        return self.method.warning([[one.fact for one in step.statements] for step in self.plan.steps])

    def notes(self) -> tuple[str, ...]:
        """What a reader must know before it starts, besides the notes of the plan."""
        notes = (self.warning(), too_large(self.plan, self.lm, self.method))
        return tuple(note for note in notes if note)

    def known(self) -> Known | None:
        """What earlier runs asked the unedited model; None where nothing pins the model."""
        # Nothing tells whether an unpinned model is the one that was asked before.
        if self.lm.revision == UNPINNED:
            return None
        return Known.of(identity(self.lm, self.spec.max_new_tokens))

    def carry_out(
        self, folder: Path, *, examine: Callable[..., Savable], progress: bool, keep_all: bool = False
    ) -> Known | None:
        """Edit and ask what is not stored yet.

        Args:
            folder: The run folder.
            examine: What is measured of every edit besides answers; it is told the languages asked in. Not
                asked for where the weights are out of reach.
            progress: Show progress on standard error.
            keep_all: Keep edits that hold whole weights too, for what is measured under them later.

        Returns:
            What was known of the unedited model; None where nothing pins the model.

        Raises:
            MlakeError: As ``run`` and ``Store.open``.
        """
        known = self.known()
        with Store.open(folder, self.spec) as store:
            engine = self.engine(examine=examine, known=known, keep_all=keep_all)
            for _ in self.going(self.plan, store, engine, progress=progress):
                pass
        return known

    def engine(self, *, examine: Callable[..., Savable], known: Known | None, keep_all: bool) -> Engine:
        """The model and what the run does with it; arguments as in ``carry_out``."""
        return replace(
            engine_of(self.lm, self.method, self.spec, self.text(), known),
            examine=partial(examine, langs=self.spec.test_langs) if self.lm.at_hand else None,
            keep=partial(stays, keep_all=keep_all),
            fact_worth=partial(questions_a_fact, self.plan, self.spec.max_new_tokens, self.lm, self.method),
        )

    def going(self, plan: Plan, store: Store, engine: Engine, *, progress: bool = False) -> Iterator[Path]:
        """Carry out a plan, or a part of it, in an open store: gives every file as soon as it is stored."""
        # Nothing tells whether an unpinned model is the one that values were found for.
        pinned = self.lm.revision != UNPINNED
        with store.values() as values, keeping_values(values) if pinned else nullcontext():
            yield from going(plan, store, engine, progress=progress)


def stays(edit: Any, *, keep_all: bool) -> bool:
    """Whether an edit stays stored once its questions are answered."""
    return keep_all or bool(edit.kept)


def engine_of(
    lm: LM, method: Method | None, spec: RunSpec, text: Sequence[str], known: Known | None
) -> Engine:
    """The model and method of a run as its engine.

    Args:
        lm: The unedited model.
        method: The editing method; None where nothing is edited.
        spec: The run's settings.
        text: Ordinary text of the data set.
        known: What earlier runs asked the unedited model.
    """
    longest = spec.max_new_tokens

    def answer(asked: Any, questions: Sequence[str], progress: Any) -> Any:
        return answers(asked, questions, max_new_tokens=longest, progress=progress)

    def under(
        asked: Any, edits: Sequence[Any], questions: Sequence[tuple[int, str]], tokens: int, **how: Any
    ) -> Any:
        for edit in edits:
            edit.warn_of_another_model(asked)
        deltas = RowDeltas(tuple(edit.deltas() or {} for edit in edits))
        groups, texts = [number for number, _ in questions], [text for _, text in questions]
        return answers(asked, texts, max_new_tokens=tokens, deltas=deltas, groups=groups, **how)

    def many(asked: Any, edits: Sequence[Any], questions: Sequence[tuple[int, str]], progress: Any) -> Any:
        return under(asked, edits, questions, longest, progress=progress)

    def at_length(asked: Any, edits: Any, questions: Any, tokens: int, progress: Any) -> Any:
        return under(asked, edits, questions, tokens, at_length=True, progress=progress)

    unedited = None if known is None else known.before(answer, None if lm.at_hand else _AT_ONCE)
    joint = max((len(members(one)) for one in spec.edit_langs), default=1)
    together = _together(lm, method, spec.batch_size * joint)
    least = _QUESTIONS.get(lm.device.type, 1) if lm.at_hand else 1
    engine = Engine(
        lm, method, answer, load_edit, torch.manual_seed, text, unedited, many, at_length, together, least
    )
    return replace(engine, as_before=partial(as_before, lm)) if method and method.only_asks else engine


def as_before(lm: LM, edited: LM, question: str) -> bool:
    """Whether a memory shows nothing before a question; all else of the model is the unedited one's.

    Args:
        lm: The unedited model.
        edited: The same with an edit in force by a method that only asks.
        question: The question.
    """
    return edited.style.prompt(question) == lm.style.prompt(question)


def _together(lm: LM, method: Method | None, statements: int) -> int:
    """How many edits to compute and ask under at a time.

    Edits of few facts leave a pass half empty. So do edits of one fact after another, however many facts
    they have, and an accelerator more so.
    """
    if method is None or not method.stackable:
        return 1
    chains = _CHAINS.get(lm.device.type, 1) if method.sequential else 1
    return max(chains, _FACTS // statements)


def langs_of(text: str, benchmark: Benchmark) -> tuple[str, ...]:
    """The languages that ``all`` or codes with commas mean."""
    if text.strip() == "all":
        return in_order(benchmark.langs)
    return tuple(name for name in (part.strip() for part in text.split(",")) if name)


def _spec(
    model: Mapping[str, Any], benchmark: Benchmark, settings: Settings, editor: Mapping[str, Any]
) -> RunSpec:
    return RunSpec(
        **model,
        data=benchmark.name,
        data_revision=benchmark.revision,
        data_sha256=benchmark.sha256,
        facts=parse_facts(settings.facts, len(benchmark.facts)),
        method=settings.method,
        editor=editor,
        edit_langs=() if settings.method == NO_METHOD else langs_of(settings.edit_langs, benchmark),
        test_langs=langs_of(settings.test_langs, benchmark),
        **settings.chosen(),
    )
