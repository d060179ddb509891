"""How a question becomes the text a model is given, and which string its answer is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from mlake.errors import ModelError

__all__ = ["PLAIN", "PromptStyle", "style_for"]

PLAIN = "Q: {question}\nA:"
_MARK = "{question}"


@dataclass(frozen=True, slots=True)
class PromptStyle:
    """A prompt template and what follows from it.

    Attributes:
        template: Text with one ``{question}``; recorded in every run.
        chat: True where the template comes from the tokenizer's chat template. Such text already holds
            its special tokens, so none are added when it is tokenised (no double BOS).
    """

    template: str
    chat: bool = False

    def __post_init__(self) -> None:
        if self.template.count(_MARK) != 1:
            raise ModelError(
                f"prompt template must hold {_MARK} exactly once, got {self.template!r}; "
                f"write for example {PLAIN!r}"
            )

    def prompt(self, question: str) -> str:
        """The text that asks a question. Braces in the question are left alone."""
        return self.template.replace(_MARK, question)

    def question_at(self) -> int:
        """Character offset at which the question stands in the prompt."""
        return self.template.index(_MARK)

    def behind(self, lines: Sequence[str]) -> "PromptStyle":
        """The style that shows these lines before the question, inside the user's turn of a chat.

        Raises:
            ModelError: A line holds the mark that stands for the question.
        """
        if not lines:
            return self
        at = self.question_at() if self.chat else 0
        shown = "".join(f"{line}\n" for line in lines)
        return PromptStyle(self.template[:at] + shown + self.template[at:], chat=self.chat)

    def joint(self, space: str) -> str:
        """What stands between the prompt and its answer.

        A prompt that ends in white space, as chat headers do, takes the answer directly; otherwise a
        language that separates words by spaces wants one.

        Args:
            space: The language's separator, ``Language.space``.
        """
        return "" if self.template[-1:].isspace() or self.template.endswith(_MARK) else space

    @property
    def stop(self) -> str | None:
        """Text that ends an answer, besides the model's own end tokens: the line break of a plain prompt."""
        return None if self.chat else "\n"

    @classmethod
    def of_chat(cls, tokenizer: Any) -> Self:
        """The style of a tokenizer's chat template, asking one user question.

        A template that can ask for an answer without a thought does so; others do not see the setting.
        """
        text = tokenizer.apply_chat_template(
            [{"role": "user", "content": _MARK}],
            tokenize=False,
            add_generation_prompt=True,
            enable_thinking=False,
        )
        return cls(text, chat=True)


def style_for(tokenizer: Any, template: str | None = None) -> PromptStyle:
    r"""The prompt style of a model: its chat template if it has one, ``Q: …\nA:`` otherwise.

    Args:
        tokenizer: The model's tokenizer.
        template: Overrides both; text with one ``{question}``.
    """
    if template is not None:
        return PromptStyle(template)
    return PromptStyle.of_chat(tokenizer) if tokenizer.chat_template else PromptStyle(PLAIN)
