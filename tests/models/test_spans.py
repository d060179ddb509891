"""Key tokens by character offsets, targets as token ids."""

from dataclasses import replace
from typing import Any
from unicodedata import normalize

import pytest

from mlake.errors import SubjectError
from mlake.models.spans import Encoded, encode, token_at

SUBJECTS = (
    ("Q: Where did Carl Sagan work?", "Carl Sagan", " BBC"),
    ("Q: An welcher Universität war Jürgen Müller?", "Jürgen Müller", " Köln"),
    ("Q: Où est né Honoré de Balzac ?", "Honoré de Balzac", " À Tours"),
    ("Q: 綾波レイの誕生日は？", "綾波レイ", "三月三十日"),
    ("Q: 鲁迅先生在哪里？", "鲁迅", "绍兴"),
    ("Q: Who is 😀 to 𠮷野家?", "𠮷野家", "😀"),
)


def spelled(lm: Any, ids: Any) -> bytes:
    """The bytes that tokens of a byte-level tokenizer stand for."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    back = {chr(byte): byte for byte in shown} | {chr(256 + n): byte for n, byte in enumerate(hidden)}
    special = set(lm.tokenizer.all_special_tokens)
    tokens = lm.tokenizer.convert_ids_to_tokens(list(ids))
    return b"".join(bytes(back[c] for c in token) for token in tokens if token not in special)


@pytest.mark.parametrize(("prompt", "subject", "target"), SUBJECTS)
def test_key_token_holds_the_subjects_last_byte(tiny_lm: Any, prompt: str, subject: str, target: str) -> None:
    lm = tiny_lm()
    end = prompt.index(subject) + len(subject)
    found = encode(lm, prompt, target=target, subject_end=end)
    upto = prompt[:end].encode()
    assert not spelled(lm, found.ids[: found.lookup]).startswith(upto)
    assert spelled(lm, found.ids[: found.lookup + 1]).startswith(upto)


@pytest.mark.parametrize(("prompt", "subject", "target"), SUBJECTS)
def test_target_tokens_are_the_targets_bytes(tiny_lm: Any, prompt: str, subject: str, target: str) -> None:
    lm = tiny_lm()
    found = encode(lm, prompt, target=target)
    assert found.target > 0 and found.lookup == len(found.ids) - found.target - 1
    assert found.ids[: -found.target] == tuple(lm.tokenizer(prompt)["input_ids"])
    assert spelled(lm, found.ids[-found.target :]) == target.encode()
    assert found.ids == tuple(lm.tokenizer(prompt + target)["input_ids"])


def test_a_target_whose_first_token_would_straddle(tiny_lm: Any) -> None:
    """「首都是」is one token; after「首都」the model has to say「是」by itself."""
    lm = tiny_lm()
    whole = tuple(lm.tokenizer("中国的首都是北京")["input_ids"])
    found = encode(lm, "中国的首", target="都是北京")
    assert found.ids != whole
    assert found.ids[: -found.target] == tuple(lm.tokenizer("中国的首")["input_ids"])
    assert spelled(lm, found.ids[-found.target :]) == "都是北京".encode()
    assert found.ids.count(lm.tokenizer.bos_token_id) == 1


def test_special_tokens(tiny_lm: Any) -> None:
    lm = tiny_lm()
    bos = lm.tokenizer.bos_token_id
    assert encode(lm, "A", target=" B").ids[0] == bos
    assert bos not in encode(lm, "A", target=" B", special=False).ids
    assert encode(lm, "<s>A", target=" B", special=False).ids.count(bos) == 1
    assert encode(lm, "<s>A b", subject_end=4, special=False).lookup == 1


def test_a_subject_at_the_very_start(tiny_lm: Any) -> None:
    lm = tiny_lm()
    assert encode(lm, "Q is", subject_end=1).lookup == 1
    assert encode(lm, "Q is", subject_end=1, special=False).lookup == 0


def test_a_subject_inside_a_longer_word(tiny_lm: Any) -> None:
    lm = tiny_lm()
    prompt = "Frankreichs Hauptstadt"
    found = encode(lm, prompt, subject_end=len("Frankreich"))
    assert spelled(lm, found.ids[: found.lookup + 1]).startswith(b"Frankreich")


def test_padding_side_and_truncation_do_not_matter(tiny_lm: Any) -> None:
    lm = tiny_lm()
    expected = [encode(lm, p, target=t, subject_end=p.index(s) + len(s)) for p, s, t in SUBJECTS]
    for side in ("left", "right"):
        lm.tokenizer.padding_side = side
        assert [encode(lm, p, target=t, subject_end=p.index(s) + len(s)) for p, s, t in SUBJECTS] == expected


def test_a_bare_prompt(tiny_lm: Any) -> None:
    lm = tiny_lm()
    ids = tuple(lm.tokenizer("日本の")["input_ids"])
    assert encode(lm, "日本の") == Encoded(ids, len(ids) - 1, 0)


def test_offsets_by_hand() -> None:
    # <s> | Car | l | _Sagan | 東 in three byte tokens | ,
    offsets = [(0, 0), (0, 3), (3, 4), (4, 10), (10, 11), (10, 11), (10, 11), (11, 12)]
    assert token_at(offsets, 1) == token_at(offsets, 3) == 1
    assert token_at(offsets, 4) == 2
    assert token_at(offsets, 5) == token_at(offsets, 10) == 3
    assert token_at(offsets, 11) == 6
    assert token_at(offsets, 12) == 7


def test_offsets_that_leave_space_out() -> None:
    offsets = [(0, 4), (5, 10), (0, 0)]
    assert token_at(offsets, 4) == 0 and token_at(offsets, 10) == 1
    with pytest.raises(SubjectError, match="no token holds character 4 of the prompt"):
        token_at(offsets, 5)


def test_no_token_at_all() -> None:
    for offsets, end in (([], 1), ([(0, 0)], 1), ([(0, 2)], 0), ([(0, 2)], 3)):
        with pytest.raises(SubjectError, match="no token holds character"):
            token_at(offsets, end)


def test_byte_fallback_keys_at_the_last_byte(tiny_lm: Any) -> None:
    """Sentencepiece-like tokenizers spell rare characters as bytes, each with the character's offsets."""
    from tokenizers import Tokenizer, decoders, models, normalizers
    from transformers import PreTrainedTokenizerFast

    pieces = ["<unk>", "▁", "Q", "は", *(f"<0x{byte:02X}>" for byte in range(256))]
    core = Tokenizer(
        models.BPE({p: i for i, p in enumerate(pieces)}, [], byte_fallback=True, unk_token="<unk>")
    )
    core.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    core.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    lm = replace(tiny_lm(), tokenizer=PreTrainedTokenizerFast(tokenizer_object=core))
    found = encode(lm, "Q鲁迅は", subject_end=3)
    assert lm.tokenizer.convert_ids_to_tokens(found.ids) == [
        "▁", "Q", "<0xE9>", "<0xB2>", "<0x81>", "<0xE8>", "<0xBF>", "<0x85>", "は",
    ]  # fmt: skip
    assert found.lookup == 7


@pytest.mark.parametrize("form", ["NFC", "NFKC"])
@pytest.mark.parametrize("subject", ["José", "Nguyễn Phúc Thế", "가", "ｶﾞ", "Ångström ﬁ"])
def test_a_normaliser_that_composes(tiny_lm: Any, form: Any, subject: str) -> None:
    """The key of a decomposed subject is the composed one's, at the last byte of its last character."""
    from tokenizers import Tokenizer, normalizers
    from transformers import PreTrainedTokenizerFast

    plain = tiny_lm()
    core = Tokenizer.from_str(plain.tokenizer.backend_tokenizer.to_str())
    core.normalizer = getattr(normalizers, form)()
    lm = replace(plain, tokenizer=PreTrainedTokenizerFast(tokenizer_object=core))
    given, read = normalize("NFD", subject), normalize(form, normalize("NFD", subject))
    found = encode(lm, f"Who is {given}?", target=" Rome", subject_end=7 + len(given))
    assert found == encode(plain, f"Who is {read}?", target=" Rome", subject_end=7 + len(read))


def test_a_subject_that_vanishes_is_refused(tiny_lm: Any) -> None:
    from tokenizers import Tokenizer, normalizers
    from transformers import PreTrainedTokenizerFast

    lm = tiny_lm()
    core = Tokenizer.from_str(lm.tokenizer.backend_tokenizer.to_str())
    core.normalizer = normalizers.Replace("\u200b", "")
    lm = replace(lm, tokenizer=PreTrainedTokenizerFast(tokenizer_object=core))
    with pytest.raises(SubjectError, match="no token holds character 7"):
        encode(lm, "Who is \u200b?", subject_end=8)
