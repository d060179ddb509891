"""What tests of models share: texts in several languages, a cache of their own."""

from pathlib import Path

import pytest

TEXTS = ("What is Paris?", "Köln, Universität", "né à Tours", "フランスの首都はパリ", "法国的首都是巴黎")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own, empty."""
    monkeypatch.setenv("MLAKE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
