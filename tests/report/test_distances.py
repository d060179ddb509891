from itertools import combinations, product

import pytest
from tests.report.made import LANGS

from mlake.errors import UnknownNameError
from mlake.languages import LANGUAGES, Language
from mlake.languages.distance import distance, family_distance, script_distance


def test_the_five_languages() -> None:
    found = {
        pair: (family_distance(*pair), script_distance(*pair), distance(*pair))
        for pair in combinations(LANGS, 2)
    }
    far = {pair: (2, 2, 4) for pair in combinations(LANGS, 2)}
    near = {("en", "de"): (0, 0, 0), ("en", "fr"): (1, 0, 1), ("de", "fr"): (1, 0, 1)}
    assert found == far | near | {("ja", "zh"): (2, 1, 3)}


@pytest.mark.parametrize(("one", "other"), list(product(LANGUAGES, repeat=2)))
def test_a_distance(one: str, other: str) -> None:
    assert distance(one, other) == distance(other, one)
    assert 0 <= distance(one, other) <= 4
    assert distance(one, one) == 0


def test_a_new_language_needs_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    for code, script, family in (
        ("nl", "Latn", "Indo-European, Germanic"),
        ("ru", "Cyrl", "Indo-European, Slavic"),
        ("ko", "Kore", "Koreanic"),
        ("xx", "Latn", ""),
        ("yy", "Latn", ""),
    ):
        monkeypatch.setitem(LANGUAGES, code, Language(code, code, script, family=family))
    assert (distance("nl", "de"), distance("nl", "ru"), distance("nl", "ko")) == (0, 3, 4)
    assert [script_distance(*pair) for pair in (("ko", "zh"), ("ko", "ja"), ("ru", "zh"))] == [1, 1, 2]
    assert (family_distance("xx", "yy"), family_distance("xx", "xx")) == (2, 0)


def test_an_unknown_language() -> None:
    with pytest.raises(UnknownNameError, match="unknown language 'tlh'"):
        distance("en", "tlh")
