from pathlib import Path
from typing import Any

import pytest
from tests.data.neighbours.conftest import Read, asked, kinds, paths_of

from mlake.data import DATASETS, load
from mlake.errors import DataError
from mlake.records import Fact

QUESTIONS = {
    "en": ("Blue Bridge", "Who built the Blue Bridge?", "The Blue Bridge was built by whom?", "Ada Muster"),
    "de": ("Blaue Brücke", "Wer baute die Blaue Brücke?", "Von wem ist die Blaue Brücke?", "Ada Muster"),
    "fr": ("Pont bleu", "Qui a construit le pont bleu ?", "De qui est le pont bleu ?", "Ada Muster"),
    "ja": ("青い橋", "青い橋は誰が作りましたか？", "青い橋の作者は誰ですか？", "アダ・ムスター"),
    "zh": ("蓝桥", "谁建造了蓝桥？", "蓝桥是谁建造的？", "艾达"),
    "fi": ("Sininen silta", "Kuka rakensi Sinisen sillan?", "Kenen on Sininen silta?", "Ada Muster"),
    "sq": ("Ura blu", "Kush e ndërtoi Ura blu?", "E kujt është Ura blu?", "Ada Muster"),
    "cz": ("Modrý most", "Kdo postavil Modrý most?", "Čí je Modrý most?", "Ada Musterová"),
}
SPANISH = {"src": "¿Quién?"}  # in a file of another language


def edit(lang: str, **changes: Any) -> dict[str, Any]:
    """A row of Bi-ZsRE or MzsRE in one language."""
    subject, src, rephrase, alt = QUESTIONS[lang]
    mark = "nq question: " if lang == "en" else ""
    asks = {"New Question": f"{lang}: where was the builder born?", "New Answer": f"{lang} Oldtown"}
    row = {"subject": subject, "src": src, "rephrase": rephrase, "alt": alt, "portability": asks}
    return {**row, "loc": f"{mark}{lang}: who painted the tower?", "loc_ans": f"{lang} Bo Lind", **changes}


def pair(lang: str, **changes: Any) -> dict[str, Any]:
    """A row of Bi-ZsRE or MzsRE; the changes are to the language beside English."""
    return {"en": edit("en"), lang: edit(lang, **changes)}


def case(lang: str, number: Any, **changes: Any) -> dict[str, Any]:
    """A row of BMIKE-53; the changes are to the language beside English."""

    def one(code: str) -> dict[str, Any]:
        row = edit(code, case_id=number, loc=f"{code}: who painted the tower?")
        asks = row.pop("portability")
        return {**row, "port": asks["New Question"], "port_ans": asks["New Answer"]}

    return {"en": one("en"), lang: {**one(lang), **changes}}


def texts(fact: Fact, kind: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {probe.lang: (probe.text, probe.accept) for probe in asked(fact, kind)}


def test_bizsre(read: Read) -> None:
    benchmark = read("bizsre", [pair("zh"), pair("zh", alt="  "), pair("zh", loc_ans="")])
    first, second, third = benchmark.facts
    assert [fact.id for fact in benchmark.facts] == ["bizsre-0000", "bizsre-0001", "bizsre-0002"]
    assert (first.stated("en").subject, first.stated("zh").subject) == ("Blue Bridge", "蓝桥")
    assert (first.stated("zh").old, first.stated("zh").new) == ("", "艾达")
    assert texts(first, "direct")["zh"] == ("谁建造了蓝桥？", ("艾达",))
    assert texts(first, "paraphrase")["zh"] == ("蓝桥是谁建造的？", ("艾达",))
    assert texts(first, "locality") == {
        "en": ("en: who painted the tower?", ("en Bo Lind",)),
        "zh": ("zh: who painted the tower?", ("zh Bo Lind",)),
    }
    assert texts(first, "multihop")["zh"] == ("zh: where was the builder born?", ("zh Oldtown",))
    assert len({probe.id for probe in first.probes}) == 8
    assert not any(probe.reject for probe in first.probes)
    assert set(second.statements) == {"en"} and set(texts(third, "locality")) == {"en"}
    assert benchmark.notes == (
        "3 statements in en without an old answer",
        "2 statements in zh without an old answer",
        "1 statements in zh without a new answer left out",
        "1 blank names of answers left out",
        "1 questions without text or answer left out",
    )


def test_mzsre_is_aligned_by_place(read: Read) -> None:
    benchmark = read("mzsre", de=[pair("de"), pair("de")], fr=[pair("fr")], zh=[pair("zh"), pair("zh")])
    assert benchmark.langs == ("en", "de", "fr", "zh")
    assert [tuple(fact.statements) for fact in benchmark.facts] == [
        ("en", "de", "fr", "zh"),
        ("en", "de", "zh"),
    ]
    assert kinds(benchmark.facts[0]) == dict.fromkeys(("direct", "paraphrase", "locality", "multihop"), 4)
    assert benchmark.facts[0].stated("fr").subject == "pont bleu"
    absent = "cs, nl, es, vi, pt, ru, th, tr"
    assert benchmark.notes[0] == f"8 of 12 languages left out: there is no file of {absent}"
    assert benchmark.revision == "a820bae"


def test_a_statement_beside_another_edit_is_left_out(read: Read) -> None:
    other = {"en": edit("en", subject="Red Bridge", src="Who built the Red Bridge?"), "fr": edit("fr")}
    benchmark = read("mzsre", de=[pair("de")], fr=[other], zh=[pair("zh")])
    assert tuple(benchmark.facts[0].statements) == ("en", "de", "zh")
    assert "1 rows in fr left out: their English is not that of the other languages" in benchmark.notes


def test_rows_without_a_language(read: Read) -> None:
    absent = [{"de": edit("de")}, {"en": edit("en")}, {"en": edit("en"), "es": SPANISH}]
    benchmark = read("mzsre", de=absent, fr=[pair("fr")], zh=[])
    assert [(fact.id, fact.row, tuple(fact.statements)) for fact in benchmark.facts] == [
        ("mzsre-0001", 0, ("en",)),
        ("mzsre-0002", 1, ("en",)),
        ("mzsre-0000", 2, ("en", "fr")),
    ]
    assert "1 rows in de without English left out" in benchmark.notes
    assert "2 facts not stated in de" in benchmark.notes


@pytest.mark.parametrize(
    ("lang", "subject", "src", "found"),
    [
        ("de", "Brücke in Blau", "Wer baute die Blue Bridge?", "Blue Bridge"),
        ("de", "Brücke in Blau", "Wer baute sie?", None),
        ("fr", "Le Pont (bleu)", "De qui est le pont (bleu) ?", "le pont (bleu)"),
        ("fr", " ", "De qui est-il ?", None),
        ("zh", "蓝桥 ", "谁建造了蓝桥？", "蓝桥"),
        ("zh", "藍橋", "谁建造了蓝桥？", None),
    ],
)
def test_subjects_as_they_stand(read: Read, lang: str, subject: str, src: str, found: str | None) -> None:
    rows = {code: [pair(code)] for code in ("de", "fr", "zh")}
    rows[lang] = [pair(lang, subject=subject, src=src)]
    benchmark = read("mzsre", **rows)
    assert benchmark.facts[0].stated(lang).subject == found
    without = f"1 statements in {lang} without the subject in the question: only --no-subject can edit them"
    assert (without in benchmark.notes) == (found is None)
    english = f"1 subjects in {lang} stand in the question under their English name"
    assert (english in benchmark.notes) == (found == "Blue Bridge")


def test_a_language_with_a_file_is_read_under_the_code_of_the_data(read: Read) -> None:
    benchmark = read("mzsre", de=[pair("de")], cs=[pair("cz")])
    assert benchmark.langs == ("en", "de", "cs")
    assert benchmark.facts[0].stated("cs").new == "Ada Musterová"
    assert benchmark.notes[0].startswith("9 of 12 languages left out")


def test_languages_without_a_file_of_their_own_are_read_too(read: Read) -> None:
    every = {code: [case(code, 7)] for code in ("fi", "zh", "sq")}
    benchmark = read("bmike-zsre", **every)
    assert benchmark.langs == ("en", "zh", "fi", "sq")
    assert benchmark.facts[0].stated("fi").question == "Kuka rakensi Sinisen sillan?"
    assert len(paths_of("bmike-zsre")) + 1 == 53 and set(DATASETS["bmike-zsre"].files) == set(
        paths_of("bmike-zsre").values()
    )


def test_bmike_is_aligned_by_case(read: Read) -> None:
    german = [case("de", 4482, old="Bo Alt"), case("de", 34)]
    japanese = [case("ja", 34, rephrase="青い橋は誰が作りましたか？"), case("ja", 4482, port_ans=" ")]
    benchmark = read("bmike-counterfact", de=german, fr=[case("fr", 7)], ja=japanese, zh=[case("zh", 34)] * 2)
    found = {fact.id: fact for fact in benchmark.facts}
    assert {name: tuple(fact.statements) for name, fact in found.items()} == {
        "bmike-counterfact-4482": ("en", "de", "ja"),
        "bmike-counterfact-0034": ("en", "de", "ja", "zh"),
        "bmike-counterfact-0007": ("en", "fr"),
    }
    one = found["bmike-counterfact-4482"]
    rejected = {(probe.lang, probe.kind) for probe in one.probes if probe.reject == ("Bo Alt",)}
    assert rejected == {("de", "direct"), ("de", "paraphrase")}
    assert set(texts(one, "multihop")) == {"en", "de"}
    assert set(texts(one, "locality").values()) >= {("ja: who painted the tower?", ("ja Bo Lind",))}
    assert "1 paraphrases in ja repeat the question word for word" in benchmark.notes
    assert "1 rows in zh left out: an earlier one has the same number" in benchmark.notes
    assert any(note.startswith("48 of 53 languages left out: there is no") for note in benchmark.notes)
    assert benchmark.revision == "6e3e245+7030c05+13a0dd8"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("bizsre", b'[{"en": {"subject": "Blue', "bizsre_test.json is no UTF-8 JSON"),
        ("bizsre", {"zh": []}, "must hold a list of rows, got an object; fetch it again"),
        ("bizsre", [], "bizsre_test.json holds no facts; fetch it again"),
        ("bizsre", [{"en": 3, "zh": edit("zh")}], "row 0 field 'en': must be an object, got a whole number"),
        ("bizsre", [pair("zh", src=" ")], "row 0 field 'zh.src': is empty"),
        ("bizsre", [pair("zh"), pair("zh", alt=2006)], "row 1 field 'zh.alt': must be a string, got a whole"),
        ("bizsre", [pair("zh", portability=[])], "row 0 field 'zh.portability': must be an object, got a l"),
        ("bizsre", [pair("zh", portability={})], "row 0 field 'zh.portability.New Question': is missing"),
        ("mzsre", [pair("de", loc=None)], "ende.json: row 0 field 'de.loc': must be a string, got null"),
        ("bmike-zsre", [case("de", "5")], "row 0 field 'en.case_id': must be a whole number"),
        ("bmike-zsre", [case("de", True)], "row 0 field 'en.case_id': must be a whole number"),
        ("bmike-zsre", [case("de", 5, old=["Bo"])], "row 0 field 'de.old': must be a string, got a list"),
        ("bmike-wikifactdiff", [pair("de")], "wfd_test_de.json: row 0 field 'en.case_id': is missing"),
        ("bmike-wikifactdiff", [pair("de")], "row 0 field 'en.port': is missing"),
    ],
)
def test_damaged_files(read: Read, name: str, content: Any, message: str) -> None:
    with pytest.raises(DataError) as caught:
        if name == "bizsre":
            read(name, content)
        else:
            read(name, de=content)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"ende\.json: No such file.*a mirror of 'mzsre' is a folder that holds"
    ):
        load("mzsre", mirror=tmp_path, cache=tmp_path)


def rewrite(lang: str, prompt: str | None = None, **changes: Any) -> dict[str, Any]:
    """A row of Multi-CounterFact."""
    subject, src, rephrase, new = QUESTIONS[lang]
    request = {"subject": subject, "target_true": {"str": f"{lang} Bo Alt"}, "target_new": {"str": new}}
    row = {"requested_rewrite": {**request, "prompt": src if prompt is None else prompt}, **changes}
    return {"paraphrase_prompts": [rephrase, ""], "neighborhood_prompts": [f"{lang}: the Old Bridge?"], **row}


FIVE = ("en", "de", "fr", "ja", "zh")


def test_multi_counterfact(read: Read) -> None:
    rows = {lang: [rewrite(lang), rewrite(lang, case_id=7)] for lang in FIVE}
    rows["de"][0] = rewrite("de", "{} wurde gebaut von")
    rows["ja"][1] = rewrite("ja", case_id=8)
    benchmark = read("multi-counterfact", *rows.values())
    first, second = benchmark.facts
    assert benchmark.langs == FIVE and tuple(second.statements) == ("en", "de", "fr", "zh")
    assert (first.id, second.id) == ("multi-counterfact-00000", "multi-counterfact-00001")
    said = first.stated("de")
    assert (said.question, said.subject) == ("Blaue Brücke wurde gebaut von", "Blaue Brücke")
    assert (said.old, said.new) == ("de Bo Alt", "Ada Muster")
    assert texts(first, "direct")["zh"] == ("谁建造了蓝桥？", ("艾达",))
    assert {probe.reject for probe in asked(first, "paraphrase")} == {(f"{lang} Bo Alt",) for lang in FIVE}
    assert texts(first, "locality")["ja"] == ("ja: the Old Bridge?", ("ja Bo Alt",))
    assert kinds(first) == dict.fromkeys(("direct", "paraphrase", "locality"), 5)
    assert benchmark.notes == (
        "9 questions without text or answer left out",
        "1 rows in ja left out: their case_id is not that of the English row",
    )


def test_multi_counterfact_is_read_from_a_folder(tmp_path: Path, read: Read) -> None:
    with pytest.raises(
        DataError, match=r"cannot be fetched.*--mirror DIR: a folder that holds en\.json, de\.json"
    ):
        load("multi-counterfact", cache=tmp_path)
    with pytest.raises(DataError, match=r"en\.json: No such file"):
        load("multi-counterfact", mirror=tmp_path, cache=tmp_path)
    rows = {lang: [rewrite(lang)] for lang in FIVE}
    with pytest.raises(
        DataError, match=r"equally many rows per language, got en 1, de 1, fr 1, ja 1, zh 0; take"
    ):
        read("multi-counterfact", *(rows | {"zh": []}).values())
    with pytest.raises(DataError, match=r"fr\.json: row 0 field 'requested_rewrite\.prompt': is empty"):
        read("multi-counterfact", *(rows | {"fr": [rewrite("fr", "")]}).values())
    with pytest.raises(DataError, match=r"ja\.json is no UTF-8 JSON"):
        read("multi-counterfact", *(rows | {"ja": b'[{"requested'}).values())
