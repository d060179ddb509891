"""What a run is: every setting that can change a number, and the hash that names it."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from importlib.metadata import version as version_of
from typing import Any

from mlake.errors import RunError, UnknownNameError
from mlake.kinds import question_kind
from mlake.languages import language
from mlake.languages.sets import language_set

__all__ = [
    "DEFAULTS",
    "FORMAT",
    "NO_METHOD",
    "SEQUENCES",
    "Choices",
    "RunSpec",
    "canonical",
    "check_sequence",
    "parse_facts",
]

FORMAT = "mlake-run/1"
NO_METHOD = "none"
"""In place of a method: nothing is edited, the unedited model is asked."""
SEQUENCES = ("batches", "languages")
"""Orders in which edits may come on top of each other."""
_LATER = ("sequence", "server", "stop")
_SLICE = re.compile(r"(?:(\d+):)?(\d+)")


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text.

    Raises:
        ValueError: The value holds NaN or infinity, or a key or value that is not JSON.
    """
    try:
        return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except TypeError as error:
        raise ValueError(str(error)) from error


def parse_facts(text: str, total: int) -> tuple[int, int]:
    """The slice of facts that ``--facts`` means.

    Args:
        text: ``200`` (the first 200), ``200:300`` (from fact 200 up to, not including, 300) or ``all``.
        total: How many facts the data set has.

    Returns:
        Start and stop, counted from 0.

    Raises:
        RunError: The text is none of these, or the slice is empty or ends after the last fact.
    """
    if text.strip() == "all":
        return 0, total
    match = _SLICE.fullmatch(text.strip())
    if match is None:
        raise RunError(f"facts must be a number, START:STOP or 'all', got {text!r}; write for example 0:100")
    start, stop = int(match[1] or 0), int(match[2])
    if start >= stop or stop > total:
        raise RunError(f"facts {text!r} is no slice of the {total} facts of this data set; write 0:{total}")
    return start, stop


def check_sequence(
    sequence: str | None, *, method: str, edit_langs: Sequence[str], facts: tuple[int, int], batch_size: int
) -> None:
    """Refuse a sequence in which no edit would come on top of another; None is none, and fine.

    Args:
        sequence: One of ``SEQUENCES``, or None.
        method: Name of the editing method, or ``none``.
        edit_langs: Languages to edit in.
        facts: Start and stop of the facts.
        batch_size: Facts that are edited together.

    Raises:
        UnknownNameError: No sequence has this name.
        RunError: Nothing is edited, or only one batch or language is.
    """
    if sequence is None:
        return
    if sequence not in SEQUENCES:
        raise UnknownNameError("sequence", sequence, SEQUENCES)
    if method == NO_METHOD:
        raise RunError(f"sequence {sequence!r} needs edits, got the method {NO_METHOD!r}; choose a method")
    count = facts[1] - facts[0]
    if sequence == "batches" and count <= batch_size:
        raise RunError(
            f"sequence 'batches' needs two batches or more, got {count} facts in batches of {batch_size}; "
            "choose more facts or a smaller batch size"
        )
    if sequence == "languages" and len(edit_langs) < 2:
        raise RunError(
            f"sequence 'languages' needs two languages to edit in or more, got {', '.join(edit_langs)}; "
            "name them in their order, such as en,de"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a user may choose of any run, with the defaults that hold everywhere.

    Attributes:
        kinds: Kinds of questions to ask.
        batch_size: Facts that are edited together.
        locality: Direct questions on facts outside the batch, per batch and language; 0 for none.
        seed: Seed of everything that is drawn at random.
        max_new_tokens: Longest answer in tokens.
        sequence: Which edits come on top of each other: ``batches`` (for each language, batch after
            batch), ``languages`` (for each batch, language after language), or None: each edit is made
            from the unedited model.
    """

    kinds: tuple[str, ...] = ("direct", "multihop")
    batch_size: int = 100
    locality: int = 25
    seed: int = 0
    max_new_tokens: int = 128
    sequence: str | None = None

    def chosen(self) -> dict[str, Any]:
        """These fields by name, without those that a class below adds."""
        return {one.name: getattr(self, one.name) for one in fields(Choices)}


DEFAULTS = Choices()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec(Choices):
    """Every setting of a run that can change a number.

    Attributes:
        model: Name the model was loaded by.
        model_revision: What pins its weights.
        dtype: Data type of the weights, such as ``bfloat16``; ``served`` where a server knows it.
        template: Prompt template with one ``{question}``.
        stop: Where answers end, one of ``mlake.templates.STOPS``; None where that follows from the template,
            and not recorded then.
        server: What the server of the model tells of itself, and how it is asked; None for a model that was
            loaded here, and not recorded then.
        data: Name the data set was loaded by.
        data_revision: Revision of its source.
        data_sha256: Hash of its content.
        facts: Start and stop of the slice of its facts that is edited.
        method: Name of the editing method, or ``none``.
        editor: The method's settings.
        edit_langs: Languages to edit in, in their order, or sets of them such as ``en+de``, whose statements
            go into one batch; none if the method is ``none``.
        test_langs: Languages to ask in.
        version: Version of mlake.
        format: Version of the folder's layout.
    """

    model: str
    model_revision: str
    dtype: str
    template: str
    data: str
    data_revision: str
    data_sha256: str
    facts: tuple[int, int]
    method: str
    editor: Mapping[str, Any]
    edit_langs: tuple[str, ...]
    test_langs: tuple[str, ...]
    stop: str | None = None
    server: Mapping[str, Any] | None = None
    version: str = field(default_factory=lambda: version_of("mlake"))
    format: str = FORMAT

    def __post_init__(self) -> None:
        try:
            settings = json.loads(canonical(dict(self.editor)))
        except ValueError as error:
            raise RunError(f"settings of {self.method!r} must be plain finite JSON values: {error}") from None
        object.__setattr__(self, "editor", settings)
        for name in ("edit_langs", "test_langs", "kinds"):
            self._check_names(name)
        for code in self.test_langs:
            language(code)
        object.__setattr__(self, "edit_langs", tuple(map(language_set, self.edit_langs)))
        for kind in self.kinds:
            question_kind(kind)
        for name, least in (("batch_size", 1), ("locality", 0), ("seed", 0), ("max_new_tokens", 1)):
            value = getattr(self, name)
            if type(value) is not int or value < least:
                raise RunError(f"{name} must be a whole number of at least {least}, got {value!r}")
        self._check_facts()
        check_sequence(
            self.sequence,
            method=self.method,
            edit_langs=self.edit_langs,
            facts=self.facts,
            batch_size=self.batch_size,
        )

    def _check_names(self, name: str) -> None:
        values = getattr(self, name)
        none = name == "edit_langs" and self.method == NO_METHOD
        if isinstance(values, str) or bool(values) == none or len(set(values)) != len(values):
            wanted = f"empty for the method {NO_METHOD!r}" if none else "one or more different names"
            raise RunError(f"{name} must be {wanted}, got {values!r}")
        object.__setattr__(self, name, tuple(values))

    def _check_facts(self) -> None:
        start, stop = self.facts
        if not 0 <= start < stop:
            raise RunError(f"facts must be (start, stop) with 0 <= start < stop, got {tuple(self.facts)!r}")
        object.__setattr__(self, "facts", (start, stop))

    def record(self) -> dict[str, Any]:
        """The spec as plain JSON values, without settings of later days that are not set: older ids hold."""
        spec: dict[str, Any] = json.loads(canonical(asdict(self)))
        return {key: value for key, value in spec.items() if key not in _LATER or value is not None}

    @property
    def id(self) -> str:
        """First 16 hexadecimal digits of the SHA-256 of the canonical JSON."""
        text = canonical(self.record()).encode("utf-8", "backslashreplace")
        return hashlib.sha256(text).hexdigest()[:16]
