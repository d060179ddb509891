"""Reads BMIKE-53: parts of zsRE, CounterFact and WikiFactDiff as questions, in English and 52 languages."""

from collections.abc import Mapping

from mlake.data.dataset import Dataset
from mlake.data.neighbours.aligned import Layout, dataset
from mlake.data.neighbours.common import Row

__all__ = ["ROWS"]

_LANGS = (
    "de", "fr", "ja", "zh",
    "af", "ar", "az", "be", "bg", "bn", "ca", "ceb", "cs", "cy", "da", "el", "es", "et", "eu", "fa", "fi",
    "ga", "gl", "he", "hi", "hr", "hu", "hy", "id", "it", "ka", "ko", "la", "lt", "lv", "ms", "nl", "pl",
    "pt", "ro", "ru", "sk", "sl", "sq", "sr", "sv", "ta", "th", "tr", "uk", "ur", "vi",
)  # fmt: skip
_COMMIT = "6e3e245bf0a17edaecfb4d71664efc1b5fb67906"
_EARLIER = "7030c05be50775de9c72a0a8c9b14b40c3424a7e/data/BMIKE53"
_COPIES = "13a0dd8545727e94406c903035c941a64d8b6578/baselines/data/BMIKE53"


def _portability(row: Row) -> tuple[str, str]:
    return row.blank("port"), row.blank("port_ans")


def _row(name: str, prefix: str, facts: int, elsewhere: Mapping[str, str]) -> Dataset:
    """A part of the data set; ``elsewhere`` holds the paths that do not follow the rule, by language."""
    paths = {lang: f"{_COMMIT}/data/BMIKE53/{prefix}_{lang}.json" for lang in _LANGS}
    return dataset(
        f"bmike-{name}",
        Layout({**paths, **elsewhere}, _portability, case="case_id"),
        facts=facts,
        source="https://github.com/ercong21/MultiKnow",
        licence="MIT",
        url="https://raw.githubusercontent.com/ercong21/MultiKnow/{path}",
    )


# A file named after English is the German one: it holds both.
ROWS = (
    _row(
        "zsre",
        "zsRE/zsre_test",
        743,
        {
            "de": f"{_COMMIT}/data/BMIKE53/zsRE/zsre_test_en.json",
            "fr": f"{_COPIES}/zsRE/zsre_test_fr.json",
            "ja": f"{_COPIES}/zsRE/zsre_test_ja.json",
            "zh": f"{_COPIES}/zsRE/zsre_test_zh.json",
        },
    ),
    _row(
        "counterfact",
        "CounterFact/counterfact_test",
        1031,
        {
            "de": f"{_COMMIT}/data/BMIKE53/CounterFact/counterfact_test_en.json",
            "fr": f"{_EARLIER}/CounterFact/counterfact_test_fr.json",
            "ja": f"{_EARLIER}/CounterFact/counterfact_test_ja.json",
            "zh": f"{_COPIES}/CounterFact/counterfact_test_zh.json",
        },
    ),
    _row("wikifactdiff", "WikiFactDiff/wfd_test", 784, {}),
)
