"""What a view is: a table or figure by name, what it cannot be made without, and what makes it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mlake.errors import MlakeError, RunError
from mlake.records import Benchmark
from mlake.report.figures.picture import Picture
from mlake.report.findings.subject_tokens import Counted
from mlake.report.rundata import RunData
from mlake.report.table import Table

__all__ = ["Given", "Need", "Shown", "View", "parted"]

Shown = Table | Picture

_FOUR = ("mend", "rome", "memit", "stableke")
_EDITED = ("lmsys/vicuna-7b-v1.5", "Qwen/Qwen1.5-7B-Chat")


@dataclass(frozen=True, slots=True)
class Given:
    """What views are made from.

    Attributes:
        runs: Stored runs.
        benchmark: The data set; None where there are only runs.
        tokens: Model to the tokens of every subject.
    """

    runs: Sequence[RunData] = ()
    benchmark: Benchmark | None = None
    tokens: Mapping[str, Counted] = field(default_factory=dict)

    def data(self) -> Benchmark:
        """The data set.

        Raises:
            RunError: There is none.
        """
        if self.benchmark is None:
            raise RunError("no data set is given; give the one that the runs were made from")
        return self.benchmark


@dataclass(frozen=True, slots=True)
class Need:
    """Something that a view cannot be made without.

    Attributes:
        what: Its name, such as ``the data set``.
        remedy: What a user does to have it.
        met: Whether it is there.
    """

    what: str
    remedy: str
    met: Callable[[Given], bool]


@dataclass(frozen=True, slots=True)
class View:
    """A table or figure, or several that belong together.

    Attributes:
        name: Its name, such as ``table1``.
        title: What it shows, in one line.
        make: Makes its tables and figures.
        needs: What it cannot be made without.
        runs: Names of the shared runs (``mlake.reproduce.runs``) that ``mlake reproduce`` makes it from.
        methods: Methods that it shows; of a shared run's methods only these are run, all where none is named.
        models: Hub names of the models that it is made with where a user names none.
        analyses: What ``mlake reproduce`` measures besides, with the model at hand.
        measures: Names of the measures that its numbers come from; each gives their versions.
        texts: Whether it shows the data set's own texts, which not every data set lets pass on.
    """

    name: str
    title: str
    make: Callable[[Given], Sequence[Shown]]
    needs: tuple[Need, ...] = ()
    runs: tuple[str, ...] = ("transfer",)
    methods: tuple[str, ...] = _FOUR
    models: tuple[str, ...] = _EDITED
    analyses: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    texts: bool = False

    def shown(self, given: Given) -> Sequence[Shown]:
        """Its tables and figures, at least one; tables without rows are left out.

        Raises:
            RunError: Something that it needs is not there, or there is nothing to show.
            MlakeError: Whatever else keeps it from being made.
        """
        for need in self.needs:
            if not need.met(given):
                raise RunError(f"{self.name} needs {need.what}; {need.remedy}")
        made = [self._signed(one) for one in self.make(given) if isinstance(one, Picture) or one.rows]
        if not made:
            raise RunError(f"{self.name} has nothing to show of these runs; give others, or more of them")
        return made

    def _signed(self, one: Shown) -> Shown:
        if isinstance(one, Picture):
            return replace(one, data=replace(one.data, measures=self.measures))
        return replace(one, measures=self.measures)

    def tried(self, given: Given) -> Sequence[Shown] | MlakeError:
        """Its tables and figures, or why there are none: one failure does not stop the others."""
        try:
            return self.shown(given)
        except MlakeError as error:
            return error


def parted(
    made: Mapping[View, Sequence[Shown] | MlakeError],
) -> tuple[list[Table], list[Picture], list[str]]:
    """Tables, figures, and a line for each view that could not be made: what the page shows."""
    shown = [one for part in made.values() if not isinstance(part, MlakeError) for one in part]
    return (
        [one for one in shown if isinstance(one, Table)],
        [one for one in shown if isinstance(one, Picture)],
        [f"{view.title}: {part}" for view, part in made.items() if isinstance(part, MlakeError)],
    )
