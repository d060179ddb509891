"""What a stranger adds to mlake, one of each kind, in as few lines as it takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mlake.data.dataset import Dataset
from mlake.data.files import Files
from mlake.data.own.jsonl import parse_jsonl
from mlake.editing.edits.context import ContextEdit
from mlake.editing.edits.edit import Edit
from mlake.editing.edits.parameters import ParameterEdit
from mlake.editing.edits.side import SideEdit
from mlake.editing.edits.weights import WeightEdit
from mlake.editing.factors import Factors
from mlake.editing.method import Method
from mlake.kinds import QuestionKind
from mlake.languages import Language
from mlake.models.lm import LM
from mlake.records import Asked, Benchmark, Statement
from mlake.report.table import Table
from mlake.report.view import Given, View
from mlake.scorers.row import Scorer

FACTS = Path(__file__).parent / "facts.jsonl"


def _report(method: Method, statements: Sequence[Statement]) -> dict[str, Any]:
    return {"method": method.config(), "facts": [{"fact": one.fact, "lang": one.lang} for one in statements]}


@dataclass(frozen=True, slots=True)
class LowRank(Method):
    """Adds the same low-rank change to one down-projection, whatever the facts."""

    size: float = 0.5

    def edit(self, lm: LM, statements: Sequence[Statement], /, **_: Any) -> Edit:
        rows, columns = lm.matrix(0).shape
        random = torch.Generator().manual_seed(len(statements))
        left = self.size * torch.randn(rows, 2, generator=random)
        right = torch.randn(columns, 2, generator=random)
        return WeightEdit({0: Factors(left, right)}, report=_report(self, statements))


@dataclass(frozen=True, slots=True)
class Dense(Method):
    """Gives one weight a new value."""

    def edit(self, lm: LM, statements: Sequence[Statement], /, **_: Any) -> Edit:
        name, weight = next(
            (name, weight) for name, weight in lm.model.named_parameters() if weight is lm.weight(0)
        )
        return ParameterEdit({}, {name: -weight.detach().clone()}, _report(self, statements))


@dataclass(frozen=True, slots=True)
class Told(Method):
    """Says the new facts before each question: the weights stay as they are."""

    def edit(self, lm: LM, statements: Sequence[Statement], /, **_: Any) -> Edit:
        told = tuple(f"{one.question} {one.new}." for one in statements)
        return ContextEdit(told, report=_report(self, statements))


class Shift(SideEdit):
    """Adds its one value behind every prompt, whatever the prompt."""

    format = "contract-shift/1"

    def decided(self, queries: Tensor) -> Tensor:
        return torch.zeros(len(queries), dtype=torch.long)


@dataclass(frozen=True, slots=True)
class Shifted(Method):
    """Hooks a block."""

    def edit(self, lm: LM, statements: Sequence[Statement], /, **_: Any) -> Edit:
        random = torch.Generator().manual_seed(len(statements))
        width = lm.matrix(0).shape[0]
        values = 3 * torch.randn(1, width, generator=random)
        return Shift(0, torch.zeros(1, width), values, torch.ones(1), _report(self, statements))


METHODS = (LowRank("low-rank", title="Low rank"), Dense("dense"), Told("told"), Shifted("shifted"))

SHOUTS = Scorer("shouts", 1, "The answer has a capital letter.", function=lambda asked: float(_loud(asked)))


def _loud(asked: Asked) -> bool:
    return any(map(str.isupper, asked.answer.text))


RIDDLE = QuestionKind(name="riddle", title="Riddles", tests="the fact behind a riddle")

ADDED = (
    Language(code="it", name="Italian", native="italiano", script="Latn", family="Indo-European, Romance"),
    Language(code="th", name="Thai", native="ไทย", script="Thai", family="Kra-Dai, Tai"),
    Language(code="ko", name="Korean", native="한국어", script="Kore", family="Koreanic"),
)


def _longest(given: Given) -> Sequence[Table]:
    rows = []
    for run in given.runs:
        texts = [row.asked.answer.text for row in run.scored if row.asked is not None]
        rows.append((str(run.spec["method"]), max(map(len, texts))))
    return [Table("longest", "Longest answers", ("method", "characters"), tuple(rows))]


LONGEST = View("longest", "Longest answers", _longest)


def _read(row: Dataset, files: Files) -> Benchmark:
    return parse_jsonl(FACTS.read_bytes(), name=row.name, revision="1", source="facts.jsonl")


STARS = Dataset("stars", _read, source="these tests", licence="Apache-2.0")
