"""PUBLISHED: settings that were published for a method on a model family, each with its source."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["ALPHAEDIT", "EASYEDIT", "LIKE", "PMET", "PRESETS", "PUBLISHED", "UNIFIED", "Published"]

EASYEDIT = "zjunlp/EasyEdit@14cea82"
ALPHAEDIT = "jianghoucheng/AlphaEdit@f5248d3"
UNIFIED = "scalable-model-editing/unified-model-editing@23d72b5"
PMET = "xpq-tech/PMET@80643f2"
"""Repositories of the authors, at the commits that were read."""

LIKE = "easyedit"
"""Name of the preset that does what EasyEdit's code does."""


@dataclass(frozen=True, slots=True)
class Published:
    """Settings of a method for a model.

    Attributes:
        methods: Names of the methods.
        family: The model's family, as in ``ARCHITECTURES``.
        depth: Its blocks.
        layers: The blocks that are edited.
        source: Where this was published: repository, commit and file.
        settings: Those that differ from the fields' defaults.
        like: Preset that it belongs to alone; empty for a family's defaults.
    """

    methods: tuple[str, ...]
    family: str
    depth: int
    layers: tuple[int, ...]
    source: str
    settings: Mapping[str, float] = field(default_factory=dict)
    like: str = ""


_ROME = ("rome", "r-rome")
_ALPHA = ("alphaedit", "langedit")  # whose files are AlphaEdit's
_MANY = (4, 5, 6, 7, 8)
_GPT_J = (3, 4, 5, 6, 7, 8)
_NEO_X = (6, 7, 8, 9, 10)
_GPT_2 = (13, 14, 15, 16, 17)
_SHORT = {"decay": 0.5, "clamp": 0.75}
_LLAMA_ALPHA = {"rate": 0.1, **_SHORT}


def _file(name: str) -> str:
    return f"{EASYEDIT} hparams/{name}.yaml"


def _each(family: str, depth: int, layer: int, file: str, **settings: float) -> Iterator[Published]:
    """Rows of ROME and R-ROME, whose files say the same."""
    for name in _ROME:
        yield Published((name,), family, depth, (layer,), _file(f"{name.upper()}/{file}"), settings)


PUBLISHED: tuple[Published, ...] = (
    *_each("Llama", 32, 5, "llama-7b"),
    *_each("Llama", 28, 5, "llama3.2-3b"),
    *_each("Qwen 2", 28, 5, "qwen2.5-7b"),
    *_each("GPT-J", 28, 5, "gpt-j-6B", steps=20, decay=0.5),
    *_each("GPT-2", 48, 17, "gpt2-xl", steps=20, decay=0.5),
    Published(_ROME, "Mistral", 32, (5,), _file("ROME/mistral-7b")),
    Published(_ROME, "qwen", 32, (5,), _file("ROME/qwen-7b"), {"steps": 20, "decay": 0.5}),
    Published(("memit",), "Llama", 32, _MANY, _file("MEMIT/llama-7b")),
    Published(("memit",), "Llama", 28, _MANY, _file("MEMIT/llama3.2-3b")),
    Published(("memit",), "Mistral", 32, _MANY, _file("MEMIT/mistral-7b")),
    Published(("memit",), "Qwen 2", 28, _MANY, _file("MEMIT/qwen2.5-7b")),
    Published(("memit",), "qwen", 32, _MANY, _file("MEMIT/qwen-7b"), _SHORT),
    Published(("memit",), "GPT-J", 28, _GPT_J, _file("MEMIT/gpt-j-6B"), _SHORT),
    Published(
        ("memit",), "GPT-2", 48, _GPT_2, _file("MEMIT/gpt2-xl"), {"steps": 20, "ridge": 20_000, **_SHORT}
    ),
    # EMMET's λ is added to KᵀC⁻¹K / w, w being mom2_update_weight: on the scale of this package it is λw.
    Published(("emmet",), "Llama", 32, (5,), f"{UNIFIED} hparams/EMMET/llama2-7b.json", {"ridge": 0.1}),
    Published(
        ("emmet",),
        "GPT-J",
        28,
        (5,),
        f"{UNIFIED} hparams/EMMET/EleutherAI_gpt-j-6B.json",
        {"ridge": 0.1, **_SHORT},
    ),
    Published(
        ("emmet",),
        "GPT-2",
        48,
        (17,),
        f"{UNIFIED} hparams/EMMET/gpt2-xl.json",
        {"steps": 20, "ridge": 100, **_SHORT},
    ),
    Published(("emmet",), "Llama", 32, (5,), _file("EMMET/llama-7b"), {"ridge": 10_000}, LIKE),
    Published(("emmet",), "Llama", 28, (5,), _file("EMMET/llama3.2-3b"), {"ridge": 10_000}, LIKE),
    Published(("emmet",), "GPT-J", 28, (5,), _file("EMMET/gpt-j-6B"), {"ridge": 10_000, **_SHORT}, LIKE),
    Published(
        ("emmet",), "GPT-2", 48, (17,), _file("EMMET/gpt2-xl"), {"steps": 20, "ridge": 1000, **_SHORT}, LIKE
    ),
    # What the author gave for Llama 2 in answer to a user: the row's own settings.
    Published(("pmet",), "Llama", 32, _MANY, "xpq-tech/PMET issue 5"),
    Published(
        ("pmet",),
        "GPT-J",
        28,
        _GPT_J,
        f"{PMET} edit/hparams/PMET/EleutherAI_gpt-j-6B.json",
        {"steps": 30, "rate": 0.2, "clamp": 0.75, "kl": 1},
    ),
    Published(
        ("pmet",),
        "GPT-NeoX",
        44,
        _NEO_X,
        f"{PMET} edit/hparams/PMET/EleutherAI_gpt-neox-20b.json",
        {"steps": 30, "clamp": 0.8, "kl": 0.8, "ridge": 15_000},
    ),
    Published(_ALPHA, "Llama", 32, _MANY, f"{ALPHAEDIT} hparams/AlphaEdit/Llama3-8B.json", _LLAMA_ALPHA),
    Published(_ALPHA, "Qwen 2", 28, _MANY, _file("AlphaEdit/qwen2.5-7b"), {"ridge": 1}),
    Published(_ALPHA, "GPT-J", 28, _GPT_J, f"{ALPHAEDIT} hparams/AlphaEdit/EleutherAI_gpt-j-6B.json", _SHORT),
    Published(
        _ALPHA,
        "GPT-2",
        48,
        _GPT_2,
        f"{ALPHAEDIT} hparams/AlphaEdit/gpt2-xl.json",
        {"steps": 20, **_SHORT},
    ),
    Published(_ALPHA, "Llama", 32, _MANY, _file("AlphaEdit/llama3-8b"), {"ridge": 1, **_LLAMA_ALPHA}, LIKE),
)
"""The defaults of these families; a method's first row for Llama stands for families that have none."""

_PROMPTS = {
    "prompt": "bare",
    "essence": "english",
    "corpus": "wikipedia",
    "corpus_form": "bare",
    "corpus_tokens": 50_000_000,  # 100,000 articles, of which the first 2000 characters are read
}
_SAMPLED = (5, 5, 10, 10)  # two prefixes of five and two of ten tokens from each word: twenty
PRESETS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    LIKE: {
        "rome": _PROMPTS | {"contexts": _SAMPLED},
        "r-rome": _PROMPTS | {"contexts": _SAMPLED},
        "memit": _PROMPTS | {"contexts": (10,)},
        "emmet": _PROMPTS | {"contexts": (10,)},
        "alphaedit": _PROMPTS | {"contexts": (10,), "null_threshold": 2e-2, "null_unit": "absolute"},
    }
}
"""Preset to method to what it sets for every model, besides what ``PUBLISHED`` has for the family."""
