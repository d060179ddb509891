"""What a model is told: every language has it, with the same slots; a file of one's own goes first."""

from pathlib import Path

import pytest

from mlake.construct.llm.prompts import read_prompts
from mlake.construct.wording import worded_languages
from mlake.errors import DataError


@pytest.mark.parametrize("lang", worded_languages())
def test_every_worded_language_has_prompts(lang: str) -> None:
    told = read_prompts(lang).question.format(subject="S1", object="O1", sentence="F1")
    assert all(told.count(name) >= 1 for name in ("S1", "O1", "F1", '"question"'))
    assert "{" not in told


def test_a_file_of_ones_own_goes_first(tmp_path: Path) -> None:
    packaged = read_prompts("en")
    (tmp_path / "prompts").mkdir()
    lines = [f"{name} = '''{getattr(packaged, name)}'''" for name in NAMES]
    lines[4] = "again = 'Once more: {reply} {reason}'"
    (tmp_path / "prompts" / "en.toml").write_text("\n".join(lines), encoding="utf-8")
    own = read_prompts("en", tmp_path)
    assert own.again == "Once more: {reply} {reason}" and own.fact == packaged.fact
    assert read_prompts("de", tmp_path) == read_prompts("de")


NAMES = ("fact", "question", "two_hop", "object", "again")


def table(text: str, *names: str) -> str:
    return "\n".join(f"{name} = {text!r}" for name in (*NAMES, *names))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("again = 'x {reply}'", "'fact' is missing"),
        ("fact = 'x'\nhow = 'y'", "'question' is missing"),
        (table("x"), "'fact' must have the slots {new}, {new_sentence}"),
        (table("{"), "'fact' must be a text with slots"),
        (table("x", "how"), "'how' is not known"),
        ("fact = ", "is no TOML"),
    ],
)
def test_prompts_that_are_wrong(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "en.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_prompts("en", tmp_path)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_language_without_prompts() -> None:
    with pytest.raises(DataError, match=r"no prompts in 'ru': .* for de, en, .*; write prompts/ru"):
        read_prompts("ru")
