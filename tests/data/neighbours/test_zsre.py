from typing import Any

from tests.data.neighbours.conftest import Read, kinds


def zsre() -> dict[str, Any]:
    return {
        "subject": "Grünbach",
        "src": "Which river flows by Grünbach?",
        "pred": "Elbe",
        "rephrase": "By Grünbach flows which river?",
        "alt": "Loire",
        "answers": ["Donau", "Danube"],
        "loc": "nq question: who sang the first song",
        "loc_ans": "Bo Lind",
        "cond": "",
    }


def test_zsre(read: Read) -> None:
    benchmark = read("zsre", [zsre(), zsre() | {"alt": ""}, zsre() | {"subject": "grünbach", "rephrase": ""}])
    one, other = benchmark.facts
    said = one.stated("en")
    assert (one.id, other.id, other.row) == ("zsre-00000", "zsre-00002", 2)
    assert (said.old, said.old_aliases, said.new, said.subject) == ("Donau", ("Danube",), "Loire", "Grünbach")
    direct, paraphrase, locality = one.probes
    assert (direct.accept, direct.reject) == (paraphrase.accept, paraphrase.reject)
    assert (locality.text, locality.accept) == ("who sang the first song?", ("Bo Lind",))
    assert other.stated("en").subject is None and kinds(other)["paraphrase"] == 0
    assert benchmark.notes == (
        "1 rows without a new answer left out",
        "1 facts do not name their subject in the question: only --no-subject can edit them",
        "1 questions without text or answer left out",
    )
