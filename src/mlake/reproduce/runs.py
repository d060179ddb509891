"""The runs that views share in a reproduction, each with the paper's settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mlake.editing import EDITORS

__all__ = ["RUNS", "SharedRun"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedRun:
    """A run a model and method, with settings as in ``mlake.evaluation.session.Settings``.

    Attributes:
        methods: Methods, run one after another.
        kinds: Kinds of questions.
        edit_langs: ``all``, or codes with commas.
        test_langs: The same.
        editor: Settings of the methods that differ from their defaults.
        batch_size: Facts edited together; None for the user's choice.
        sequence: Which edits come on top of each other; None for none.
    """

    methods: tuple[str, ...]
    kinds: tuple[str, ...]
    edit_langs: str = "all"
    test_langs: str = "all"
    editor: Mapping[str, str] = field(default_factory=dict)
    batch_size: int | None = None
    sequence: str | None = None


RUNS: Mapping[str, SharedRun] = {
    # edit in each language, ask in all, as in the paper
    "transfer": SharedRun(
        methods=("mend", "rome", "memit", "stableke"), kinds=("direct", "multihop", "negation", "writing")
    ),
    # edits that do not know the subject; the paper shows English
    "no-subject": SharedRun(
        methods=("rome", "memit"),
        kinds=("direct", "multihop"),
        edit_langs="en",
        test_langs="en",
        editor={"key": "question"},
    ),
    # what every method does, from one statement
    "methods": SharedRun(
        methods=tuple(EDITORS), kinds=("direct", "paraphrase", "multihop", "locality"), edit_langs="en"
    ),
    # what every method leaves of an edit, one batch after another
    "lifelong": SharedRun(
        methods=tuple(EDITORS),
        kinds=("direct", "locality"),
        edit_langs="en",
        test_langs="en",
        batch_size=10,
        sequence="batches",
    ),
    # the model as it is, on what was true before
    "unedited": SharedRun(methods=("none",), kinds=("direct", "multihop_before")),
}
