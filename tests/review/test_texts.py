"""What a reviewer reads of a line, and a line with corrections."""

import pytest
from tests.review.toys import line

from mlake.errors import DataError
from mlake.review.texts import corrected, digest_of, texts_of


def test_every_text_has_a_name_and_what_it_is() -> None:
    texts = {one.name: one for one in texts_of(line())}
    assert [*texts] == [
        "question", "new_sentence", "old_sentence", "new_names", "old_names",
        "paraphrase-1", "multihop-P36", "locality-Q10-P17", "choice",
    ]  # fmt: skip
    assert texts["new_names"].text == "Japan\nNippon" and texts["new_names"].by_line
    assert texts["choice"].text.splitlines()[1] == "Lyon is in Japan."
    assert (texts["multihop-P36"].kind, texts["multihop-P36"].answers) == ("multihop", ("Tokyo",))


def test_without_changes_a_line_stays() -> None:
    assert corrected(line(), {}) == line()


def test_what_repeats_a_text_follows_it() -> None:
    changes = {"question": " Where is Lyon? ", "new_sentence": "Lyon lies in Japan."}
    made = corrected(line(), changes)
    assert (made["question"], made["new_sentence"]) == ("Where is Lyon?", "Lyon lies in Japan.")
    choice = made["probes"][-1]
    assert choice["text"] == "Where is Lyon?"
    assert choice["options"][:2] == ["Lyon is in France.", "Lyon lies in Japan."]
    assert made["probes"][:3] == line()["probes"][:3]


def test_names_change_wherever_the_answer_stands() -> None:
    made = corrected(line(), {"new_names": "Japan\nLand of the Rising Sun\n\nJapan"})
    assert (made["new_answer"], made["new_aliases"]) == ("Japan", ["Land of the Rising Sun"])
    asked = {probe["kind"]: probe for probe in made["probes"]}
    assert asked["paraphrase"]["accept"] == ["Japan", "Land of the Rising Sun"]
    assert asked["paraphrase"]["reject"] == ["France", "French Republic"]
    assert asked["choice"]["accept"] == ["B"] and asked["multihop"]["accept"] == ["Tokyo"]


def test_a_name_that_a_question_did_not_accept_stays_out_there() -> None:
    probes = line()["probes"]
    probes[0]["accept"] = ["Japan"]
    made = corrected(line(probes=probes), {"new_names": "Japan\nNippon\nNihon"})
    assert made["probes"][0]["accept"] == ["Japan", "Nihon"]


def test_a_question_without_text_is_left_out_and_options_are_lines() -> None:
    options = "Lyon is in France.\nLyon is in Japan.\nLyon is in Chile.\nLyon is in Kenya."
    made = corrected(line(), {"multihop-P36": " \n", "choice": options, "paraphrase-1": "Lyon is where?"})
    assert [probe["kind"] for probe in made["probes"]] == ["paraphrase", "locality", "choice"]
    assert made["probes"][0]["text"] == "Lyon is where?"
    assert made["probes"][-1]["options"][2] == "Lyon is in Chile."


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"qestion": "x"}, "Q1/P17 in en: qestion is no text of it; expected one of question, new_sentence"),
        ({"question": " "}, "question would be empty; write it, or reject the fact"),
        ({"new_names": "\n"}, "new_names would be empty"),
        ({"choice": "one\ntwo"}, "choice must keep its 4 options, one a line"),
    ],
)
def test_changes_that_fit_no_text(changes: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        corrected(line(), changes)


def test_a_digest_is_of_the_texts_and_not_of_their_place() -> None:
    assert digest_of(line(row=7)) == digest_of(line())
    assert digest_of(line(question="Where is Lyon?")) != digest_of(line())
