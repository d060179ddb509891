"""Prompt memories with retrieval: the weights stay, and a question that is known is asked behind its fact."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from math import isfinite
from typing import Any, ClassVar, NamedTuple, Self

import torch
from torch import Tensor

from mlake.disk import as_json, json_of
from mlake.editing.edits.edit import Edit
from mlake.editing.factors import checked
from mlake.editing.retrieval.table import RETRIEVERS
from mlake.errors import EditError
from mlake.languages.identify import told
from mlake.models.lm import LM
from mlake.text import last_whole

__all__ = ["Entry", "Found", "MemoryEdit", "Wording"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A fact in one language.

    Attributes:
        fact: Id of the fact; entries of one fact in several languages share it.
        lang: Language code.
        question: What it is found by.
        sentence: What is shown.
        names: What the question is about, by names in any language; none if it is not known.
    """

    fact: str
    lang: str
    question: str
    sentence: str
    names: tuple[str, ...] = ()

    def named(self, question: str, lang: str) -> bool:
        """Whether a question in a language names the subject."""
        found = (name for name in self.names if name in question)
        return any(last_whole(question, name, lang) is not None for name in found)


@dataclass(frozen=True, slots=True)
class Wording:
    """What is shown to somebody who asks in one language.

    Attributes:
        before: Lines before the fact, such as demonstrations.
        after: Line after a fact in another language, which asks for an answer in this one; empty for none.
    """

    before: tuple[str, ...] = ()
    after: str = ""


class Found(NamedTuple):
    """The entry nearest to a question.

    Attributes:
        entry: The entry, in the question's language where the memory has the fact in it.
        likeness: Of the question and that fact.
        shown: Whether that is near enough.
    """

    entry: Entry
    likeness: float
    shown: bool


@dataclass(frozen=True, eq=False)
class MemoryEdit(Edit):
    """Facts that are looked up for every question.

    Attributes:
        entries: The facts.
        embeddings: A unit vector for each entry's question, ``(n, d)``.
        state: What the retriever has to know, float32.
        retriever: Name of the retriever, a row of ``RETRIEVERS``.
        version: What its vectors depend on besides.
        naming: What is added to the cosine of a question and an entry where the question names the subject
            of the entry's fact, in whatever language.
        scope: Least likeness, that is sum, at which an entry is shown; None to show the nearest whatever it
            is.
        wordings: Language of a question to what is shown around the fact; nothing else where it is not named.
        report: What the method has to say. JSON values.
    """

    format: ClassVar[str] = "mlake-memory/1"

    entries: tuple[Entry, ...]
    embeddings: Tensor
    state: Tensor
    retriever: str
    version: str = ""
    naming: float = 0.0
    scope: float | None = None
    wordings: Mapping[str, Wording] = field(default_factory=dict)
    report: Mapping[str, Any] = field(default_factory=dict)

    @contextmanager
    def applied(self, lm: LM, /) -> Iterator[LM]:
        """The same weights with a style that shows what is found; an empty memory is the model itself.

        Raises:
            EditError: The retriever is not installed, or another version of it, or not for this model.
        """
        self.warn_of_another_model(lm)
        if not self.entries:
            yield lm
            return
        row = RETRIEVERS[self.retriever]
        missing = row.missing(lm)
        if missing:
            raise EditError(missing)
        if row.version() != self.version:
            raise EditError(
                f"the memory was made with version {self.version} of retriever={self.retriever}, here is "
                f"{row.version()}; install that version, or make the edit again"
            )
        earlier = [
            one for one in lm.style.recalls if isinstance(one, _Memory) and self._goes_on(one.edits[-1])
        ]
        others = tuple(one for one in lm.style.recalls if one not in earlier)
        joined = _Memory((*(edit for one in earlier for edit in one.edits), self), lm)
        yield replace(lm, style=replace(lm.style, recalls=others).recalling(joined))

    def _goes_on(self, other: "MemoryEdit") -> bool:
        """Whether likeness means the same in another memory, so that both are one."""
        mine, its = ((type(one), one.retriever, one.version, one.naming) for one in (self, other))
        return mine == its and (self.scope is None) == (other.scope is None)

    def found(self, lm: LM, question: str) -> Found:
        """The entry nearest to a question, of one at least.

        Args:
            lm: The model.
            question: The question.

        Raises:
            EditError: The memory does not fit the model.
        """
        return self.nearest(RETRIEVERS[self.retriever].embed(lm, [question], self.state)[0], question)

    def nearest(self, query: Tensor, question: str) -> Found:
        """The same for a question's vector.

        Args:
            query: The question's vector, ``(d,)``.
            question: The question.

        Raises:
            EditError: The memory does not fit the model.
        """
        if query.shape != self.embeddings.shape[1:]:
            raise EditError(
                f"the memory has vectors of {self.embeddings.shape[1]} numbers, the question one of "
                f"{len(query)}; apply it to the model it was made with"
            )
        asked_in = told(question)
        named = {one.fact for one in self.entries if one.named(question, asked_in or one.lang)}
        likeness, nearest = self.likeness(query, [one.fact in named for one in self.entries]).max(dim=0)
        entry = self.entries[int(nearest)]
        same = (one for one in self.entries if one.fact == entry.fact and one.lang == asked_in)
        shown = self.scope is None or float(likeness) >= self.scope
        return Found(next(same, entry), float(likeness), shown)

    def likeness(self, query: Tensor, named: Sequence[bool]) -> Tensor:
        """How alike a question and each entry are, ``(n,)``.

        Args:
            query: The question's vector, ``(d,)``.
            named: Whether the question names the subject of each entry's fact.
        """
        return self.embeddings @ query + torch.tensor([self.naming * one for one in named])

    def tensors(self) -> dict[str, Tensor]:
        """``memory``: all but the numbers, as JSON in bytes; ``embeddings`` and ``state``."""
        memory = {
            "entries": [asdict(one) for one in self.entries],
            "retriever": self.retriever,
            "version": self.version,
            "naming": self.naming,
            "scope": self.scope,
            "wordings": {lang: asdict(one) for lang, one in self.wordings.items()},
        }
        content = torch.tensor(list(as_json(memory).encode()), dtype=torch.uint8)
        return {"memory": content, "embeddings": self.embeddings, "state": self.state}

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], report: Mapping[str, Any], /) -> Self:
        """The edit that ``tensors`` gave."""
        memory = json_of(bytes(tensors["memory"].tolist()))
        embeddings = checked(tensors["embeddings"], 2, finite=True).float()
        state = checked(tensors["state"], 1, finite=True).float()
        entries = tuple(_entry(one) for one in memory["entries"])
        if len(entries) != len(embeddings) or memory["retriever"] not in RETRIEVERS:
            raise ValueError("parts that do not fit each other")
        naming, scope, version = memory["naming"], memory["scope"], memory["version"]
        numbers = [naming] if scope is None else [naming, scope]
        if not isinstance(version, str) or not all(type(one) is float and isfinite(one) for one in numbers):
            raise ValueError("a scope or version of the wrong type")
        wordings = {lang: _wording(one) for lang, one in dict(memory["wordings"]).items()}
        return cls(entries, embeddings, state, memory["retriever"], version, naming, scope, wordings, report)


class _Memory:
    """Memories on top of each other as a model's style asks them: as one, of which later facts come first."""

    def __init__(self, edits: tuple[MemoryEdit, ...], lm: LM):
        self.edits, self.lm = edits, lm
        self._known: dict[str, tuple[str, ...]] = {}

    @cached_property
    def sha256(self) -> str:
        """Hash of the edits' tensors."""
        tensors = (tensor for edit in self.edits for tensor in edit.tensors().values())
        return sha256(b"".join(one.contiguous().numpy().tobytes() for one in tensors)).hexdigest()

    def __call__(self, question: str, /) -> Sequence[str]:
        """The lines of the nearest fact that is near enough; a question is looked up once."""
        if question not in self._known:
            self._known[question] = self._lines(question)
        return self._known[question]

    def _lines(self, question: str) -> tuple[str, ...]:
        found = [(one, edit) for one, edit in self._found(question) if one.shown]
        if not found:
            return ()
        best, edit = max(found, key=lambda pair: pair[0].likeness - (pair[1].scope or 0.0))
        lang = told(question) or best.entry.lang
        wording = edit.wordings.get(lang, Wording())
        foreign = best.entry.lang != lang and wording.after
        return (*wording.before, best.entry.sentence, *((wording.after,) if foreign else ()))

    def _found(self, question: str) -> Iterator[tuple[Found, MemoryEdit]]:
        """What each memory has nearest, the last one's first; a question is embedded once a state."""
        embed = RETRIEVERS[self.edits[0].retriever].embed
        queries: dict[bytes, Tensor] = {}
        for edit in reversed(self.edits):
            state = edit.state.numpy().tobytes()
            if state not in queries:
                queries[state] = embed(self.lm, [question], edit.state)[0]
            yield edit.nearest(queries[state], question), edit


def _entry(values: Any) -> Entry:
    """An entry of texts; of versions before names in other languages, the subject is the only name.

    Raises:
        TypeError: A field is missing, or there is another.
        ValueError: It is something else.
    """
    if not isinstance(values, dict):
        raise ValueError("an entry that is no object")
    own = values.pop("subject", "")
    names = values.pop("names", [own] if own else [])
    if not isinstance(names, list) or not all(isinstance(one, str) for one in (*names, *values.values())):
        raise ValueError("an entry that is no texts")
    return Entry(**values, names=tuple(names))


def _wording(values: Mapping[str, Any]) -> Wording:
    before, after = values["before"], values["after"]
    if not isinstance(before, list) or not all(isinstance(one, str) for one in (*before, after)):
        raise ValueError("a wording that is no texts")
    return Wording(tuple(before), after)
