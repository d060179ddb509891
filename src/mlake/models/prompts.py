"""How a question becomes the text a model is given, and which string its answer is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self

from jinja2 import TemplateError

from mlake.errors import ModelError, UnknownNameError
from mlake.templates import PLAIN, STOPS, check_template, filled, stop_told

__all__ = ["PLAIN", "PromptStyle", "Recall", "style_for"]

_MARK = "{question}"
_TEMPLATE_ERRORS = (
    *(ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError),
    TemplateError,
)
"""What a chat template may end in, whoever wrote it; the sandbox's refusals are ``TemplateError``."""

# fmt: off
_TODAY = {
    "%Y": "2024", "%y": "24", "%m": "07", "%-m": "7", "%B": "July", "%b": "Jul",
    "%d": "26", "%-d": "26", "%e": "26", "%j": "208", "%A": "Friday", "%a": "Fri",
    "%F": "2024-07-26", "%x": "07/26/24", "%T": "12:00:00", "%X": "12:00:00",
    "%H": "12", "%I": "12", "%M": "00", "%S": "00", "%p": "PM", "%Z": "UTC", "%z": "+0000",
}
# fmt: on
"""Parts of a date and what they are: always the date on which Llama 3's templates fall back, so that a prompt
does not change at midnight."""


class Recall(Protocol):
    """A memory of texts that belong before some questions."""

    @property
    def sha256(self) -> str:
        """Pins all that it holds."""

    def __call__(self, question: str, /) -> Sequence[str]:
        """The lines that belong before a question; none where it knows nothing."""


@dataclass(frozen=True, slots=True)
class PromptStyle:
    """A prompt template and what follows from it.

    Attributes:
        template: Text with one ``{question}``; recorded in every run.
        chat: True where the template comes from the tokenizer's chat template. Such text already holds
            its special tokens, so none are added when it is tokenised (no double BOS).
        stop_rule: One of ``mlake.templates.STOPS``; None for ``end`` in a chat and ``line`` elsewhere.
        recalls: Memories whose lines stand before a question, the first one's first.
    """

    template: str
    chat: bool = False
    stop_rule: str | None = None
    recalls: tuple[Recall, ...] = ()

    def __post_init__(self) -> None:
        check_template(self.template)
        if self.stop_rule is not None and self.stop_rule not in STOPS:
            raise UnknownNameError("stop rule", self.stop_rule, STOPS)

    def prompt(self, question: str) -> str:
        """The text that asks a question. Braces in the question are left alone."""
        return filled(self.asking(question).template, question)

    def asking(self, question: str) -> "PromptStyle":
        """The style as it asks one question: what is recalled stands in its template.

        Raises:
            ModelError: A line that is recalled holds the mark that stands for the question.
        """
        if not self.recalls:
            return self
        lines = [line for recall in self.recalls for line in recall(question)]
        return replace(self, recalls=()).behind(lines)

    def recalling(self, recall: Recall) -> "PromptStyle":
        """The style that asks a memory for each question too."""
        return replace(self, recalls=(*self.recalls, recall))

    def question_at(self) -> int:
        """Character offset at which the question stands in the prompt."""
        return self.template.index(_MARK)

    def behind(self, lines: Sequence[str]) -> "PromptStyle":
        """The style that shows these lines before the question, inside the user's turn of a conversation.

        Raises:
            ModelError: A line holds the mark that stands for the question.
        """
        if not lines:
            return self
        at = self.question_at() if self.chat or self.stop is None else 0
        shown = "".join(f"{line}\n" for line in lines)
        return replace(self, template=self.template[:at] + shown + self.template[at:])

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
        """Text that ends an answer, besides the model's own end tokens."""
        return STOPS[self.stop_rule or ("end" if self.chat else "line")]

    @property
    def recorded_stop(self) -> str | None:
        """The stop rule as runs record it; None where it follows from the template."""
        rule = self.stop_rule or ("end" if self.chat else "line")
        follows = (self.chat or self.template == PLAIN) and rule == stop_told(self.template, None)
        return None if follows else rule

    @classmethod
    def of_chat(cls, tokenizer: Any, stop_rule: str | None = None) -> Self:
        """The style of a tokenizer's chat template, asking one user question.

        A template that can ask for an answer without a thought does so; others do not see the setting. One
        that tells the model today's date tells it 26 July 2024.

        Raises:
            ModelError: The template fails, or leaves the question out.
        """
        try:
            return cls(_rendered(tokenizer), chat=True, stop_rule=stop_rule)
        except (*_TEMPLATE_ERRORS, ModelError) as error:
            reason = str(error).partition("\n")[0].rstrip(".") or type(error).__name__
            raise ModelError(
                f"the tokenizer's chat template cannot ask a question: {reason}; give --template, a text "
                f"that holds {_MARK} once"
            ) from error


def _rendered(tokenizer: Any) -> str:
    """One user question in a tokenizer's chat template."""
    template = tokenizer.get_chat_template()
    text: str = tokenizer.apply_chat_template(
        [{"role": "user", "content": _MARK}],
        chat_template=_dated(template) if "strftime_now" in template else template,
        tokenize=False,
        add_generation_prompt=True,
        enable_thinking=False,
    )
    return text


def _dated(template: str) -> str:
    """A chat template whose ``strftime_now`` gives the fixed date.

    A macro of that name goes before what ``transformers`` offers; the line break behind it is no part of
    the text, since templates are read with ``trim_blocks``.
    """
    replaced = "".join(f".replace({part!r}, {value!r})" for part, value in _TODAY.items())
    return f"{{% macro strftime_now(format) %}}{{{{ format{replaced} }}}}{{% endmacro %}}\n{template}"


def style_for(tokenizer: Any, template: str | None = None, stop: str | None = None) -> PromptStyle:
    r"""The prompt style of a model: its chat template if it has one, ``Q: …\nA:`` otherwise.

    Args:
        tokenizer: The model's tokenizer.
        template: Overrides both; text with one ``{question}``.
        stop: One of ``mlake.templates.STOPS``; None for ``end`` with a chat template and ``line`` otherwise.

    Raises:
        ModelError: The template does not hold ``{question}`` once.
        UnknownNameError: No stop rule has this name.
    """
    if template is None and tokenizer.chat_template:
        return PromptStyle.of_chat(tokenizer, stop)
    return PromptStyle(PLAIN if template is None else template, stop_rule=stop)
