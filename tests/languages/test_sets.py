"""Sets of languages, as users write them and as reports read them."""

import pytest

from mlake.errors import DataError, UnknownNameError
from mlake.languages.distance import distance
from mlake.languages.sets import is_other, is_own, language_set, members, nearest, nearest_family


def test_a_set_keeps_the_order_it_is_written_in() -> None:
    assert language_set(" en + ja+de ") == "en+ja+de"
    assert members("en+ja+de") == ("en", "ja", "de") and members("en") == ("en",)


@pytest.mark.parametrize("text", ["en+en", "de+en+de"])
def test_a_language_twice_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="twice; name each language once"):
        language_set(text)


@pytest.mark.parametrize("text", ["en+", "en+jp", "+", "", "all+en"])
def test_what_is_no_language_is_refused(text: str) -> None:
    with pytest.raises(UnknownNameError):
        language_set(text)


def test_each_member_is_an_own_language() -> None:
    assert [is_own("en+de", lang) for lang in ("en", "de", "fr")] == [True, True, False]
    assert [is_other("en+de", lang) for lang in ("en", "de", "fr")] == [False, False, True]
    assert not is_own(None, "en") and not is_other(None, "en")


def test_a_set_is_as_near_as_its_nearest_member() -> None:
    assert nearest("en+ja", "zh") == distance("ja", "zh") < distance("en", "zh")
    assert nearest_family("ja", "zh") == 2 and nearest_family("en+ja", "zh+fr") == 1
