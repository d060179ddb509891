"""What a run is: every setting that can change a number, and the hash that names it."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version as version_of
from typing import Any

from mlake.errors import RunError
from mlake.kinds import question_kind
from mlake.languages import language

__all__ = ["FORMAT", "NO_METHOD", "RunSpec", "canonical", "parse_facts"]

FORMAT = "mlake-run/1"
NO_METHOD = "none"
"""In place of a method: nothing is edited, the unedited model is asked."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    """Every setting of a run that can change a number.

    Attributes:
        model: Name the model was loaded by.
        model_revision: What pins its weights.
        dtype: Data type of the weights, such as ``bfloat16``.
        template: Prompt template with one ``{question}``.
        data: Name the data set was loaded by.
        data_revision: Revision of its source.
        data_sha256: Hash of its content.
        facts: Start and stop of the slice of its facts that is edited.
        method: Name of the editing method, or ``none``.
        editor: The method's settings.
        edit_langs: Languages to edit in, one after another, each from the unedited model; none if the
            method is ``none``.
        test_langs: Languages to ask in.
        kinds: Kinds of questions to ask.
        batch_size: Facts that are edited together.
        locality: Direct questions on facts outside the batch, a batch and language; 0 for none.
        seed: Seed of everything that is drawn at random.
        max_new_tokens: Longest answer in tokens.
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
    kinds: tuple[str, ...] = ("direct", "multihop")
    batch_size: int = 100
    locality: int = 25
    seed: int = 0
    max_new_tokens: int = 32
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
        for code in (*self.edit_langs, *self.test_langs):
            language(code)
        for kind in self.kinds:
            question_kind(kind)
        for name, least in (("batch_size", 1), ("locality", 0), ("seed", 0), ("max_new_tokens", 1)):
            value = getattr(self, name)
            if type(value) is not int or value < least:
                raise RunError(f"{name} must be a whole number of at least {least}, got {value!r}")
        self._check_facts()

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
        """The spec as plain JSON values."""
        spec: dict[str, Any] = json.loads(canonical(asdict(self)))
        return spec

    @property
    def id(self) -> str:
        """First 16 hexadecimal digits of the SHA-256 of the canonical JSON."""
        text = canonical(asdict(self)).encode("utf-8", "backslashreplace")
        return hashlib.sha256(text).hexdigest()[:16]
