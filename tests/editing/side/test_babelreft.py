"""BabelReFT: names in prompts, and subspaces that change where they end."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from mlake.analysis.reading import read
from mlake.editing import editor, load_edit
from mlake.editing.edits.reft import ReftEdit, met
from mlake.editing.side.method import encoded
from mlake.models.generate import answers
from mlake.records import Fact

NAMES = (("Carl", "Carl Sagan", "カール・セーガン"), ("フランス", "France"))


def ids_of(lm: Any, question: str) -> list[int]:
    return lm.tokenizer(lm.style.prompt(question))["input_ids"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("question", "name", "subject"),
    [
        ("Where did Carl Sagan work?", "Carl Sagan", 0),
        ("カール・セーガンはどこで働いた？", "カール・セーガン", 0),
        ("フランスの首都は？", "フランス", 1),
        ("France or Carl?", "France", 1),
    ],
)
def test_the_longest_name_is_met_at_its_last_token(
    tiny_lm: Any, question: str, name: str, subject: int
) -> None:
    lm = tiny_lm()
    ids = ids_of(lm, question)
    found = met(lm, ids, NAMES)
    assert found is not None and found[1] == subject
    assert lm.tokenizer.decode(ids[: found[0] + 1]).endswith(name)
    assert not lm.tokenizer.decode(ids[: found[0]]).endswith(name)


def test_a_name_within_a_word_is_none(tiny_lm: Any) -> None:
    lm = tiny_lm()
    assert all(met(lm, ids_of(lm, one), NAMES) is None for one in ("Who is Carla?", "McCarl?", "Who?"))


def test_a_fact_tells_its_statements_all_names(statements: Any) -> None:
    other = replace(statements[0], lang="de", subject="C. Sagan")
    fact = Fact("f0", 0, {"en": statements[0], "de": other})
    assert fact.stated("en").names == ("Carl Sagan", "C. Sagan") and fact.stated("en") == statements[0]


def losses(lm: Any, statements: Any) -> list[float]:
    return [one.nll for one in read(lm, [(one.ids, one.target) for one in encoded(lm, statements)])]


def test_facts_are_learnt_as_they_will_be_asked(
    tiny_lm: Any, statements: Any, state: Any, tmp_path: Path
) -> None:
    lm = tiny_lm()
    before, unedited = state(lm), losses(lm, statements)
    named = [replace(statements[0], names=("カール",)), *statements[1:]]
    method = editor("babelreft", lm, rate=0.02, steps=8)
    edit = method.edit(lm, named)
    edit.save(tmp_path / "edit")
    loaded = load_edit(tmp_path / "edit")
    assert isinstance(loaded, ReftEdit) and loaded.names == edit.names and len(edit.names) == 5
    for rotation in edit.subspaces.rotation.flatten(0, 1):
        assert torch.allclose(rotation @ rotation.T, torch.eye(4, dtype=rotation.dtype), atol=1e-9)
    with loaded.applied(lm) as edited:
        now = losses(edited, statements)
        assert now == pytest.approx([one["loss"] for one in edit.report["facts"]], abs=1e-5)
    assert all(one < other for one, other in zip(now, unedited, strict=True))
    assert before == state(lm)


def test_rows_are_answered_as_alone_and_others_as_before(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm()
    hooks = [dict(block._forward_hooks) for block in lm.layers]
    named = [replace(statements[0], names=("カール",))]
    edit = editor("babelreft", lm, rate=0.3, steps=3).edit(lm, named)
    asked = [statements[0].question, "Who?", "カールはどこで働いた？", "Wo wurde Jürgen Müller geboren?"]
    plain = answers(lm, asked, max_new_tokens=6)
    with edit.applied(lm) as edited:
        now = answers(edited, asked, max_new_tokens=6)
        assert now == [answers(edited, [one], max_new_tokens=6)[0] for one in asked]
        logits = [edited.model(torch.tensor([ids_of(lm, one)])).logits for one in asked]
    before = [lm.model(torch.tensor([ids_of(lm, one)])).logits for one in asked]
    assert [torch.equal(*both) for both in zip(logits, before, strict=True)] == [False, True, False, True]
    assert now[0] != plain[0] and (now[1], now[3]) == (plain[1], plain[3])
    assert [dict(block._forward_hooks) for block in lm.layers] == hooks


def test_a_subject_does_not_depend_on_the_batch_and_joins_its_languages(
    tiny_lm: Any, statements: Any
) -> None:
    lm = tiny_lm()
    method = editor("babelreft", lm, steps=3)
    together, alone = method.edit(lm, statements), method.edit(lm, statements[1:2])
    for one, other in zip(together.subspaces, alone.subspaces, strict=True):
        assert torch.allclose(one[:, 1], other[:, 0], atol=1e-7)
    both = [statements[0], replace(statements[0], lang="de", question="Wo arbeitete Carl Sagan?")]
    assert len(method.edit(lm, both).names) == 1
