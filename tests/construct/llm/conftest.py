"""Where people were born, and a server that is good at questions about them, or as bad as a test wants."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.chats import KEY, Reply, fake, said

from mlake.construct.asked import Asked
from mlake.construct.build import Done, build
from mlake.construct.llm.calls import CALLS, Mode
from mlake.construct.open import open_context
from mlake.construct.pipeline import STAGES
from mlake.construct.source import Source, read_source
from mlake.construct.sources import SOURCES

__all__ = ["KEY", "fake"]
PEOPLE = 14
RELATIONS = """
[P19]
label = "place of birth"
objects = { person = ["city"] }
[P17]
label = "country"
objects = { city = ["country"] }
hop = true
"""


class Births:
    """Some people of the snapshot, each born in another city, and the countries of these."""

    def read(self, asked: Asked) -> Source:
        whole = read_source(None, asked.langs)
        country = {one.subject: one for one in whole.claims if one.relation == "P17"}
        born = {one.object: one for one in whole.claims if one.relation == "P19" and one.object in country}
        people = [*born.values()][:PEOPLE]
        claims = (*people, *(country[one.object] for one in people))
        ends = {end for one in claims for end in (one.subject, one.object)}
        return Source({name: one for name, one in whole.entities.items() if name in ends}, claims)


def _found(pattern: str, prompt: str) -> tuple[str, ...]:
    match = re.search(pattern, prompt, re.M)
    assert match, prompt
    return match.groups()


def quizzed(prompt: str) -> dict[str, Any]:
    """What a model says that does as it is told, of the packaged English prompts."""
    if '"object"' in prompt:
        return {"object": re.findall(r"^- (.+)$", prompt, re.M)[-1]}
    if "Second step" in prompt:
        first, second = _found(r"^First step: (.+)\nSecond step: (.+)$", prompt)
        end, middle = _found(r"asks for (.+)\. It names neither .+ nor (.+), but", prompt)
        gap = second.replace(middle, "this").replace(end, "…")
        return {"question": f"If “{first.replace(middle, 'this')}”, what fills “{gap}”?"}
    (sentence,) = _found(r"^The fact: (.+)$", prompt)
    if "after the change" in prompt:
        old, new = _found(r"before the change its answer is (.+), after it (.+)$", prompt)
        gap = sentence.replace(old, "…")
        return {
            "question": f"What fills the gap in “{gap}”?",
            "paraphrase_1": f"Which name goes into the gap of “{gap}”?",
            "paraphrase_2": f"How is “{gap}” completed?",
            "old_sentence": f"It is so: {sentence}",
            "new_sentence": f"It is so: {sentence.replace(old, new)}",
        }
    (answer,) = _found(r"it does not name (.+), which is its answer", prompt)
    return {"question": f"What fills the gap in “{sentence.replace(answer, '…')}”?"}


def good(prompt: str, number: int) -> Reply:
    return said(json.dumps(quizzed(prompt), ensure_ascii=False))


@pytest.fixture
def births(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Done]]:
    """Builds a benchmark of these in a folder of that name."""
    monkeypatch.setitem(SOURCES, "births", Births)
    (tmp_path / "few.toml").write_text(RELATIONS, encoding="utf-8")

    def make(
        out: str, writer: str = "templates", mode: Mode = "record", langs: str = "en", **span: Any
    ) -> list[Done]:
        context = open_context(
            source="births",
            relations=tmp_path / "few.toml",
            langs=langs.split(","),
            writer=writer,
            calls=tmp_path / out / CALLS,
            mode=mode,
        )
        return build(tmp_path / out, context, STAGES, **({"until": "splits"} | span))

    return make
