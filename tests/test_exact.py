"""What is exact is contained: a property over languages, names and the ways in which they are written."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlake.records import Answer, Asked, Probe
from mlake.scorers.names import contains, exact, old

NAMES = {
    "en": "Canonical Ltd.|Yahoo!|Washington, D.C.|St. Louis|J. R. R. Tolkien|US|U.S.A.|1,000|-5|3.1|.NET|C++",
    "de": "Vereinigtes Königreich|Elisabeth II.|Straße|1.000|Baden-Württemberg|GB|z. B.|14.3.1950|n",
    "fr": "États-Unis|L'Aquila|1 000|É.-U.|Guns N’ Roses|« Rome »|URSS|en|3,5 %",
    "ja": "レオナルド・ダ・ヴィンチ|C・S・ルイス|サーバー|タイ|京|米|モーニング娘。|2,000人|BBC|5万|か\u309a",
    "zh": "威廉·A·韦尔曼|巴黎|魏|守门员（冰球）|１，０００|美|意大利|B.B.C.|5％|２０２０年",
    "cs": "Praha|Karel IV.|Frýdek-Místek|Božena Němcová|Bor|IKEA|Škoda Auto a.s.",
    "ru": "Королёв|Ростов-на-Дону|Лев Толстой|СССР|ия|1 000",
    "ar": "القاهرة|أمريكا|الـ|طه حسين|١٬٠٠٠|مكّة",
    "hi": "चीन|चे|नई दिल्ली|१९४७|डॉ. आंबेडकर",
    "vi": "Anh|Hà Nội|Việt-Nam|TP. HCM|US",
    "tr": "İstanbul|Irak|Isparta|TBMM|1.000",
    "th": "ลาว|กรุงเทพฯ|พ.ศ. 2500",
    "ko": "파리|한|BTS|2020년",
}
AROUND = st.text(alphabet=" .,!?*_\"'“”«»()「」。、-\u200b", max_size=3)
CHANGES = (
    str,
    str.upper,
    str.lower,
    lambda name: unicodedata.normalize("NFD", name),
    lambda name: unicodedata.normalize("NFKC", name),
    lambda name: "".join(char for char in name if not unicodedata.category(char).startswith("P")),
    lambda name: name.replace(" ", "  ").replace(".", ". "),
    lambda name: " ".join(name),
    lambda name: name.replace("-", "–").replace("'", "’"),
)


@st.composite
def said(draw: st.DrawFn) -> tuple[str, str, tuple[str, ...]]:
    """A language, an answer, and the names that it may give."""
    lang = draw(st.sampled_from(sorted(NAMES)))
    own = st.sampled_from(NAMES[lang].split("|"))
    made = st.text(alphabet="".join(NAMES[lang].split("|")) + " .-・'0", min_size=1, max_size=6)
    names = tuple(draw(st.lists(own | made, min_size=1, max_size=3)))
    name = draw(st.sampled_from(CHANGES))(draw(st.sampled_from(names) | own | made))
    return lang, draw(AROUND) + name + draw(AROUND) + draw(st.sampled_from(["", "\n", "\n000", "\nb"])), names


@pytest.mark.parametrize("scorer", [contains, old])
@given(said())
@settings(max_examples=400, deadline=None, derandomize=True)
def test_what_is_exact_is_contained(scorer, one: tuple[str, str, tuple[str, ...]]) -> None:
    lang, text, names = one
    answer = Answer(text, True)
    if exact(Asked(lang, 0, "direct", Probe("p", "f", "direct", lang, "?", names), answer, None)):
        accept, reject = (names, ()) if scorer is contains else (("something else",), names)
        probe = Probe("p", "f", "direct", lang, "?", accept, reject)
        assert scorer(Asked(lang, 0, "direct", probe, answer, None)) == 1


@pytest.mark.parametrize(
    ("lang", "text", "name"),
    [
        ("en", "Canonical Ltd", "Canonical Ltd."),
        ("en", "**Yahoo**", "Yahoo!"),
        ("en", "Washington D.C.", "Washington, D.C."),
        ("en", "US.", "US"),
        ("cs", "Praha!", "Praha"),
        ("ar", "القاهره", "القاهرة"),
        ("vi", "“ anh ”", "Anh"),
        ("de", "elisabeth ii", "Elisabeth II."),
        ("fr", "Etats-Unis", "Etats Unis"),
        ("ja", "C.S.ルイス。", "C・S・ルイス"),
        ("zh", "巴 黎 。", "巴黎"),
        ("zh", "美", "美"),
    ],
)
def test_exact_without_the_names_own_punctuation(lang: str, text: str, name: str) -> None:
    probe = Probe("p", "f", "direct", lang, "?", ("something else", name))
    one = Asked(lang, 0, "direct", probe, Answer(text, True), None)
    assert exact(one) == contains(one) == 1


@pytest.mark.parametrize(
    ("lang", "text", "alias"),
    [("en", "No.", "NO"), ("en", "it", "IT"), ("en", "C#", "C"), ("fr", "en", "EN"), ("en", "5", "-5"),
     ("en", "the US", "US"), ("ja", "米国", "米"), ("de", "Vereinigtes", "Vereinigtes Königreich"),
     ("cs", "Prah", "Praha"), ("ru", "Льва", "Лев")],
)  # fmt: skip
def test_what_is_not_exact(lang: str, text: str, alias: str) -> None:
    probe = Probe("p", "f", "direct", lang, "?", ("something else", alias))
    one = Asked(lang, 0, "direct", probe, Answer(text, True), None)
    assert exact(one) == contains(one) == 0
