from typing import Any

import pytest

from mlake.scorers.row import ScoredRow


@pytest.fixture
def spec() -> dict[str, Any]:
    return {
        "model": "some/model",
        "model_revision": "r1",
        "data": "mini",
        "data_sha256": "0123456789abcdef",
        "method": "rome",
        "editor": {"layers": [3]},
        "edit_langs": ["de", "en"],
        "test_langs": ["en", "zh"],
        "batch_size": 4,
        "seed": 7,
        "version": "0.1.0",
    }


@pytest.fixture
def scored() -> list[ScoredRow]:
    """Two facts, asked in en and zh, unedited and edited in en and de; "unchanged" has no unedited value."""
    values = {
        (None, "en"): (0, 0), (None, "zh"): (0, 0),
        ("en", "en"): (1, 1), ("en", "zh"): (0, 0),
        ("de", "en"): (1, 0), ("de", "zh"): (0, 1),
    }  # fmt: skip
    rows = []
    for (edit, test), pair in values.items():
        for number, value in enumerate(pair):
            for scorer, score in (("contains", float(value)), ("unchanged", None if edit is None else 0.0)):
                batch = None if edit is None else 0
                rows.append(
                    ScoredRow(edit, batch, "direct", f"{test}{number}", f"f{number}", test, scorer, score)
                )
    return rows
