"""A model on a server: asked over the network, its weights out of reach."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from mlake.chat_server import OPENAI, ChatServer, Refused, weights_out_of_reach
from mlake.disk import as_json, encoded
from mlake.models.lm import LM
from mlake.models.prompts import PromptStyle
from mlake.records import Answer

__all__ = ["Served", "served"]

_PATIENCE = 600.0  # seconds: a slow machine answers one after another
_PARALLEL = 16
_VERSION = 1  # raise it when the same server may come to answer otherwise
_CHAT = PromptStyle("{question}", chat=True)

_FORMS: Sequence[Mapping[str, Any]] = ({"chat_template_kwargs": {"enable_thinking": False}}, {})
"""What is asked of a chat besides; the next one where a server does not take one."""

_TELLS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "library": {"/api/version": ("version",), "/api/tags": ()},  # Ollama
    "llamacpp": {"/props": ("build_info", "chat_template")},
    "sglang": {"/get_model_info": ("model_path", "weight_version"), "/get_server_info": ("version", "dtype")},
    "vllm": {"/version": ("version",)},
}
"""Who a server says owns a model, to the paths at which it tells more, and what is kept of that."""

_ENTRY = ("id", "owned_by", "root", "max_model_len", "meta", "digest", "details")
"""What is kept of what a server tells of a model; the rest differs from one time to the next."""

_LONGEST = 256  # characters of what is kept as it is


class _Elsewhere:
    """Stands where a model's weights or tokenizer would be; whoever wants to use them is refused."""

    def __init__(self, name: str):
        self._why = weights_out_of_reach(name)

    def __getattr__(self, name: str) -> Any:
        raise self._why

    def __call__(self, *_: Any, **__: Any) -> Any:
        raise self._why


@dataclass(frozen=True)
class Served(LM):
    """A model behind an OpenAI-compatible server.

    Its name leaves out the server's address, which may be another tomorrow, and its revision is a hash of
    what the server tells: nothing else pins its weights.

    Attributes:
        server: The server.
        told: What the server tells of itself and the model; JSON values.
        fields: What every request holds besides the prompt and the longest answer.
    """

    server: ChatServer = field(kw_only=True)
    told: Mapping[str, Any] = field(kw_only=True)
    fields: Mapping[str, Any] = field(kw_only=True)

    def __repr__(self) -> str:
        return f"Served({self.name!r}, {self.revision})"

    @property
    def at_hand(self) -> bool:
        """No."""
        return False

    def check_editable(self, what: str) -> None:
        """It cannot be edited.

        Raises:
            ModelError: Always.
        """
        raise weights_out_of_reach(self.name, what)

    @property
    def positions(self) -> int | None:
        """Not known; the server refuses what is too long."""
        return None

    def record(self) -> dict[str, Any]:
        """As ``LM.record``, with what the server tells and how it is asked."""
        return {
            "model": self.name,
            "model_revision": self.revision,
            "dtype": "served",
            "template": self.style.template,
            "stop": self.style.recorded_stop,
            "server": {**self.told, "request": dict(self.fields)},
        }

    def identity(self, max_new_tokens: int) -> dict[str, Any]:
        """All that an answer depends on besides the question, as far as it is known; JSON values."""
        recalls = [one.sha256 for one in self.style.recalls]
        told = {**self.record(), "url": self.server.url, "chat": self.style.chat, "recalls": recalls}
        return {**told, "max_new_tokens": max_new_tokens, "version": _VERSION}

    def answers(
        self,
        questions: Sequence[str],
        *,
        max_new_tokens: int,
        progress: Callable[[int], object] = lambda done: None,
    ) -> list[Answer]:
        """Answers to questions, in their order; equal ones are asked once.

        Args:
            questions: The questions.
            max_new_tokens: Most tokens of an answer.
            progress: Called with the number of questions answered since the last call.

        Raises:
            ModelError: The server cannot be reached, or refuses.
        """
        asked = list(dict.fromkeys(questions))
        progress(len(questions) - len(asked))
        requests = [self.request(one, max_new_tokens) for one in asked]
        replies = self.server.complete(requests, progress=progress)
        found = {
            question: Answer(self._text(reply.text), not reply.cut)
            for question, reply in zip(asked, replies, strict=True)
        }
        return [found[one] for one in questions]

    def request(self, question: str, longest: int) -> dict[str, Any]:
        """The request that asks a question for an answer of so many tokens at most."""
        text = self.style.prompt(question)
        said = {"messages": [{"role": "user", "content": text}]} if self.style.chat else {"prompt": text}
        stop = {} if self.style.stop is None else {"stop": [self.style.stop]}
        return {**said, "max_tokens": longest, **stop, **self.fields}

    def _text(self, text: str) -> str:
        if self.style.stop is not None:  # not every server leaves out what ends an answer
            text = text.partition(self.style.stop)[0]
        return encoded(text).decode().strip()


def served(server: ChatServer, *, template: str | None = None, stop: str | None = None) -> Served:
    """The model on a server, which is asked one word to see that it answers.

    Args:
        server: The server.
        template: Prompt template with one ``{question}``, sent as it is; None for the server's own
            conversation, as one user message.
        stop: One of ``mlake.templates.STOPS``; None for ``end`` in a conversation and ``line`` elsewhere.

    Raises:
        ModelError: The server cannot be reached or refuses, or the template does not hold the question once.
        UnknownNameError: No stop rule has this name.
    """
    name = f"{OPENAI}{_short(server.model)}"
    style = replace(_CHAT, stop_rule=stop) if template is None else PromptStyle(template, stop_rule=stop)
    server = replace(server, timeout=_PATIENCE, parallel=_PARALLEL)
    told = _told(server)
    lm = Served(
        name=name,
        revision=f"told:{sha256(encoded(as_json(told))).hexdigest()[:16]}",
        model=_Elsewhere(name),
        tokenizer=_Elsewhere(name),
        structure=weights_out_of_reach(name),
        style=style,
        server=server,
        told=told,
        fields={"temperature": 0},
    )
    forms = list(_FORMS if style.chat else _FORMS[-1:])
    while True:
        tried = replace(lm, fields={"temperature": 0, **forms.pop(0)})
        try:
            tried.answers(["Hello"], max_new_tokens=1)
        except Refused:
            if not forms:
                raise
        else:
            return tried


def _told(server: ChatServer) -> dict[str, Any]:
    """What a server tells of a model that does not change from one time to the next."""
    listed = _rows(server.tells("models"), "data")
    found = {"model": _kept(_named(listed, server.model) or {"id": server.model}, _ENTRY)}
    for path, names in _TELLS.get(str(found["model"].get("owned_by")), {}).items():
        told = server.tells(path)
        if not names:
            told, names = _named(_rows(told, "models"), server.model), _ENTRY
        found[path] = _kept(told, names)
    return {where: told for where, told in found.items() if told}


def _rows(told: Any, key: str) -> list[Any]:
    rows = told.get(key) if isinstance(told, dict) else None
    return rows if isinstance(rows, list) else []


def _named(rows: Sequence[Any], model: str) -> dict[str, Any] | None:
    """The row of a model; the only one where a server has one, whatever it is called."""
    known = [row for row in rows if isinstance(row, dict)]
    own = [row for row in known if model in (row.get("id"), row.get("name"))]
    return next(iter(own), known[0] if len(known) == 1 else None)


def _kept(told: Any, names: Sequence[str]) -> dict[str, Any]:
    """Some of what is told: values, and mappings of values."""
    values = told if isinstance(told, dict) else {}
    found = {name: values[name] for name in names if name in values}
    single = {name: _short(value) for name, value in found.items() if isinstance(value, str | int)}
    several = {name: _kept(value, sorted(value)) for name, value in found.items() if isinstance(value, dict)}
    return single | {name: value for name, value in several.items() if names is _ENTRY}


def _short(value: str | int) -> str | int:
    """A value without a folder of the server's machine; a hash of a long one."""
    if not isinstance(value, str):
        return value
    if len(value) > _LONGEST:
        return f"sha256:{sha256(encoded(value)).hexdigest()}"
    whole = value.startswith(("/", "~")) or "\\" in value
    return re.split(r"[/\\]", value)[-1] if whole else value
