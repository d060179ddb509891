"""The model that writes a build's texts: its name, its prompts, its recorded calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from mlake.chat_server import OPENAI, chat_server
from mlake.construct.llm.calls import Calls, Chat, Mode
from mlake.construct.llm.chats import LocalChat, ServerChat
from mlake.construct.llm.prompts import Prompts, read_prompts
from mlake.disk import encoded
from mlake.errors import DataError

__all__ = ["LOCAL", "Model", "model_named"]

LOCAL = "local:"
"""What the name of a model on this machine begins with: ``local:NAME``, as ``--model`` takes it."""

_PATIENCE = 600.0  # seconds in which a slow machine writes a few sentences


@dataclass(frozen=True, slots=True)
class Model:
    """A model that writes.

    Attributes:
        name: What the build says of it: no address and no folder.
        prompts: What it is told, by language.
        calls: Its calls.
    """

    name: str
    prompts: Mapping[str, Prompts]
    calls: Calls

    @property
    def digest(self) -> str:
        """Hash of the prompts."""
        return sha256(encoded(repr(self.prompts))).hexdigest()


def model_named(
    writer: str, langs: Sequence[str], *, prompts: Path | None, calls: Path, mode: Mode, seed: int
) -> Model | None:
    """The model that a writer's name means; None for a writer that is no model.

    Args:
        writer: ``openai:URL#NAME``, ``local:NAME``, or another name.
        langs: Languages to write in.
        prompts: Folder of prompts that go before those of the package.
        calls: File of the recorded calls.
        mode: Whether the model is asked.
        seed: What it draws with.

    Raises:
        DataError: A language has no prompts, or the name is empty.
        ModelError: The address of a server is none.
    """
    if not writer.startswith((OPENAI, LOCAL)):
        return None
    told = {lang: read_prompts(lang, prompts) for lang in langs}
    server = chat_server(writer)
    name = writer.removeprefix(LOCAL).rstrip("/") if server is None else server.model
    if not name:
        raise DataError("a model on this machine is written local:NAME, with a name as --model takes it")

    def opened() -> Chat:
        if server is not None:
            return ServerChat(replace(server, timeout=_PATIENCE), seed)
        from mlake.models.load import load  # loads torch

        return LocalChat(load(name))

    shown = Path(name).name if server is None and Path(name).exists() else name
    kind = LOCAL if server is None else OPENAI
    who = {"kind": kind.rstrip(":"), "model": shown}
    return Model(kind + shown, told, Calls(calls, mode, who, seed, opened))
