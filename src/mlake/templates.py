"""How questions are put to models that bring no template of their own, and where answers end."""

import re

from mlake.errors import ModelError

__all__ = ["PLAIN", "STOPS", "check_template", "filled", "stop_told", "template_named"]

_MARK = "{question}"

PLAIN = "Q: {question}\nA:"
"""How a model is asked that was never tuned on conversations."""

STOPS: dict[str, str | None] = {"line": "\n", "end": None}
"""Names of stop rules: an answer ends at its first line break, or only at the model's own end tokens."""

_CONVERSATIONS = {
    # fastchat/conversation.py of lm-sys/FastChat 0e6d3e4: "vicuna_v1.1", which its adapter takes for 1.5 too
    r"vicuna-\d+b-v1\.[1-9](-16k)?": (
        "A chat between a curious user and an artificial intelligence assistant. The assistant gives "
        "helpful, detailed, and polite answers to the user's questions. USER: {question} ASSISTANT:"
    ),
}
"""Names of models that were tuned on conversations, without a chat template in their tokenizer."""


def check_template(template: str) -> None:
    """Refuse a prompt template that does not hold ``{question}`` once.

    Raises:
        ModelError: It does not.
    """
    if template.count(_MARK) != 1:
        raise ModelError(
            f"prompt template must hold {_MARK} exactly once, got {template!r}; write for example {PLAIN!r}"
        )


def filled(template: str, question: str) -> str:
    """The text that asks a question. Braces in the question are left alone.

    Raises:
        ModelError: The template does not hold ``{question}`` once.
    """
    check_template(template)
    return template.replace(_MARK, question)


def template_named(model: str) -> str | None:
    """The conversation that a model of this name was tuned on, where its tokenizer does not tell it.

    Args:
        model: Hub id or folder; its last part counts.
    """
    name = model.rstrip("/\\").replace("\\", "/").rpartition("/")[2].lower()
    return next((form for known, form in _CONVERSATIONS.items() if re.fullmatch(known, name)), None)


def stop_told(template: str, stop: str | None) -> str:
    """The stop rule of a run, from its spec.

    Args:
        template: Prompt template of the run.
        stop: The rule that is recorded; None where it follows from the template, and in older runs.
    """
    return stop or ("line" if template == PLAIN else "end")
