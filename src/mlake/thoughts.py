"""Thoughts of models that think before they answer: which part of a text is the answer."""

__all__ = ["MARKS", "after_thought", "opened"]

MARKS = (
    ("<think>", "</think>"),  # Qwen 3, DeepSeek-R1, SmolLM 3, GLM 4.5, Phi 4, the first Magistral
    ("[THINK]", "[/THINK]"),  # Magistral since 2509
    ("<|channel|>", "<|channel|>final<|message|>"),  # gpt-oss
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),  # EXAONE Deep
    ("<reasoning>", "</reasoning>"),
    ("<seed:think>", "</seed:think>"),  # Seed-OSS
    ("<|START_THINKING|>", "<|END_THINKING|>"),  # Command A
    ("<|inner_prefix|>", "<|inner_suffix|>"),  # Apertus
    ("◁think▷", "◁/think▷"),  # Kimi
)
"""What opens and closes a thought in the models of the field."""


def after_thought(text: str) -> tuple[str, bool]:
    """What a model said after its thought, and whether the thought came to an end.

    Args:
        text: A raw answer. One that begins inside a thought, because the prompt opened it, need not hold the
            opening mark, if it holds the closing one.

    Returns:
        The text behind the last thought, stripped; all of it where there is none, nothing where the last
        one is not finished. And False for the last of these cases alone.
    """
    for start, end in MARKS:
        _, closed, tail = text.rpartition(end)
        if start in tail:
            return "", False
        text = tail.strip() if closed else text
    return text, True


def opened(template: str) -> str:
    """The mark of a thought that a prompt opens and leaves to the model; empty where it opens none."""
    for start, end in MARKS:
        if template.rfind(start) > template.rfind(end):
            return start
    return ""
