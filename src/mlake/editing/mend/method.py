"""Trained editors as methods: a network turns the gradient of the facts into an edit."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Self

import torch

from mlake.editing.edits.edit import Edit
from mlake.editing.edits.parameters import ParameterEdit
from mlake.editing.factors import Factors
from mlake.editing.mend.files import TrainedFile, command, default_path
from mlake.editing.mend.gradients import Matrix, edited_matrices
from mlake.editing.mend.hypernet import GradientNetwork
from mlake.editing.mend.ke import ConditionedNetwork
from mlake.editing.mend.network import Network
from mlake.editing.mend.prepare import file_in, steps_for, trained_on_the_rest
from mlake.editing.mend.training import Trainer
from mlake.editing.method import Method, Progress
from mlake.editing.prompts import need_facts, prompted, refusal
from mlake.errors import EditError, UnknownNameError
from mlake.models.lm import LM
from mlake.records import Benchmark, Statement

__all__ = ["KnowledgeEditor", "Mend", "TrainedEditor"]


@dataclass(frozen=True, slots=True)
class TrainedEditor(Method):
    """One gradient step per batch, its gradient changed by a trained network.

    Attributes:
        network: The network.
        trained: File that ``mlake train`` wrote; empty for where it writes by default.
        scale: The update is multiplied by this.
        untrained: Whether the network is the one that training started from: the gradient is normalised by
            the file's statistics and a step taken, nothing more.
    """

    family: ClassVar[str] = "trained editor"
    network: ClassVar[type[Network]]

    trained: str = ""
    scale: float = 1.0
    untrained: bool = False
    trainable: ClassVar[bool] = True

    def fitted(self, lm: LM, /) -> Self:
        """The method with its file found, read and checked.

        Raises:
            EditError: There is no trained editor, or it is for another model.
            ModelError: The model's parts are not understood.
        """
        edited_matrices(lm)
        path = Path(self.trained).expanduser() if self.trained else self.trained_file(lm)
        if not path.is_file():
            train = command(lm, self.network)
            raise EditError(f"{self.name} has no trained editor at {path}; train one: {train} --out {path}")
        fitted = replace(self, trained=str(path))
        fitted._network(lm)
        return fitted

    @property
    def _file(self) -> TrainedFile:
        path = Path(self.trained)
        try:
            stamp = path.stat().st_mtime_ns
        except OSError as error:
            raise EditError(f"cannot read the trained editor {path}: {error.strerror}") from error
        return _read(path, stamp, self.network)

    def _network(self, lm: LM) -> tuple[tuple[Matrix, ...], Network]:
        return self._file.network(lm, self.network, trained=not self.untrained)

    @property
    def trained_facts(self) -> tuple[str, ...]:
        """Ids of the facts that the editor was trained on; none before the method is fitted."""
        return tuple(self._file.head["fact_ids"]) if self.trained else ()

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
        """Training of the editor; its settings are those of ``network.settings``."""
        known = [one.name for one in fields(self.network.settings)]
        for name in settings:
            if name not in known:
                raise UnknownNameError(f"setting of the training of {self.name}", name, known)
        chosen = self.network.settings(**settings)
        return Trainer(lm, benchmark, facts=facts, langs=langs, settings=chosen, kind=self.network)

    def trained_file(self, lm: LM, /) -> Path:
        """The place in the user cache where ``fitted`` looks."""
        return default_path(lm, self.network)

    def lacking(self, lm: LM, batch_size: int, out: Path, /) -> str | None:
        """That an editor is trained first, if it is."""
        if file_in(out, self.network, lm, batch_size).exists():
            return None
        return f"its editor is trained first, {steps_for(batch_size)} steps"

    def prepared(
        self, lm: LM, benchmark: Benchmark, facts: tuple[int, int], batch_size: int, out: Path, /
    ) -> Mapping[str, Any]:
        """The editor that is trained on the facts left over, below ``out``."""
        return {"trained": str(trained_on_the_rest(self.network, lm, benchmark, facts, batch_size, out))}

    def config(self) -> dict[str, Any]:
        """Settings, the hash of the trained file, and what it was trained on; never its place."""
        settings = Method.config(self)
        if not settings["untrained"]:
            del settings["untrained"]  # stored runs lack it
        if not settings.pop("trained"):
            return settings
        file = self._file
        told = ("data", "data_sha256", "facts", "langs", "step", "best", "settings", "dtype")
        trained = {"sha256": file.sha256} | {key: file.head[key] for key in told}
        return settings | {"trained": trained | {"validation": file.validation}}

    def passes(self) -> float:
        """Once, back to the weights as well."""
        return 1.5

    def warning(self, batches: Sequence[Collection[str]], /) -> str | None:
        """Facts that the editor was trained on, and batches of another size, are no fair test."""
        if not self.trained:
            return None
        facts = {fact for batch in batches for fact in batch}
        seen = len(facts.intersection(self.trained_facts))
        trained, largest = self._file.head["settings"]["batch_size"], max(map(len, batches), default=0)
        said = []
        if seen:
            said.append(f"{seen} of {len(facts)} facts are among those that {self.name} was trained on")
        if largest > trained:
            said.append(f"{self.name} was trained to edit {trained} together, not {largest}")
        return f"{'; '.join(said)}: no fair test" if said else None

    def refusal(self, lm: LM, statement: Statement, /) -> str | None:
        """Why its target cannot be found behind its prompt."""
        return refusal(lm, statement, "question", "prompt")

    def edit(
        self,
        lm: LM,
        statements: Sequence[Statement],
        /,
        *,
        text: Sequence[str] = (),
        history: Sequence[Edit] = (),
        progress: Progress = lambda done: None,
    ) -> ParameterEdit:
        """Compute an edit that makes the model state these facts. The model is left as it was.

        Args:
            lm: The model, edited before or not.
            statements: The facts, each in the language it is edited in.
            text: Not used.
            history: Not used: earlier edits are seen in ``lm``.
            progress: Called with the number of facts just finished.

        Raises:
            EditError: No facts, no trained editor, one for another model, or numbers that are not finite.
            SubjectError: A fact has no new answer.
        """
        need_facts(statements)
        fitted = self if self.trained else self.fitted(lm)
        matrices, network = fitted._network(lm)
        prompts = [prompted(lm, one, kind="question", key="prompt", contexts=0).plain for one in statements]
        found = network.features(lm, matrices, prompts, statements, progress)
        with torch.no_grad():
            made = {
                matrix.name: matrix.stored(_scaled(factors, self.scale).slim().to(_CPU))
                for matrix, factors in zip(matrices, network(found), strict=True)
            }
        _check(made)
        report = {
            "method": fitted.config(),
            "model": lm.name,
            "model_revision": lm.revision,
            "facts": [{"fact": one.fact, "lang": one.lang} for one in statements],
        }
        return ParameterEdit(made, report=report)


@dataclass(frozen=True, slots=True)
class Mend(TrainedEditor):
    """MEND (Mitchell et al. 2022): the factors of the gradient are changed token by token."""

    weighs: ClassVar[str] = "a rank for each token of the facts, in three MLPs"
    network: ClassVar[type[Network]] = GradientNetwork

    name: str = "mend"


@dataclass(frozen=True, slots=True)
class KnowledgeEditor(TrainedEditor):
    """KE (De Cao et al. 2021): rows and columns of a gradient are weighed by what the fact says."""

    weighs: ClassVar[str] = "a rank for each token of the facts and one for each fact, in three MLPs"
    network: ClassVar[type[Network]] = ConditionedNetwork

    name: str = "ke"


_CPU = torch.device("cpu")


@lru_cache(maxsize=1)
def _read(path: Path, stamp: int, kind: type[Network]) -> TrainedFile:
    """A file, read again when it has changed."""
    return TrainedFile.read(path, kind)


def _scaled(factors: Factors, scale: float) -> Factors:
    return Factors(scale * factors.left, factors.right)


def _check(made: Mapping[str, Factors]) -> None:
    for name, factors in made.items():
        if not all(bool(torch.isfinite(factor).all()) for factor in factors):
            raise EditError(
                f"the edit of {name} holds NaN or infinity; expected finite numbers; "
                "load the model in float32 (--dtype fp32)"
            )
