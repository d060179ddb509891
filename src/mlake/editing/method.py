"""What every editing method offers: the base of the rows of ``EDITORS``."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol, Self

from mlake.editing.edits.edit import Edit
from mlake.errors import EditError
from mlake.models.lm import LM
from mlake.records import Benchmark, Statement

__all__ = ["Choice", "Method", "Origin", "Progress", "Range", "Trained", "Trainer", "settings_named"]

Progress = Callable[[int], object]
"""Is told how many facts have just been finished."""


class Range(NamedTuple):
    """Values of a setting that are worth trying, from ``low`` to ``high``.

    Attributes:
        low: The smallest.
        high: The largest.
        scale: How they are spread: ``linear``; ``log`` where each is a multiple of the one before; or
            ``depth``: shares of a model's blocks, from 0, the first, to 1, the last.
        points: How many of them to try, evenly spread.
        cheap: Whether another value costs little: what takes long does not depend on it.
    """

    low: float
    high: float
    scale: str
    points: int = 5
    cheap: bool = False


class Choice(NamedTuple):
    """Values of a setting that are worth trying and have no order, or are no numbers.

    Attributes:
        values: The values.
        cheap: As in ``Range``.
    """

    values: tuple[Any, ...]
    cheap: bool = False


class Trained(Protocol):
    """What training has written."""

    @property
    def sha256(self) -> str:
        """Hash of the file's bytes."""

    @property
    def told(self) -> str:
        """How good it is, in one line."""


class Trainer(Protocol):
    """What ``mlake train`` needs of the training of a method; it may be cut off at any step.

    Attributes:
        step: Steps done.
    """

    step: int

    @property
    def measured(self) -> int:
        """Steps at the start that train nothing."""

    def resume(self, path: Path, /) -> None:
        """Go on from a file that ``run`` wrote."""

    def advance(self) -> Mapping[str, float]:
        """Do the next step; its losses by name, none where it trains nothing."""

    def run(self, path: Path, steps: int, show: Callable[[Mapping[str, float]], object], /) -> Trained:
        """Train up to a number of steps and write the file, now and then and at the end.

        Args:
            path: The file.
            steps: Steps in all; those done already count.
            show: Called after each step with its losses.
        """


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the settings of a method are from, where not all are its own; each beats those before it.

    Attributes:
        like: Preset that was asked for.
        settings: Names of the settings that a file set.
        set: Names of those that were set one by one.
        tuned: How the packaged settings for the model were found, where some of them hold.
    """

    like: str = ""
    settings: tuple[str, ...] = ()
    set: tuple[str, ...] = ()
    tuned: str = ""


@dataclass(frozen=True, slots=True)
class Method(ABC):
    """An editing method: a frozen dataclass whose further fields are its settings.

    Only ``edit`` has to be written. A row of ``EDITORS`` is a value of such a class.

    Attributes:
        family: What it does to a model, in a few words.
        weighs: What its edits hold, which tells how large they are.
        only_asks: Whether it needs nothing of a model but its answers, so that one on a server will do.
        name: Name of the row.
        title: Name in figures and tables, as its paper writes it; empty for ``name``.
        paper: Address of the paper.
        origin: Where its settings are from, if a preset or a file of settings was asked for, or settings for
            the model are packaged.
    """

    family: ClassVar[str] = "other"
    weighs: ClassVar[str] = ""
    only_asks: ClassVar[bool] = False

    name: str
    title: str = field(default="", kw_only=True)
    paper: str = field(default="", kw_only=True)
    origin: Origin | None = field(default=None, kw_only=True)

    @property
    def sequential(self) -> bool:
        """Whether facts are edited one after another, each on the model that the ones before left."""
        return False

    @property
    def stackable(self) -> bool:
        """Whether one pass can ask under many of its edits: each has ``Edit.deltas``."""
        return False

    @property
    def mergeable(self) -> bool:
        """Whether its edits are other weights of the same model, as ``Edit.mergeable``."""
        return True

    @property
    def continues(self) -> bool:
        """Whether it can edit a model that is edited already."""
        return True

    @property
    def trainable(self) -> bool:
        """Whether it is trained beforehand (``trainer``); its setting ``trained`` then names the file."""
        return False

    @abstractmethod
    def edit(
        self,
        lm: LM,
        statements: Sequence[Statement],
        /,
        *,
        text: Sequence[str] = (),
        history: Sequence[Edit] = (),
        progress: Progress = lambda done: None,
    ) -> Edit:
        """Compute an edit that makes the model state these facts. The model is left as it was.

        Args:
            lm: The model, with all of ``history`` in force. The edit comes on top of it.
            statements: The facts, each in the language it is edited in.
            text: Ordinary text of the data set, for methods that measure a model on it.
            history: Earlier edits by this method, the first one first. Whoever calls has applied them.
            progress: Called with the number of facts just finished.

        Raises:
            EditError: No facts, or an edit that cannot be computed.
            SubjectError: A subject or target that cannot be found in its prompt.
        """

    def edit_many(
        self,
        lm: LM,
        batches: Sequence[Sequence[Statement]],
        /,
        *,
        text: Sequence[str] = (),
        history: Sequence[Edit] = (),
        progress: Progress = lambda done: None,
    ) -> Sequence[Edit]:
        """One edit for each batch, each from the model as it is; arguments and errors as in ``edit``."""
        return [self.edit(lm, one, text=text, history=history, progress=progress) for one in batches]

    def may_continue(self) -> None:
        """Refuse a sequence of edits, where the method cannot edit a model that is edited already.

        Raises:
            EditError: It cannot.
        """
        if not self.continues:
            raise EditError(
                f"{self.name} cannot edit a model that is edited already; take another method, or edit each "
                "batch from the unedited model"
            )

    def needs_subject(self) -> bool:
        """Whether a fact whose subject is not known cannot be edited."""
        return False

    def needs(self) -> Sequence[str]:
        """What it cannot do without, besides the facts: a ``subject``, ``training``, ``moments`` of text."""
        asked = {"subject": self.needs_subject(), "training": self.trainable}
        return [what for what, needed in asked.items() if needed]

    def refusal(self, lm: LM, statement: Statement, /) -> str | None:
        """Why it cannot edit a fact into a model, in words that name the fact; None where it can."""
        return None

    def suggested(self, lm: LM, /) -> Mapping[str, Any]:
        """Settings that the model's family asks for, where the user sets none."""
        return {}

    def preset(self, like: str, lm: LM | None, /) -> Mapping[str, Any]:
        """Settings of a preset; they take the place of what ``suggested`` gives.

        Args:
            like: Name of the preset.
            lm: The model; without it, what holds for every model.

        Raises:
            EditError: The method has no presets.
            UnknownNameError: It has others.
        """
        raise EditError(
            f"{self.name} has no presets, got {like!r}; leave it out, or take another method, such as memit"
        )

    def families(self) -> Sequence[Mapping[str, Any]]:
        """Settings that were published for families of models, each with its ``family`` and ``source``."""
        return ()

    def published(self, lm: LM, /) -> str:
        """Where its settings for this model were published, in one line; empty where nothing was."""
        return ""

    def checked(self) -> Self:
        """The method, if its settings can work at all; called before a model is loaded.

        Raises:
            MlakeError: They cannot.
        """
        return self

    def fitted(self, lm: LM, /) -> Self:
        """The method ready for a model, once all settings are in place.

        Raises:
            EditError: It cannot edit this model, or with these settings.
        """
        return self

    def config(self) -> dict[str, Any]:
        """Name, and every setting that can change a number, as JSON values."""
        left_out = ("title", "paper") if self.origin else ("title", "paper", "origin")
        settings = {key: value for key, value in asdict(self).items() if key not in left_out}
        if self.origin and not self.origin.tuned:
            del settings["origin"]["tuned"]  # earlier runs did not have it, and keep the ids they had
        return settings | ({"sequential": True} if self.sequential else {})  # stored runs are read by it

    def search(self) -> Mapping[str, Range | Choice]:
        """Settings worth trying, by name: what ``mlake tune`` searches."""
        return {}

    def passes(self) -> float:
        """How often an edit runs each fact forward and backward to the activations, for an estimate."""
        return 1.0

    def prompts(self) -> int:
        """Prompts of one fact that it holds in memory at once, for an estimate."""
        return 1

    def shown(self, statements: Sequence[Statement], /) -> Sequence[str]:
        """What stands before a question that each of these facts is shown with, for an estimate.

        Nothing where no fact is shown.
        """
        return ()

    def adapter_numbers(self, lm: LM, facts: int, /) -> int | None:
        """How many numbers an adapter of an edit of so many facts holds at most, for an estimate.

        None where it is no adapter, or nothing tells that beforehand.
        """
        return None

    def trained_weights(self, lm: LM, /) -> int:
        """How many of the model's weights an edit trains, for an estimate of memory."""
        return 0

    def warning(self, batches: Sequence[Collection[str]], /) -> str | None:
        """What makes results on these facts no fair test; None for nothing.

        Args:
            batches: Ids of the facts that are edited, those edited together in one; once for each language
                that a fact is stated in.
        """
        return None

    def trainer(
        self,
        lm: LM,
        benchmark: Benchmark,
        /,
        *,
        facts: tuple[int, int],
        langs: Sequence[str],
        settings: Mapping[str, Any],
    ) -> Trainer:
        """The training of what it needs before it can edit.

        Args:
            lm: The model.
            benchmark: The data set.
            facts: Start and stop of the facts to train on.
            langs: Languages to edit in.
            settings: Settings of the training that are not its defaults.

        Raises:
            EditError: The method is not trained, or not on so little.
            UnknownNameError: No such setting.
        """
        raise EditError(f"{self.name} needs no training; edit with it at once")

    def trained_file(self, lm: LM, /) -> Path:
        """Where ``mlake train`` writes what is trained, unless told otherwise.

        Raises:
            EditError: The method is not trained.
        """
        raise EditError(f"{self.name} needs no training; edit with it at once")

    def lacking(self, lm: LM, batch_size: int, out: Path, /) -> str | None:
        """What ``prepared`` would make first, in words; None for nothing."""
        return None

    def prepared(
        self, lm: LM, benchmark: Benchmark, facts: tuple[int, int], batch_size: int, out: Path, /
    ) -> Mapping[str, Any]:
        """Make what the method needs before it can edit, where it is not there.

        Args:
            lm: The model.
            benchmark: The data set.
            facts: Start and stop of the facts that will be edited: what is made must not know them.
            batch_size: How many of them will be edited together.
            out: Folder for it.

        Returns:
            Settings with which the method finds it.

        Raises:
            EditError: It cannot be made.
        """
        return {}


def settings_named(method: Method) -> tuple[str, ...]:
    """Names of the settings of a method: its fields besides what every method has."""
    every = {one.name for one in fields(Method)}
    return tuple(one.name for one in fields(method) if one.name not in every)
