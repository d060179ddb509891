"""Reads MzsRE: the facts of Bi-ZsRE, each subject once, in English and eleven other languages."""

from mlake.data.neighbours.aligned import Layout, dataset
from mlake.data.neighbours.bizsre import portability

__all__ = ["ROWS"]

_CODES = {"cs": "cz", "nl": "du"}
_UPLOADS = {
    "a820baed56078e6a64ca179f0957a4a9485773a6": ("cs", "de", "nl", "es", "fr", "vi", "zh"),
    "fbf9f6efd23c7f6a01fbec20d8d5161f53b1b2f6": ("pt", "ru", "th", "tr"),
}
_PATHS = {
    lang: f"{commit}/data/MzsRE/mzsre_test_duplicate_en{_CODES.get(lang, lang)}.json"
    for commit, langs in _UPLOADS.items()
    for lang in langs
}

ROWS = (
    dataset(
        "mzsre",
        Layout(_PATHS, portability, codes=_CODES),
        facts=743,
        source="https://github.com/weixuan-wang123/ReMaKE",
        licence="none stated: read where it lies, not to be passed on",
        url="https://raw.githubusercontent.com/weixuan-wang123/ReMaKE/{path}",
    ),
)
