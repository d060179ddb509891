"""What a worker does: it opens runs with a model that it keeps, and does jobs of them in its own folders."""

import gc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mlake.models
from mlake.analysis.examine import examine
from mlake.cluster.jobs import File, Opening, Outline
from mlake.disk import write_files
from mlake.errors import RunError
from mlake.evaluation.plan import Plan
from mlake.evaluation.session import Session
from mlake.evaluation.spec import RunSpec
from mlake.evaluation.store import Store
from mlake.models.lm import LM

__all__ = ["Measure", "Part", "Worker", "outline"]


def outline(session: Session) -> Outline:
    """A run as it is told to who has no model."""
    shape = session.engine(examine=examine, known=None, keep_all=False).shape
    return Outline(
        session.spec, session.plan, shape, session.folder_name, str(session.lm.device), session.notes()
    )


@dataclass(frozen=True)
class Part:
    """A job: edits and questions of a run.

    Attributes:
        plan: What to edit and ask.
        keep_all: Keep edits that hold whole weights too.
    """

    plan: Plan
    keep_all: bool

    def __call__(self, session: Session, folder: Path) -> Iterator[Path]:
        """Do it in a folder with what is stored already; gives every file as soon as it is there."""
        with Store.open(folder, session.spec) as store:
            engine = session.engine(examine=examine, known=session.known(), keep_all=self.keep_all)
            yield from session.going(self.plan, store, engine)


@dataclass(frozen=True)
class Measure:
    """A job: something that is measured of a finished run.

    Attributes:
        path: The file that is written, below the run's folder.
        measure: Writes it, given the run and the folder with its files.
    """

    path: Path
    measure: Callable[[Session, Path], object]

    def __call__(self, session: Session, folder: Path) -> Iterator[Path]:
        """Do it in a folder with the run's files."""
        self.measure(session, folder)
        yield folder / self.path


class Worker:
    """Holds a model, and the runs of it that were opened."""

    def __init__(self) -> None:
        self._lm: LM | None = None
        self._loaded: tuple[str, Mapping[str, Any]] | None = None
        self._sessions: dict[str, Session] = {}

    def opened(self, key: str) -> bool:
        """Whether a run is open."""
        return key in self._sessions

    def open(self, opening: Opening) -> Outline:
        """Open a run; its model is loaded unless it is there, and the one before it is let go.

        Raises:
            MlakeError: The model cannot be loaded, or the run cannot be.
        """
        wanted = opening.model, opening.load
        if self._lm is None or self._loaded != wanted:
            self._sessions.clear()
            self._lm = None
            gc.collect()
            self._lm, self._loaded = mlake.models.load(opening.model, **opening.load), wanted
        session = self._sessions[opening.key] = opening.session(self._lm)
        return outline(session)

    def work(
        self,
        key: str,
        spec: RunSpec,
        do: Callable[[Session, Path], Iterator[Path]],
        given: Mapping[str, bytes],
    ) -> Iterator[File]:
        """Do a job of an open run; gives its files, as soon as they are there, and those that are gone.

        Raises:
            MlakeError: Anything that the same can fail with on one machine; or the run has other settings
                here than where the job comes from.
        """
        session = self._sessions[key]
        _refuse_other(session.spec, spec)
        with TemporaryDirectory(prefix="mlake-") as name:
            folder = Path(name)
            write_files(folder, given)
            for path in do(session, folder):
                yield path.relative_to(folder).as_posix(), path.read_bytes()
            for one in given:
                if not (folder / one).exists():
                    yield one, None


def _refuse_other(here: RunSpec, wanted: RunSpec) -> None:
    mine, others = here.record(), wanted.record()
    other = next((key for key in others if mine.get(key) != others[key]), None)
    if other is not None:
        raise RunError(
            f"the workers differ: {other} is {str(others[other])[:60]!r} on one and "
            f"{str(mine.get(other))[:60]!r} on another; give all nodes the same mlake, model and files"
        )
