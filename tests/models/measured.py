"""A small corpus for second moments, and what is kept of them."""

from pathlib import Path
from typing import Any

from mlake.models.moments import Corpus

TEXTS = ("The capital of France is Paris.", "A", "フランスの首都はどこですか？", "法国的首都是巴黎。", "Köln")


def corpus_of(lm: Any, texts: Any = TEXTS) -> Corpus:
    return Corpus.of(lm, "statements", texts)


def files(cache: Path) -> list[str]:
    return sorted(path.suffix for path in cache.iterdir()) if cache.is_dir() else []


def count_passes(lm: Any) -> list[int]:
    calls: list[int] = []
    lm.layers[0].register_forward_pre_hook(lambda *_: calls.append(1))
    return calls


def damaged(good: bytes, damage: str) -> bytes:
    flipped = good[:-9] + bytes([good[-9] ^ 1]) + good[-8:]
    return {"empty": b"", "other": b"not safetensors", "cut": good[:-9], "flipped": flipped}[damage]
