"""What a tokenizer appends is no part of a text."""

import json
from dataclasses import replace
from typing import Any

import pytest

from mlake.models import LM
from mlake.models.generate import answers, identity
from mlake.models.moments import Corpus
from mlake.models.spans import encode
from mlake.models.tokens import appended, token_ids


def appending(lm: LM, end: str) -> LM:
    """The model with a tokenizer that puts these after each text."""
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    core = json.loads(lm.tokenizer.backend_tokenizer.to_str())
    single = core["post_processor"]["processors"][1]["single"]
    single += [{"SpecialToken": {"id": name, "type_id": 0}} for name in end.split()]
    known = core["post_processor"]["processors"][1]["special_tokens"]
    known["</s>"] = {"id": "</s>", "ids": [1], "tokens": ["</s>"]}
    made = Tokenizer.from_str(json.dumps(core))
    return replace(
        lm, tokenizer=PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>", eos_token="</s>")
    )


@pytest.mark.parametrize("end", ["", "</s>", "</s> <s>"])
def test_what_is_appended_is_left_out(tiny_lm: Any, end: str) -> None:
    plain = tiny_lm()
    lm = appending(plain, end)
    assert appended(lm.tokenizer) == len(end.split())
    texts = ["What is Paris?", "東京", ""]
    assert token_ids(lm, texts) == token_ids(plain, texts) == plain.tokenizer(texts)["input_ids"]
    assert token_ids(lm, texts, special=False) == token_ids(plain, texts, special=False)
    asked = [encode(one, "What is Paris?", target=" Rome", subject_end=13) for one in (lm, plain)]
    assert asked[0] == asked[1]
    assert Corpus.of(lm, "x", texts) == Corpus.of(plain, "x", texts)


def test_answers_go_on_from_the_text(tiny_lm: Any) -> None:
    plain = tiny_lm()
    asked = ["What is Paris?", "法国的首都是哪里？"]
    lm = appending(plain, "</s>")
    assert answers(lm, asked, max_new_tokens=6) == answers(plain, asked, max_new_tokens=6)
    assert identity(lm, 6) == identity(plain, 6) | {"appended": 1}  # answers kept before are others
