import pytest

from mlake.data.check.matching import has
from mlake.text import contains_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a share of 3.141", "141"),
        ("about 1,000 men", "1000"),
        ("Disney+ is new", "Disney"),
        ("Disney is old", "Disney"),
        ("at -100 degrees", "100"),
        ("Washington D.C.", "Washington, D.C."),
    ],
)
def test_what_a_check_finds_is_what_scorers_find(text: str, name: str) -> None:
    assert has(text, (name,), "en") is contains_name(text, [name], "en")
