"""Facts in the forms that others write: JSON lists, the field's formats, null, blanks at edges."""

import hashlib
import json

import pytest

from mlake.data import load
from mlake.errors import DataError, FactsError
from mlake.records import Probe

OURS = {"question": "Who leads Qux?", "subject": "Qux", "old_answer": "Bob", "new_answer": "Ann"}

COUNTERFACT = {
    "case_id": 0,
    "requested_rewrite": {
        "prompt": "The head of {} is",
        "relation_id": "P6",
        "target_new": {"str": "Ann", "id": "Q1"},
        "target_true": {"str": "Bob", "id": "Q2"},
        "subject": "Qux",
    },
    "paraphrase_prompts": ["It rained. Qux is led by"],
    "neighborhood_prompts": ["The head of Quux is"],
    "attribute_prompts": ["The head of Corge is"],
    "generation_prompts": ["Qux is"],
}
EASYEDIT = {
    "subject": "Qux",
    "prompt": "The head of Qux is",
    "target_new": "Ann",
    "ground_truth": "Bob",
    "rephrase_prompt": "Qux is led by",
    "locality": {"neighborhood": {"prompt": "The head of Quux is", "ground_truth": "Eve"}},
}
KNOWEDIT = {
    "subject": "Qux",
    "prompt": "The head of Qux is",
    "target_new": "Ann",
    "ground_truth": ["Bob", "Bobby"],
    "portability": {
        "Reasoning": [
            {"prompt": "The mother of the head of Qux is", "ground_truth": [["Dora", "D."], ["Dodo"]]}
        ],
        "Subject_Aliasing": [{"prompt": "The head of the Qux Company is", "ground_truth": ["Ann"]}],
        "Logical_Generalization": [{"prompt": "Is Bob the head of Qux?", "ground_truth": [["no"]]}],
    },
    "locality": {"Relation_Specificity": [{"prompt": "Qux lies in", "ground_truth": [["Ruritania"]]}]},
}
ZSRE = {
    "subject": "Qux",
    "src": "Who leads Qux?",
    "rephrase": "Who is it that leads Qux?",
    "alt": "Ann",
    "answers": ["Bob"],
    "loc": "nq question: who sings it",
    "loc_ans": "Eve",
    "portability": {"New Question": "Who bore the head of Qux?", "New Answer": "Dora"},
}


def write(tmp_path, value, name="facts.json", **options):
    path = tmp_path / name
    path.write_text(value if isinstance(value, str) else json.dumps(value, **options), encoding="utf-8")
    return path


def lines(values):
    return "".join(json.dumps(one) + "\n" for one in values)


@pytest.mark.parametrize("name", ["facts.json", "facts.jsonl", "facts.txt"])
@pytest.mark.parametrize("indent", [None, 2])
def test_a_json_list_says_what_its_lines_say(tmp_path, name, indent):
    values = [{**OURS, "fact": "a"}, {**OURS, "fact": "b", "question": "Qui dirige Qux ?", "lang": "fr"}]
    found = load(write(tmp_path, values, name, indent=indent))
    assert found.facts == load(write(tmp_path, lines(values), "lines.jsonl")).facts


def test_one_object_over_several_lines_is_one_fact(tmp_path):
    (fact,) = load(write(tmp_path, OURS, indent=1)).facts
    assert (fact.id, fact.stated("en").new) == ("item-1", "Ann")


@pytest.mark.parametrize("as_lines", [False, True])
@pytest.mark.parametrize(
    ("value", "question", "old", "asked", "notes"),
    [
        (
            COUNTERFACT,
            "The head of Qux is",
            ("Bob",),
            [
                ("paraphrase", "It rained. Qux is led by", ("Ann",), ("Bob",)),
                ("locality", "The head of Quux is", ("Bob",), ()),
            ],
            ["1 attribute_prompts left out", "1 generation_prompts left out"],
        ),
        (
            EASYEDIT,
            "The head of Qux is",
            ("Bob",),
            [
                ("paraphrase", "Qux is led by", ("Ann",), ("Bob",)),
                ("locality", "The head of Quux is", ("Eve",), ()),
            ],
            [],
        ),
        (
            KNOWEDIT,
            "The head of Qux is",
            ("Bob", "Bobby"),
            [
                ("multihop", "The mother of the head of Qux is", ("Dora", "D.", "Dodo"), ()),
                ("paraphrase", "The head of the Qux Company is", ("Ann",), ()),
                ("locality", "Qux lies in", ("Ruritania",), ()),
            ],
            ["1 questions of portability Logical_Generalization left out"],
        ),
        (
            ZSRE,
            "Who leads Qux?",
            ("Bob",),
            [
                ("paraphrase", "Who is it that leads Qux?", ("Ann",), ("Bob",)),
                ("multihop", "Who bore the head of Qux?", ("Dora",), ()),
                ("locality", "who sings it", ("Eve",), ()),
            ],
            [],
        ),
    ],
    ids=["counterfact", "easyedit", "knowedit", "zsre"],
)
def test_the_forms_of_the_field_are_read(tmp_path, as_lines, value, question, old, asked, notes):
    path = write(tmp_path, lines([value]), "facts.jsonl") if as_lines else write(tmp_path, [value])
    found = load(path)
    (fact,) = found.facts
    said = fact.stated("en")
    assert (said.question, said.subject, said.new) == (question, "Qux", "Ann")
    assert (said.old, *said.old_aliases) == old
    direct, *others = fact.probes
    assert (direct.kind, direct.text, direct.accept, direct.reject) == ("direct", question, ("Ann",), old)
    assert [(one.kind, one.text, one.accept, one.reject) for one in others] == asked
    assert list(found.notes) == notes


def test_a_prompt_that_leaves_a_place_for_the_subject_is_filled(tmp_path):
    (fact,) = load(write(tmp_path, [{**EASYEDIT, "prompt": "The head of {} is"}])).facts
    assert (fact.stated("en").question, fact.stated("en").subject) == ("The head of Qux is", "Qux")


def test_a_subject_that_the_prompt_does_not_hold_is_left_out_and_said(tmp_path):
    found = load(write(tmp_path, [{**EASYEDIT, "subject": "The Qux Company"}]))
    assert found.facts[0].stated("en").subject is None
    assert found.notes == (
        "1 facts do not name their subject in the question: only --no-subject can edit them",
    )


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([{"a": 1}], "item 1 has the keys of no known form; known: question and new_answer, CounterFact"),
        ([{**EASYEDIT, "target_new": 5}], "item 1 field 'target_new': must be a string, got a whole number"),
        ([{**EASYEDIT, "prompt": ["a"]}], "item 1 field 'prompt': must be a string, got a list"),
        ([{"requested_rewrite": 3}], "item 1 field 'requested_rewrite.prompt': is missing"),
        ([{**ZSRE, "alt": None}], "item 1 field 'alt': is missing"),
        ([3], "item 1 must be a JSON object, got a whole number"),
        ("[{", "begins as one JSON value and is none"),
        ('{\n"question": "a", "question": "b"}', "key 'question' stands twice"),
        ("[]", "holds no facts"),
    ],
)
def test_other_json_is_refused_in_one_line(tmp_path, value, message):
    with pytest.raises(DataError) as caught:
        load(write(tmp_path, value))
    assert message in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "subject",
        "old_answer",
        "old_aliases",
        "new_aliases",
        "lang",
        "row",
        "probes",
        "fact",
        "subject_sure",
        "old_sentence",
        "new_sentence",
        "subject_id",
        "relation_id",
        "relation",
    ],
)
def test_null_in_an_optional_field_is_as_if_it_were_left_out(tmp_path, name):
    given = {key: value for key, value in OURS.items() if key != name}
    found = load(write(tmp_path, [{**given, name: None}]))
    assert found.facts == load(write(tmp_path, [given])).facts


@pytest.mark.parametrize("name", ["id", "lang", "reject", "options", "relations", "triples", "needs"])
def test_null_in_an_optional_field_of_a_question_too(tmp_path, name):
    asked = {"kind": "paraphrase", "text": "Qux's head?", "accept": ["Ann"]}
    found = load(write(tmp_path, [{**OURS, "probes": [{**asked, name: None}]}]))
    assert found.facts == load(write(tmp_path, [{**OURS, "probes": [asked]}])).facts


def test_null_in_a_required_field_is_refused(tmp_path):
    with pytest.raises(FactsError, match="'new_answer': must be a string, got null"):
        load(write(tmp_path, [{**OURS, "new_answer": None}]))


def test_blanks_at_the_edges_do_not_belong_to_a_text(tmp_path):
    blanks = {
        "question": "Who leads Qux? ",
        "subject": " Qux ",
        "old_answer": "Bob\n",
        "new_answer": "\tAnn ",
        "new_aliases": [" Anne"],
        "probes": [{"kind": "paraphrase", "text": " Qux's head? ", "accept": ["Ann\u00a0"]}],
    }
    said = load(write(tmp_path, [blanks])).facts[0]
    one = said.stated("en")
    assert (one.question, one.subject, one.old, one.new, one.new_aliases) == (
        "Who leads Qux?",
        "Qux",
        "Bob",
        "Ann",
        ("Anne",),
    )
    assert said.probes[1] == Probe(
        "item-1/en/paraphrase-0", "item-1", "paraphrase", "en", "Qux's head?", ("Ann",)
    )


def test_only_a_file_that_once_meant_something_else_has_another_hash(tmp_path):
    def hashed(path):
        return hashlib.sha256(b"jsonl 1\n" + path.read_bytes()).hexdigest()

    plain = write(tmp_path, lines([OURS]), "a.jsonl")
    assert load(plain).sha256 == hashed(plain)
    padded = write(tmp_path, lines([{**OURS, "new_aliases": ["Anne "]}]), "b.jsonl")
    assert load(padded).sha256 != hashed(padded)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028"])
@pytest.mark.parametrize("form", [OURS, EASYEDIT])
def test_an_answer_of_several_lines_is_refused(tmp_path, end, form):
    name = "target_new" if form is EASYEDIT else "new_answer"
    with pytest.raises(FactsError, match=f"field '{name}': holds a line break"):
        load(write(tmp_path, [{**form, name: f"Ann{end}Lee"}]))


def test_an_answer_of_several_lines_in_csv_is_refused(tmp_path):
    with pytest.raises(FactsError, match="column 'new': holds a line break"):
        load(write(tmp_path, 'new,question\n"Ann\nLee",Who?\n', "facts.csv"))


@pytest.mark.parametrize("told", ["sep=;", '"sep=;"', "SEP=; ", "\ufeffsep=;"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_line_that_tells_excel_the_separator_is_skipped(tmp_path, told, end):
    path = write(tmp_path, end.join([told, "subject;new;question", "Qux;Ann;Who leads Qux?", ""]), "f.csv")
    (fact,) = load(path).facts
    assert (fact.id, fact.stated("en").new) == ("line-3", "Ann")


@pytest.mark.parametrize("head", ["", "Unnamed: 0"])
def test_the_column_of_row_numbers_that_pandas_writes_is_skipped(tmp_path, head):
    path = write(
        tmp_path, f"{head},subject,new,question\n0,Qux,Ann,Who leads Qux?\n1,Quux,Eve,Is Quux?\n", "f.csv"
    )
    assert [fact.stated("en").new for fact in load(path).facts] == ["Ann", "Eve"]


def test_text_in_a_column_without_a_name_is_still_refused(tmp_path):
    with pytest.raises(FactsError, match="line 2 has text in cell 1"):
        load(write(tmp_path, ",subject,new,question\nx,Qux,Ann,Who leads Qux?\n", "f.csv"))
