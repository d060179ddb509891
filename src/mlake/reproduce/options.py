"""What a user chooses of a reproduction: everything that its runs have in common."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mlake.evaluation.spec import DEFAULTS

__all__ = ["Options"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Choices that hold for every run of a reproduction.

    Attributes:
        models: Models in place of the paper's; empty for the paper's.
        methods: Methods in place of the paper's in views that compare several; empty for the paper's.
        facts: As in ``parse_facts``.
        batch_size: Facts edited together.
        locality: Questions outside each batch.
        seed: Seed of all random draws.
        max_new_tokens: Longest answer in tokens.
        dtype: Data type of the weights, or ``auto``.
        device: Torch device, or ``auto``.
        trained: Method to the file that was trained for it; others are trained on the facts left over.
        judge: Model that judges fluency, ``openai:URL#NAME`` for one on a server; None for none.
        judge_url: Address of an OpenAI-compatible server that has it, where the name holds none.
        withhold: Leave the data set's questions and answers out of what is written.
        out: Folder of the runs and of what is made from them.
    """

    models: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    facts: str = "all"
    batch_size: int = DEFAULTS.batch_size
    locality: int = DEFAULTS.locality
    seed: int = DEFAULTS.seed
    max_new_tokens: int = DEFAULTS.max_new_tokens
    dtype: str = "auto"
    device: str = "auto"
    trained: Mapping[str, Path] = field(default_factory=dict)
    judge: str | None = None
    judge_url: str | None = None
    withhold: bool = False
    out: Path = Path("reproduction")
