import pytest

from mlake.data.check.matching import has
from mlake.text import contains_name


@pytest.mark.parametrize(
    ("lang", "text", "name"),
    [
        ("en", "a share of 3.141", "141"),
        ("en", "about 1,000 men", "1000"),
        ("en", "Disney+ is new", "Disney"),
        ("en", "Disney is old", "Disney"),
        ("en", "at -100 degrees", "100"),
        ("en", "Washington D.C.", "Washington, D.C."),
        ("cs", "Zemřel ve Vídni.", "Vídeň"),
        ("cs", "Žije v Praze.", "Praha"),
        ("ar", "سافر للقاهرة", "القاهرة"),
        ("hi", "चीनी मिट्टी", "चीन"),
        ("vi", "anh ấy là ai", "Anh"),
    ],
)
def test_what_a_check_finds_is_what_scorers_find(lang: str, text: str, name: str) -> None:
    assert has(text, (name,), lang) is contains_name(text, [name], lang)
