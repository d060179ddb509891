"""Models that can be asked: on a server, bound to the schema as far as it goes along, or on this machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlake.chat_server import ChatServer, Refused
from mlake.construct.llm.calls import Call, Said

if TYPE_CHECKING:  # loads torch
    from mlake.models.lm import LM

__all__ = ["FORMS", "LocalChat", "ServerChat"]

FORMS = ("json_schema", "json_object", "text")
"""How a server is bound to a schema: by the schema, to some JSON object, by the words of the prompt alone."""


@dataclass
class ServerChat:
    """A model on a server. It takes the next form once a server does not take one.

    Attributes:
        server: The server.
        seed: What it draws with.
        form: Place of the form in ``FORMS``.
    """

    server: ChatServer
    seed: int
    form: int = 0

    def ask(self, calls: Sequence[Call], /) -> list[Said]:
        """A reply to each call, at temperature 0.

        Raises:
            ModelError: The server fails or refuses.
        """
        while True:
            try:
                replies = self.server.complete([self._request(call) for call in calls])
            except Refused:
                if self.form + 1 == len(FORMS):
                    raise
                self.form += 1
                continue
            return [
                Said(one.text, FORMS[self.form], one.model, one.fingerprint, one.tokens) for one in replies
            ]

    def _request(self, call: Call) -> dict[str, Any]:
        kind = FORMS[self.form]
        bound: dict[str, Any] = {"type": kind}
        if kind == "json_schema":
            bound["json_schema"] = {"name": "reply", "strict": True, "schema": call.shape}
        return {
            "messages": [{"role": "user", "content": call.prompt}],
            "max_tokens": call.tokens,
            "temperature": 0,
            "seed": self.seed,
            **({} if kind == "text" else {"response_format": bound}),
        }


@dataclass
class LocalChat:
    """A model on this machine, which no schema binds."""

    lm: "LM"

    def ask(self, calls: Sequence[Call], /) -> list[Said]:
        """The greedy answer to each call.

        Raises:
            ModelError: A prompt does not fit into the model's positions.
        """
        from mlake.models.generate import answers

        most = max(call.tokens for call in calls)
        given = answers(self.lm, [call.prompt for call in calls], max_new_tokens=most)
        return [Said(one.text, FORMS[-1], fingerprint=self.lm.revision) for one in given]
