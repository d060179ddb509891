"""Where settings are from: the family's table, the preset of EasyEdit, a file, a flag; and what it stores."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from mlake.editing import EDITORS, editor
from mlake.editing.locate.fitting import scaled
from mlake.editing.locate.published import LIKE, PRESETS, PUBLISHED
from mlake.editing.prompts import prompted
from mlake.errors import DataError, EditError, UnknownNameError
from mlake.models.openings import WORDS, sampled_openings

TEXT = [f"Sentence number {n} of an ordinary text about {n} things." for n in range(40)]


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A text that stands for Wikipedia."""
    path = tmp_path / "text.txt"
    path.write_text("\n".join(TEXT), encoding="utf-8")
    return f"file:{path}"


@pytest.mark.parametrize(
    ("family", "layers", "name", "expected"),
    [
        ("llama", 32, "rome", ((5,), 25, 1e-3, 4.0, 0.0, 0.5)),
        ("llama", 32, "r-rome", ((5,), 25, 1e-3, 4.0, 0.0, 0.5)),
        ("llama", 32, "memit", ((4, 5, 6, 7, 8), 25, 1e-3, 4.0, 15_000.0, 0.5)),
        ("llama", 32, "emmet", ((5,), 25, 1e-3, 4.0, 0.1, 0.5)),
        ("llama", 32, "alphaedit", ((4, 5, 6, 7, 8), 25, 0.5, 0.75, 10.0, 0.1)),
        ("qwen2", 28, "rome", ((5,), 25, 1e-3, 4.0, 0.0, 0.5)),
        ("qwen2", 28, "alphaedit", ((4, 5, 6, 7, 8), 25, 1e-3, 4.0, 1.0, 0.5)),
        ("gptj", 28, "rome", ((5,), 20, 0.5, 4.0, 0.0, 0.5)),
        ("gptj", 28, "memit", ((3, 4, 5, 6, 7, 8), 25, 0.5, 0.75, 15_000.0, 0.5)),
        ("gpt2", 48, "rome", ((17,), 20, 0.5, 4.0, 0.0, 0.5)),
        ("gpt2", 48, "memit", ((13, 14, 15, 16, 17), 20, 0.5, 0.75, 20_000.0, 0.5)),
        ("gpt2", 48, "emmet", ((17,), 20, 0.5, 0.75, 100.0, 0.5)),
        ("gpt2", 48, "alphaedit", ((13, 14, 15, 16, 17), 20, 0.5, 0.75, 10.0, 0.5)),
    ],
)
def test_defaults_are_those_published_for_the_family(
    tiny_lm: Any, family: str, layers: int, name: str, expected: Any
) -> None:
    """The numbers stand in the authors' files; ``PUBLISHED`` names them."""
    lm = tiny_lm(family, layers=layers)
    method: Any = editor(name, lm)
    value = method.value
    found = (method.layers, value.steps, value.decay, value.clamp, method.ridge, value.rate)
    assert found == expected
    assert method.published(lm).startswith(("zjunlp/EasyEdit@", "jianghoucheng/", "scalable-model-editing/"))
    assert "scaled" not in method.published(lm) and "origin" not in method.config()


def test_the_first_generation_of_qwen_has_numbers_of_its_own() -> None:
    rows = {row.methods: row for row in PUBLISHED if row.family == "qwen"}
    assert dict(rows["rome", "r-rome"].settings) == {"steps": 20, "decay": 0.5}
    assert dict(rows["memit",].settings) == {"decay": 0.5, "clamp": 0.75}


def test_what_is_not_published_is_said_to_be_ours(tiny_lm: Any) -> None:
    for kind in ("gemma3_text", "phi3", "qwen3"):
        lm = tiny_lm(kind)
        for name in PRESETS[LIKE]:
            assert editor(name, lm).published(lm).startswith(f"not published for {lm.arch.family}: chosen by")
    lm = tiny_lm("llama", layers=3)
    assert editor("memit", lm).published(lm).endswith("llama-7b.yaml, layers scaled from 32 blocks to 3")
    assert EDITORS["stableke"].published(lm) == ""


def test_layers_of_every_row_fit_every_depth() -> None:
    for row in PUBLISHED:
        assert scaled(row, row.depth) == row.layers
        for depth in (1, 2, 12, 18, 80):
            layers = scaled(row, depth)
            assert layers and layers == tuple(range(layers[0], layers[-1] + 1)) and layers[-1] < depth


@pytest.mark.parametrize(
    ("family", "layers", "name", "expected"),
    [
        ("llama", 32, "rome", ((5,), 0.0, (5, 5, 10, 10), 21)),
        ("llama", 32, "r-rome", ((5,), 0.0, (5, 5, 10, 10), 21)),
        ("llama", 32, "memit", ((4, 5, 6, 7, 8), 15_000.0, (10,), 6)),
        ("llama", 32, "emmet", ((5,), 10_000.0, (10,), 6)),
        ("llama", 32, "alphaedit", ((4, 5, 6, 7, 8), 1.0, (10,), 6)),
        ("gpt2", 48, "emmet", ((17,), 1000.0, (10,), 6)),
        ("gemma3_text", 18, "memit", ((3,), 15_000.0, (10,), 6)),
    ],
)
def test_the_preset(tiny_lm: Any, family: str, layers: int, name: str, expected: Any, file: str) -> None:
    lm = tiny_lm(family, layers=layers)
    method: Any = editor(name, lm, like=LIKE, corpus=file)
    assert (method.layers, method.ridge, method.contexts, method.prompts()) == expected
    assert (method.prompt, method.essence, method.key) == ("bare", "english", "subject")
    assert method.value.rate_unit == "absolute" and method.preserve == 0
    assert (method.null_unit, method.null_threshold) == ("absolute", 0.02) or name != "alphaedit"
    assert method.config()["origin"] == {"like": LIKE, "settings": (), "set": ("corpus",)}


def test_flags_beat_files_beat_the_preset_beats_the_family(tiny_lm: Any) -> None:
    lm = tiny_lm("gpt2", layers=48)
    family: Any = editor("rome", lm)
    assert (family.value.steps, family.contexts, family.prompt) == (20, 5, "question")
    preset: Any = editor("rome", lm, like=LIKE)
    assert (preset.value.steps, preset.contexts, preset.prompt) == (20, (5, 5, 10, 10), "bare")
    told: Any = editor("rome", lm, like=LIKE, settings={"steps": 7, "contexts": 1}, contexts=["A. "])
    assert (told.value.steps, told.contexts, told.prompt) == (7, ("A. ",), "bare")
    assert json.loads(json.dumps(told.config()))["origin"] == {
        "like": LIKE, "settings": ["contexts", "steps"], "set": ["contexts"]
    }  # fmt: skip
    filed: Any = editor("rome", lm, settings={"steps": 7}, clamp=2)
    assert filed.config()["origin"] == {"like": "", "settings": ("steps",), "set": ("clamp",)}


def test_presets_that_there_are_not() -> None:
    with pytest.raises(UnknownNameError, match=r"preset of memit 'easyedid'; known: easyedit\..*mean"):
        editor("memit", like="easyedid")
    for name in ("stableke", "mend"):
        with pytest.raises(EditError, match=f"^{name} has no presets, got 'easyedit'; leave [^\n]*$"):
            editor(name, like=LIKE)


@pytest.mark.parametrize("name", ["memit", "emmet", "alphaedit"])
def test_without_wikipedia_it_refuses_before_a_model_is_there(
    monkeypatch: pytest.MonkeyPatch, name: str, file: str
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DataError, match=r"^[^\n]*needs the datasets package[^\n]*--set corpus=file:PATH$"):
        editor(name, like=LIKE)
    with pytest.raises(DataError, match="cannot read the corpus"):
        editor(name, like=LIKE, corpus=f"{file}.absent")
    assert editor(name, like=LIKE, corpus=file).corpus == file  # type: ignore[attr-defined]
    assert editor("rome", like=LIKE).metric == "identity"  # type: ignore[attr-defined]


def test_prefixes_and_the_texts_hash_are_stored_with_the_edit(
    tiny_lm: Any, statements: Any, file: str
) -> None:
    from hashlib import sha256

    lm = tiny_lm()
    method: Any = editor("memit", lm, like=LIKE, corpus=file, layers=[1], steps=2)
    edit = method.edit(lm, statements[:2])
    prefixes = edit.report["contexts"]
    assert prefixes == list(sampled_openings(lm, [10], seed=0)) and len(prefixes) == len(WORDS)
    assert edit.report["corpus"]["sha256"] == sha256("".join(f"{t}\n" for t in TEXT).encode()).hexdigest()
    assert edit.report["corpus"]["name"] == file and edit.report["method"]["origin"]["like"] == LIKE
    given = editor("memit", lm, like=LIKE, corpus=file, layers=[1], steps=2, contexts=prefixes)
    same: Any = given.edit(lm, statements[:2])
    assert torch.equal(same.factors[1].dense(), edit.factors[1].dense())
    assert (
        "contexts" not in same.report and "contexts" not in editor("rome", lm).edit(lm, statements[:1]).report
    )


def test_later_edits_of_a_sequence_have_the_prefixes_of_the_first(
    tiny_lm: Any, statements: Any, file: str
) -> None:
    lm = tiny_lm()
    method: Any = editor("memit", lm, like=LIKE, corpus=file, layers=[1], steps=3, ridge=1e-3)
    first = method.edit(lm, statements[:2])
    with first.applied(lm):
        second = method.edit(lm, statements[2:3], history=[first])
    assert second.report["contexts"] == first.report["contexts"]


def test_openings_start_with_english_words_and_have_the_length(
    tiny_lm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lm = tiny_lm()
    found = sampled_openings(lm, [5, 10], seed=3)
    assert len(found) == 10 and all(one.startswith(WORDS[n % 5]) for n, one in enumerate(found))
    assert all(one.endswith(". ") and not {"{", "}"} & set(one) for one in found)
    assert found == sampled_openings(lm, [5, 10], seed=3) != sampled_openings(lm, [5, 10], seed=4)
    start = len(lm.tokenizer("Therefore")["input_ids"])
    seen: list[int] = []
    real = lm.tokenizer.batch_decode
    monkeypatch.setattr(
        lm.tokenizer, "batch_decode", lambda rows, **how: seen.extend(map(len, rows)) or real(rows, **how)
    )
    sampled_openings(lm, [2, start + 4], seed=0)
    assert seen[1] == start and seen[5:] == [start + 4] * 5
    assert sampled_openings(lm, [1], seed=0) == tuple(f"{word}. " for word in WORDS)


def test_bare_prompts_have_no_template_and_a_space_in_any_language(tiny_lm: Any, statements: Any) -> None:
    lm = tiny_lm()
    for one in statements:
        bare = prompted(lm, one, kind="bare", key="question", contexts=1, essence="english")
        plain = bare.plain
        ids = list(plain.ids[: len(plain.ids) - plain.target])
        assert ids == lm.tokenizer(one.question)["input_ids"] and plain.lookup == len(ids) - 1
        assert lm.tokenizer.decode(plain.ids[-plain.target :]) == f" {one.new}"
        assert bare.task.essence is not None
        assert lm.tokenizer.decode(bare.task.essence.ids, skip_special_tokens=True) == f"{one.subject} is a"


def test_the_key_without_a_subject_is_at_the_questions_end(tiny_lm: Any, statements: Any) -> None:
    """Not at the template's ``A:``, where it would hardly depend on the question."""
    from dataclasses import replace

    lm = tiny_lm()
    for one in statements:
        found = prompted(lm, replace(one, subject=None), kind="question", key="question", contexts=1)
        for prompt in found.task.prompts:
            said = lm.tokenizer.decode(prompt.ids[: prompt.lookup + 1], skip_special_tokens=True)
            assert said.endswith(one.question) and not said.endswith("A:")
        at_end = prompted(lm, replace(one, subject=None), kind="question", key="prompt", contexts=1)
        assert found.plain.ids == at_end.plain.ids and found.plain.lookup < at_end.plain.lookup
    spaced = replace(statements[0], question="Where? ", subject=None)
    assert prompted(lm, spaced, kind="bare", key="question", contexts=0).plain.lookup >= 1


def test_settings_that_are_no_lists_of_one_kind() -> None:
    for wrong in ([5, "A. "], [1.5], "A"):
        with pytest.raises(EditError, match="setting contexts takes a whole number or a list of text or a"):
            editor("rome", contexts=wrong)
