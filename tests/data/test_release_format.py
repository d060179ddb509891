"""The release's own format with content of one's own."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.data.conftest import LANGS, NAMES, TEXTS, single

from mlake.data import load
from mlake.data.own import recovered
from mlake.disk import kept_json
from mlake.errors import DataError, FactsError

Files = dict[str, Any]


def hop(code: str, fact: int, when: str, **extra: str) -> dict[str, Any]:
    answer = {"e": "Rome", "o": "Paris"}[when]
    names = {f"{when}_answer": answer, f"{when}_answer_aliases": [answer.upper(), answer]}
    return {"question": TEXTS[code][2].format(NAMES[code][fact]), **names, **extra}


def whole(langs: tuple[str, ...] = LANGS) -> Files:
    """Two facts with subjects; each with a question after the edit, the first with one before it."""
    files: Files = {}
    for code in langs:
        files[f"single_hop/{code}_qa.json"] = [
            {**single(code, at), "subject": NAMES[code][at]} for at in range(2)
        ]
        files[f"multi_hop/new_{code}_qa.json"] = [
            hop(code, 0, "e", e_prompt=single(langs[0], 0)["e_prompt"]),
            hop(code, 1, "e", e_prompt=single(code, 1)["e_prompt"]),
        ]
        files[f"multi_hop/old_{code}_qa.json"] = [hop(code, 0, "o")]
    return files


def write(tmp_path: Path, files: Files) -> Path:
    folder = tmp_path / "own"
    for name, rows in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(rows if isinstance(rows, bytes) else json.dumps(rows, ensure_ascii=False).encode())
    return folder


def problems(folder: Path) -> tuple[str, ...]:
    with pytest.raises(FactsError) as caught:
        load(folder)
    assert str(caught.value).startswith(f"{folder}: ") and "\n" not in str(caught.value)
    return caught.value.problems


@pytest.mark.parametrize("langs", [LANGS, ("de",), ("fr", "zh"), ("ja",)])
def test_any_languages(tmp_path: Path, langs: tuple[str, ...]) -> None:
    benchmark = load(write(tmp_path, whole(langs)))
    assert (benchmark.name, benchmark.notes, benchmark.unlinked) == ("own", (), ())
    assert set(benchmark.langs) == set(langs)
    assert [(fact.id, fact.row) for fact in benchmark.facts] == [("fact-0000", 0), ("fact-0001", 1)]
    for code in langs:
        said = benchmark.facts[0].stated(code)
        assert (said.subject, said.subject_sure) == (NAMES[code][0], True)
        assert (said.old, said.new, said.new_aliases) == ("Oldco", "Newco", ("NC",))
        assert said.new_sentence == TEXTS[code][1].format(NAMES[code][0], "Newco")
        direct, after, before = (one for one in benchmark.facts[0].probes if one.lang == code)
        assert (direct.kind, direct.text) == ("direct", said.question)
        assert (after.kind, after.accept, after.reject) == ("multihop", ("Rome", "ROME"), ("Paris", "PARIS"))
        assert (before.kind, before.accept) == ("multihop_before", ("Paris", "PARIS"))
        assert [one.kind for one in benchmark.facts[1].probes if one.lang == code] == ["direct", "multihop"]


def test_only_single_hop_is_needed_and_only_two_of_its_fields(tmp_path: Path) -> None:
    row = {"question": "Wer ist Ann?", "subject": "Ann", "e_answer": "Eve"}
    (fact,) = load(write(tmp_path, {"single_hop/de_qa.json": [row]})).facts
    assert (fact.stated("de").old, fact.stated("de").new) == ("", "Eve")
    assert [probe.kind for probe in fact.probes] == ["direct"]


def test_a_question_before_the_edit_can_name_its_fact(tmp_path: Path) -> None:
    files = whole(("en", "ja"))
    files["multi_hop/old_ja_qa.json"] = [
        {**hop("ja", 1, "o", o_prompt=single("en", 1)["o_prompt"]), "question": "どこ？"}
    ]
    fact = load(write(tmp_path, files)).facts[1]
    assert [one.text for one in fact.probes if one.kind == "multihop_before"] == ["どこ？"]


def test_what_cannot_be_linked_is_kept_and_counted(tmp_path: Path) -> None:
    files = whole(("en", "fr"))
    files["multi_hop/new_fr_qa.json"][1]["e_prompt"] = "Autre."
    files["multi_hop/old_en_qa.json"].append(hop("en", 0, "o") | {"question": "Where?"})
    benchmark = load(write(tmp_path, files))
    assert [(one.id, one.kind, one.lang) for one in benchmark.unlinked] == [
        ("multi_hop/new_fr_qa.json/0001", "multihop", "fr"),
        ("multi_hop/old_en_qa.json/0001", "multihop_before", "en"),
    ]
    assert benchmark.notes == (
        "multi_hop/new_fr_qa.json: 1 of 2 questions are linked to no fact",
        "multi_hop/old_en_qa.json: 1 of 2 questions are linked to no fact",
    )


def test_a_sentence_of_two_facts_links_to_neither(tmp_path: Path) -> None:
    files = whole(("en",))
    for row in files["single_hop/en_qa.json"]:
        row["e_prompt"] = "It moved."
    files["multi_hop/new_en_qa.json"] = [hop("en", 0, "e", e_prompt="It moved.")]
    benchmark = load(write(tmp_path, files))
    assert len(benchmark.unlinked) == 2


def test_the_hash_follows_the_files(tmp_path: Path) -> None:
    files = whole()
    first = load(write(tmp_path, files)).sha256
    assert load(write(tmp_path / "elsewhere", files)).sha256 == first
    files["multi_hop/old_zh_qa.json"][0]["o_answer"] = "巴黎"
    assert load(write(tmp_path, files)).sha256 != first


def test_without_subjects_a_few_facts_load_with_a_note(tmp_path: Path) -> None:
    files = whole(("en", "de"))
    del files["single_hop/de_qa.json"][1]["subject"]
    benchmark = load(write(tmp_path, files))
    assert [fact.stated("de").subject for fact in benchmark.facts] == ["Ada Quill", None]
    (note,) = benchmark.notes
    assert note.startswith("1 of 4 statements name no subject, and 2 facts are too few to recover them")


@pytest.fixture
def fifty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Fifty facts in two languages; all but one subject is left out."""
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    names = [f"{one}{two}" for one in ("Alba", "Bruna", "Cormo", "Delfi", "Esto") for two in "bdfgklmnrt"]
    files: Files = {}
    for code in ("en", "de"):
        question, sentence, _ = TEXTS[code]
        files[f"single_hop/{code}_qa.json"] = [
            {
                "question": question.format(name),
                "o_prompt": sentence.format(name, "Oldco"),
                "e_prompt": sentence.format(name, "Newco"),
                "o_answer": "Oldco",
                "e_answer": "Newco",
            }
            for name in names
        ]
    files["single_hop/de_qa.json"][0]["subject"] = "arbeitete"
    return write(tmp_path, files)


def test_subjects_of_fifty_facts_are_recovered_once(
    fifty: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first = load(fifty)
    assert [first.facts[at].stated("en").subject for at in (0, 49)] == ["Albab", "Estot"]
    assert first.facts[0].stated("de").subject == "arbeitete"
    assert first.facts[1].stated("de").subject == "Albad"
    assert [note.split(" recovered")[0] for note in first.notes] == ["en: 50 subjects", "de: 49 subjects"]
    monkeypatch.setattr(recovered, "recover", lambda clues: pytest.fail("recovered again"))
    assert load(fifty) == first
    assert load(fifty, cache=tmp_path / "cache") == first


@pytest.mark.parametrize("damage", ["", "{}", '{"en": [[1]]}', '{"en": [["x", true, 1]], "de": []}'])
def test_damaged_stored_subjects_are_recovered_again(fifty: Path, tmp_path: Path, damage: str) -> None:
    first = load(fifty)
    (stored,) = (tmp_path / "cache" / "subjects").iterdir()
    stored.write_text(damage)
    assert load(fifty) == first
    assert set(kept_json(stored)) == {"en", "de"}


def test_a_cache_that_cannot_be_written_does_not_stop_a_load(fifty: Path, tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("")
    assert load(fifty, cache=tmp_path / "blocked").facts == load(fifty).facts


def test_problems_name_file_row_and_field(tmp_path: Path) -> None:
    files = whole(("en", "zh"))
    del files["single_hop/en_qa.json"][1]["question"]
    files["single_hop/en_qa.json"][0] |= {"subject": "Bo Lind", "o_answer_aliases": "Old"}
    files["single_hop/zh_qa.json"] += [3, {"question": "谁？", "e_answer": " ", "subjct": "谁"}]
    files["multi_hop/new_zh_qa.json"][1] |= {"e_answer_aliases": [1], "o_answer": "x"}
    del files["multi_hop/old_en_qa.json"][0]["o_answer"]
    assert problems(write(tmp_path, files)) == (
        "single_hop/en_qa.json row 0 field 'o_answer_aliases': must be a list, got a string",
        "single_hop/en_qa.json row 1 field 'question': is missing",
        "single_hop/zh_qa.json row 2 must be a JSON object, got a whole number",
        "single_hop/zh_qa.json row 3 field 'e_answer': is empty",
        "single_hop/zh_qa.json row 3 field 'subjct': is not known; did you mean 'subject'?",
        "multi_hop/new_zh_qa.json row 1 field 'e_answer_aliases[0]': must be a string, got a whole number",
        "multi_hop/new_zh_qa.json row 1 field 'o_answer': is not known; did you mean 'e_answer'?",
        "multi_hop/old_en_qa.json row 0 field 'o_answer': is missing",
        "single_hop: row N is the same fact in every file; all need as many rows, got en 2, zh 4",
        "single_hop/en_qa.json row 0 field 'subject': 'Bo Lind' does not occur in the question",
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("single_hop/en_qa.json", b'[{"question"', "single_hop/en_qa.json is no JSON (Expecting ':'"),
        ("single_hop/en_qa.json", b"[" * 50_000, "single_hop/en_qa.json is no JSON"),
        (
            "single_hop/en_qa.json",
            b'[{"answer": "A", "answer": "B"}]',
            "key 'answer' stands twice in an object",
        ),
        ("single_hop/en_qa.json", {"a": 1}, "single_hop/en_qa.json must hold a list of rows, got an object"),
        ("single_hop/en_qa.json", [], "single_hop/en_qa.json must hold a list of rows, got none"),
        ("single_hop/en_qa.json", b'["\\ud800"]', "row 0 must be a JSON object, got a string"),
        ("single_hop/en_qa.json", b'[{"question": "\\ud800"}]', "row 0 holds half a character"),
        ("single_hop/jp_qa.json", [], "single_hop/jp_qa.json: unknown language 'jp', known: en, de, fr, ja"),
        ("multi_hop/old_xx_qa.json", [], "multi_hop/old_xx_qa.json: unknown language 'xx', known: en, de"),
        ("multi_hop/new_de_qa.json", [hop("de", 0, "e", e_prompt="x")], "needs single_hop/de_qa.json"),
    ],
)
def test_files_that_do_not_fit(tmp_path: Path, name: str, content: Any, message: str) -> None:
    assert any(message in one for one in problems(write(tmp_path, {**whole(("en",)), name: content})))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("東京はどこ？".encode("cp932"), "en_qa.json line 1 is not UTF-8, it looks like Shift-JIS"),
        ('[{"question": "a"}]'.encode("utf-16"), "single_hop/en_qa.json is UTF-16"),
        (b"[]\n\0", "single_hop/en_qa.json line 2 holds a NUL byte"),
    ],
)
def test_other_encodings_are_told(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load(write(tmp_path, {"single_hop/en_qa.json": content}))


def test_a_mark_of_byte_order_does_not_matter(tmp_path: Path) -> None:
    row = json.dumps([{"question": "谁？", "e_answer": "安"}], ensure_ascii=False)
    benchmark = load(write(tmp_path, {"single_hop/zh_qa.json": b"\xef\xbb\xbf" + row.encode()}))
    assert benchmark.facts[0].stated("zh").question == "谁？"


def test_folders_that_hold_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no facts; expected single_hop/LANG_qa.json with LANG one"):
        load(tmp_path)
    (tmp_path / "facts.jsonl").mkdir()
    with pytest.raises(DataError, match=r"name the file: .*facts\.jsonl"):
        load(tmp_path)
    with pytest.raises(DataError, match=r"facts\.jsonl holds no facts"):
        load(tmp_path / "facts.jsonl")
    (tmp_path / "single_hop" / "en_qa.json").mkdir(parents=True)
    with pytest.raises(DataError, match=r"cannot read .*en_qa\.json: Is a directory"):
        load(tmp_path)


def test_hidden_files_are_passed_over(tmp_path: Path) -> None:
    assert load(write(tmp_path, {**whole(("en",)), "single_hop/._en_qa.json": b"\0"})).langs == ("en",)


@pytest.mark.released
def test_the_released_files_load_as_they_are(mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovered, "LEAST", 10_000)
    folder = mirror / "40b6a3cfde908acdafee1cdc2e241f8c0eb9687b" / "dataset"
    own, known = load(folder), load("mlake", mirror=mirror)
    assert len(own.facts) == 1072

    def asked(fact: Any, kind: str) -> set[Any]:
        return {(one.lang, one.text, one.accept) for one in fact.probes if one.kind == kind}

    for one, other in zip(own.facts, known.facts, strict=True):
        assert all(asked(one, kind) == asked(other, kind) for kind in ("direct", "multihop"))
        assert asked(one, "multihop_before") <= asked(other, "multihop_before")
