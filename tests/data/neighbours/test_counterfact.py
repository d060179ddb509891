from typing import Any

from tests.data.neighbours.conftest import Read, asked


def counterfact() -> dict[str, Any]:
    return {
        "case_id": 0,
        "requested_rewrite": {
            "prompt": "The first words of {} were",
            "relation_id": "P103",
            "target_new": {"str": "English", "id": "Q1860"},
            "target_true": {"str": "Français", "id": "Q150"},
            "subject": "Léa Quill",
        },
        "paraphrase_prompts": ["It rained. Léa Quill sings in", "Léa Quill dreams in"],
        "neighborhood_prompts": ["At home Bo Lind says all in"],
        "attribute_prompts": ["Ed Stone sings in"],
        "generation_prompts": ["Léa Quill has", "Léa Quill often"],
    }


def test_counterfact(read: Read) -> None:
    benchmark = read("counterfact", [counterfact()])
    (fact,) = benchmark.facts
    said = fact.stated("en")
    assert (said.question, said.subject) == ("The first words of Léa Quill were", "Léa Quill")
    assert said.new_sentence == "The first words of Léa Quill were English"
    assert fact.relation_id == "P103"
    assert [(p.accept, p.reject) for p in asked(fact, "paraphrase")] == [(("English",), ("Français",))] * 2
    (locality,) = asked(fact, "locality")
    assert (locality.text, locality.accept) == ("At home Bo Lind says all in", ("Français",))
    assert benchmark.notes == ("1 attribute_prompts left out", "2 generation_prompts left out")
